"""Approve and reject recommendations: one winner each, kept with who, when, why and what was shown.

Every decision is a conditional UPDATE on status and version whose count is checked. An approval adds its line to the
draft purchase order of the supplier and store in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, Q

from insights.models import Decision, ReorderRecommendation
from inventory.calc.packs import PackRule
from inventory.models import SupplierItem
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.locking import in_chunks, in_one_transaction, lock_rows
from inventory.services.people import name_of
from inventory.services.purchasing import OrderItem, add_to_draft_orders

Status = ReorderRecommendation.Status

MOST_AT_ONCE = 5_000
LONGEST_REASON = 500
LARGEST_KEY = 2**63 - 1
"""A key over this is no row's, and more than a database can compare."""
ANY_VALUE = "insights.decide_any_value"
NO_SUPPLIER = "it has no supplier; give the product one, and the next nightly run can propose an order"


@dataclass(frozen=True)
class Outcome:
    """What a bulk decision did: ids that were decided, and ids that were left alone with the reason."""

    done: list[int] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)


@in_one_transaction
def approve(
    *,
    recommendation_id: int,
    actor: User,
    now: datetime,
    quantity: int | None = None,
    reason: str = "",
    version: int | None = None,
    scope: StoreScope,
) -> Decision:
    """Approve one recommendation, with the recommended or another quantity, and put it on the draft order.

    Raises ``Conflict`` naming who decided first, ``ValidationError`` for a quantity that the supplier does not
    deliver (it names those next to it) or a missing supplier, ``PermissionDenied`` for another's store or a value
    over ``DECISION_VALUE_LIMIT``.
    """
    recommendation = _open_row(recommendation_id, version=version, scope=scope)
    units = recommendation.recommended_order_quantity if quantity is None else quantity
    why = _checked_reason(reason)
    if recommendation.supplier_id is None:
        raise ValidationError({"supplier": f"This recommendation cannot be approved: {NO_SUPPLIER}."})
    refusal = _pack_rules([recommendation])[recommendation.pk].refusal(units)
    if refusal:
        raise ValidationError({"quantity": refusal})
    too_much = _over_limit(recommendation, units, actor=actor)
    if too_much:
        raise PermissionDenied(too_much)
    _close([recommendation], now=now, status=Status.APPROVED, approved_quantity=units)
    _order([recommendation], {recommendation.pk: units}, actor=actor, now=now, scope=scope)
    return _write([recommendation], Decision.Action.APPROVE, {recommendation.pk: units}, why, actor=actor, now=now)[0]


@in_one_transaction
def reject(
    *,
    recommendation_id: int,
    actor: User,
    now: datetime,
    reason: str,
    version: int | None = None,
    scope: StoreScope,
) -> Decision:
    """Reject one recommendation and say why. Raises as ``approve`` does, and ``ValidationError`` without a reason."""
    why = _checked_reason(reason, is_required=True)
    recommendation = _open_row(recommendation_id, version=version, scope=scope)
    _close([recommendation], now=now, status=Status.REJECTED)
    return _write([recommendation], Decision.Action.REJECT, {}, why, actor=actor, now=now)[0]


@in_one_transaction
def approve_many(
    *, recommendation_ids: Sequence[int], actor: User, now: datetime, scope: StoreScope, reason: str = ""
) -> Outcome:
    """Approve many as recommended, in a number of queries that does not grow with them; skip what cannot be."""
    why = _checked_reason(reason)
    rows, skipped = _open_rows(recommendation_ids, scope=scope)
    rules = _pack_rules(rows)
    units: dict[int, int] = {}
    for row in rows:
        refusal = _why_not(row, rules[row.pk], actor=actor)
        if refusal:
            skipped.append((row.pk, refusal))
        else:
            units[row.pk] = row.recommended_order_quantity
    chosen = [row for row in rows if row.pk in units]
    if chosen:
        _close(chosen, now=now, status=Status.APPROVED, approved_quantity=F("recommended_order_quantity"))
        _order(chosen, units, actor=actor, now=now, scope=scope)
        _write(chosen, Decision.Action.APPROVE, units, why, actor=actor, now=now)
    return Outcome(done=[row.pk for row in chosen], skipped=sorted(skipped))


@in_one_transaction
def reject_many(
    *, recommendation_ids: Sequence[int], actor: User, now: datetime, scope: StoreScope, reason: str
) -> Outcome:
    """Reject many for one reason; skip what somebody else has decided."""
    why = _checked_reason(reason, is_required=True)
    rows, skipped = _open_rows(recommendation_ids, scope=scope)
    if rows:
        _close(rows, now=now, status=Status.REJECTED)
        _write(rows, Decision.Action.REJECT, {}, why, actor=actor, now=now)
    return Outcome(done=[row.pk for row in rows], skipped=sorted(skipped))


def pack_rule(recommendation: ReorderRecommendation) -> PackRule:
    """The packs in which this recommendation's product can be ordered, for the form that edits the quantity."""
    return _pack_rules([recommendation])[recommendation.pk]


def _checked_reason(reason: str, *, is_required: bool = False) -> str:
    why = reason.strip()
    if is_required and not why:
        raise ValidationError({"reason": "Say why it is rejected."})
    if len(why) > LONGEST_REASON:
        raise ValidationError({"reason": f"Give the reason in at most {LONGEST_REASON} characters."})
    return why


def _open_row(recommendation_id: int, *, version: int | None, scope: StoreScope) -> ReorderRecommendation:
    """The row, locked, if it is the caller's to decide and nobody has."""
    lock_rows(ReorderRecommendation, [recommendation_id])
    row: ReorderRecommendation = ReorderRecommendation.objects.select_related("store", "product", "supplier").get(
        pk=recommendation_id
    )
    if not scope.allows(row.store_id):
        raise PermissionDenied("This recommendation belongs to a store that is not one of yours.")
    if not row.is_pending:
        raise Conflict(_who_decided([row])[row.pk])
    if version is not None and version != row.version:
        raise Conflict("The numbers changed since you opened this page: look at them again, then decide.")
    return row


def _open_rows(
    recommendation_ids: Iterable[int], *, scope: StoreScope
) -> tuple[list[ReorderRecommendation], list[tuple[int, str]]]:
    """The rows that the caller may decide, locked, and why each of the others is not among them."""
    asked = sorted(set(recommendation_ids))
    if not asked:
        raise ValidationError({"recommendation_ids": "Choose at least one recommendation."})
    if len(asked) > MOST_AT_ONCE:
        raise ValidationError({"recommendation_ids": f"Decide at most {MOST_AT_ONCE:,} at once, not {len(asked):,}."})
    possible = [pk for pk in asked if 0 < pk <= LARGEST_KEY]
    lock_rows(ReorderRecommendation, possible)
    found: dict[int, ReorderRecommendation] = {}
    for ids in in_chunks(possible):
        visible = ReorderRecommendation.objects.filter(pk__in=ids).visible_to(scope)
        found |= {row.pk: row for row in visible.select_related("store", "product", "supplier")}
    decided = [row for row in found.values() if not row.is_pending]
    skipped = list(_who_decided(decided).items())
    skipped += [(pk, "it does not exist, or its store is not one of yours") for pk in asked if pk not in found]
    return [found[pk] for pk in asked if pk in found and found[pk].is_pending], skipped


def _who_decided(rows: Sequence[ReorderRecommendation]) -> dict[int, str]:
    """For each decided row one sentence: what became of it, by whom and when in the store's time."""
    last: dict[int, Decision] = {}
    for ids in in_chunks(row.pk for row in rows):
        last |= {
            decision.recommendation_id: decision
            for decision in Decision.objects.filter(recommendation__in=ids).order_by("pk")
        }
    sentences = {}
    for row in rows:
        what = f"{row.product.sku} for {row.store.code} was {row.get_status_display().lower()}"
        decision = last.get(row.pk)
        if decision is None:
            sentences[row.pk] = f"{what}; nobody decided it."
        else:
            local = decision.decided_at.astimezone(row.store.zone)
            sentences[row.pk] = f"{what} by {decision.decided_by_name} at {local:%d %b %Y %H:%M %Z}."
    return sentences


def _pack_rules(rows: Sequence[ReorderRecommendation]) -> dict[int, PackRule]:
    """The supplier's pack and minimum for each row; the product's own where the supplier does not list it."""
    listed: dict[tuple[int, int], SupplierItem] = {}
    for ids in in_chunks({row.product_id for row in rows}):
        for item in SupplierItem.objects.filter(product__in=ids):
            listed[item.supplier_id, item.product_id] = item
    rules = {}
    for row in rows:
        source = listed.get((row.supplier_id or 0, row.product_id), row.product)
        rules[row.pk] = PackRule(source.pack_size, source.minimum_order_quantity)
    return rules


def _why_not(row: ReorderRecommendation, rule: PackRule, *, actor: User) -> str:
    """Why a row cannot be approved as recommended; empty when it can."""
    if row.supplier_id is None:
        return NO_SUPPLIER
    units = row.recommended_order_quantity
    return rule.refusal(units) or _over_limit(row, units, actor=actor)


def _over_limit(row: ReorderRecommendation, units: int, *, actor: User) -> str:
    """Four eyes: an order over the limit needs somebody with the right to decide any value."""
    limit = Decimal(str(settings.DECISION_VALUE_LIMIT))
    value = row.unit_cost * units
    if value <= limit or actor.has_perm(ANY_VALUE):
        return ""
    return (
        f"{units:,} units cost {value:,.2f} {row.store.currency}, over your limit of {limit:,.2f}; somebody who may "
        "decide any value has to approve it."
    )


def _close(rows: Sequence[ReorderRecommendation], *, now: datetime, **changes: Any) -> None:
    """Take the rows out of the pending ones, each at the version that was read; all of them or none.

    The row locks make a loss impossible where the engine has them; the count is what holds everywhere.
    """
    for some in in_chunks(rows):
        as_read = Q()
        for version in {row.version for row in some}:
            as_read |= Q(version=version, pk__in=[row.pk for row in some if row.version == version])
        still_open = ReorderRecommendation.objects.pending().filter(as_read)
        if still_open.update(version=F("version") + 1, updated_at=now, **changes) != len(some):
            raise Conflict(_first_decided([row.pk for row in some]))


def _first_decided(ids: Sequence[int]) -> str:
    rows = ReorderRecommendation.objects.filter(pk__in=ids).select_related("store", "product")
    decided = [row for row in rows if not row.is_pending]
    if not decided:
        return "The numbers changed while you decided: look at them again, then decide."
    return _who_decided(decided[:1])[decided[0].pk]


def _order(
    rows: Sequence[ReorderRecommendation],
    units: Mapping[int, int],
    *,
    actor: User,
    now: datetime,
    scope: StoreScope,
) -> None:
    """Put the approved units on the draft orders, and each row's line on the row."""
    wanted: dict[tuple[int, int], list[OrderItem]] = {}
    for row in rows:
        item = OrderItem(product_id=row.product_id, units=units[row.pk], unit_cost=row.unit_cost)
        wanted.setdefault((row.store_id, row.supplier_id or 0), []).append(item)
    lines = add_to_draft_orders(wanted=wanted, actor=actor, now=now, scope=scope)
    for row in rows:
        row.purchase_order_line = lines[row.store_id, row.supplier_id or 0, row.product_id]
    ReorderRecommendation.objects.bulk_update(rows, ["purchase_order_line"], batch_size=300)


def _write(
    rows: Sequence[ReorderRecommendation],
    action: Decision.Action,
    units: Mapping[int, int],
    reason: str,
    *,
    actor: User,
    now: datetime,
) -> list[Decision]:
    decisions = [
        Decision(
            recommendation=row,
            action=action,
            quantity=units.get(row.pk),
            recommended_quantity=row.recommended_order_quantity,
            reason=reason,
            decided_by=actor,
            decided_by_name=name_of(actor),
            decided_at=now,
            shown=_shown(row),
        )
        for row in rows
    ]
    if len(decisions) == 1:
        decisions[0].save(force_insert=True)
        return decisions
    return Decision.objects.bulk_create(decisions, batch_size=500)


def _shown(row: ReorderRecommendation) -> dict[str, Any]:
    """The facts of the page, as they were when the decision was made."""
    return {
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
