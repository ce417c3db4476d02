"""Granted wishes as rows: the recommendations, the draft orders, and the decisions that are kept for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, OuterRef, Q, Subquery

from insights.models import Decision, ReorderRecommendation
from insights.models.recommendations import OPEN_STATUSES
from insights.services.decisions.judging import Action, Status, Verdict
from insights.services.decisions.rows import who_decided
from insights.services.decisions.staleness import numbers_age_days
from inventory.models import PurchaseOrderLine
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.locking import in_chunks
from inventory.services.people import name_of
from inventory.services.purchasing import OrderItem, add_to_draft_orders


def write(verdicts: Sequence[Verdict], *, actor: User, now: datetime, scope: StoreScope) -> dict[int, Decision]:
    """Write everything that was granted, in a number of queries that does not grow with it; decisions by row id."""
    by_action: dict[tuple[Any, ...], list[Verdict]] = {}
    for verdict in verdicts:
        by_action.setdefault((verdict.action, verdict.until), []).append(verdict)
    before = {verdict.row.pk: verdict.row.status for verdict in verdicts}
    for (action, until), some in sorted(by_action.items(), key=str):
        rows = [verdict.row for verdict in some]
        if action == Action.APPROVE:
            _order(some, actor=actor, now=now, scope=scope)
            close(rows, now=now, status=Status.APPROVED)
        elif action == Action.PROPOSE:
            _propose(some)
            close(rows, now=now, status=Status.PROPOSED, proposed_by=actor, proposed_by_name=name_of(actor))
        elif action == Action.SNOOZE:
            close(rows, now=now, status=Status.SNOOZED, snoozed_until=until)
        else:
            close(rows, now=now, status=Status.REJECTED)
    return _keep(verdicts, before, actor=actor, now=now)


def close(rows: Sequence[ReorderRecommendation], *, now: datetime, **changes: Any) -> None:
    """Give the rows their new status, each at the version that was read; all of them or none.

    The row locks make a loss impossible where the engine has them; the count is what holds everywhere.
    """
    for some in in_chunks(rows):
        as_read = Q()
        for version in {row.version for row in some}:
            as_read |= Q(version=version, pk__in=[row.pk for row in some if row.version == version])
        still_open = ReorderRecommendation.objects.filter(as_read, status__in=OPEN_STATUSES)
        if still_open.update(version=F("version") + 1, updated_at=now, **changes) != len(some):
            raise Conflict(_first_decided([row.pk for row in some]))


def _first_decided(ids: Sequence[int]) -> str:
    rows = ReorderRecommendation.objects.filter(pk__in=ids).select_related("store", "product")
    decided = [row for row in rows if not row.is_open]
    if not decided:
        return "The numbers changed while you decided: look at them again, then decide."
    return who_decided(decided[:1])[decided[0].pk]


def _order(verdicts: Sequence[Verdict], *, actor: User, now: datetime, scope: StoreScope) -> None:
    """Put the approved units on the draft orders, and each row's units and line on the row."""
    wanted: dict[tuple[int, int], list[OrderItem]] = {}
    for verdict in verdicts:
        row = verdict.row
        item = OrderItem(product_id=row.product_id, units=verdict.units or 0, unit_cost=row.unit_cost)
        wanted.setdefault((row.store_id, row.supplier_id or 0), []).append(item)
    lines = add_to_draft_orders(wanted=wanted, actor=actor, now=now, scope=scope)
    for verdict in verdicts:
        row = verdict.row
        row.approved_quantity = verdict.units
        row.purchase_order_line = lines[row.store_id, row.supplier_id or 0, row.product_id]
    # One statement finds every row's line; CASE over a thousand rows takes Django a second to write down.
    line_of_row = PurchaseOrderLine.objects.filter(
        purchase_order__in={line.purchase_order_id for line in lines.values()},
        purchase_order__store=OuterRef("store"),
        purchase_order__supplier=OuterRef("supplier"),
        product=OuterRef("product"),
    )
    for ids in in_chunks(verdict.row.pk for verdict in verdicts):
        ReorderRecommendation.objects.filter(pk__in=ids).update(
            approved_quantity=F("recommended_order_quantity"),
            purchase_order_line=Subquery(line_of_row.values("pk")[:1]),
        )
    changed = [verdict.row for verdict in verdicts if verdict.units != verdict.row.recommended_order_quantity]
    ReorderRecommendation.objects.bulk_update(changed, ["approved_quantity"], batch_size=240)


def _propose(verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        verdict.row.proposed_quantity = verdict.units
    rows = [verdict.row for verdict in verdicts]
    ReorderRecommendation.objects.bulk_update(rows, ["proposed_quantity"], batch_size=240)


def _keep(verdicts: Sequence[Verdict], before: Mapping[int, str], *, actor: User, now: datetime) -> dict[int, Decision]:
    decisions = [
        Decision(
            recommendation=verdict.row,
            action=verdict.action,
            status_before=before[verdict.row.pk],
            status_after=verdict.status_after,
            quantity=verdict.units,
            recommended_quantity=verdict.row.recommended_order_quantity,
            value=verdict.value,
            reason_code=verdict.reason_code,
            reason=verdict.reason,
            snoozed_until=verdict.until,
            is_over_limit=verdict.is_over_limit,
            proposed_by_id=verdict.proposed_by_id,
            proposed_by_name=verdict.proposed_by_name,
            decided_by=actor,
            decided_by_name=name_of(actor),
            decided_at=now,
            numbers_age_days=numbers_age_days(verdict.row, now=now),
            shown=what_was_shown(verdict.row),
        )
        for verdict in verdicts
    ]
    if len(decisions) == 1:
        decisions[0].save(force_insert=True)
    else:
        # MySQL gives bulk inserts no keys; those who need one read it again.
        Decision.objects.bulk_create(decisions, batch_size=500)
    return {decision.recommendation_id: decision for decision in decisions}


def what_was_shown(row: ReorderRecommendation) -> dict[str, Any]:
    """The facts of the page, as they were when the decision was made."""
    return {
        "version": row.version,
        "recommendation_date": row.recommendation_date.isoformat(),
        "current_stock": row.current_stock,
        "on_order_units": row.on_order_units,
        "minimum_stock": row.minimum_stock,
        "maximum_stock": row.maximum_stock,
        "projected_demand_14_days": row.projected_demand_14_days,
        "recommended_order_quantity": row.recommended_order_quantity,
        "unit_cost": str(row.unit_cost),
        "money_at_risk": str(row.money_at_risk),
        "stockout_probability": row.stockout_probability,
        "urgency_level": row.urgency_level,
        "abc_class": row.abc_class,
        "dossier": row.dossier,
    }
