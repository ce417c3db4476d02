"""Excess stock: an approval stops orders, approves the moves that are proposed from there, or keeps the mark-down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import F

from insights.models import Decision, ExcessRecommendation, ReorderRecommendation, TransferRecommendation
from insights.services.decisions.judging import Verdict
from insights.services.decisions.kinds import Kind
from insights.services.decisions.rows import lock_recommendations
from insights.services.decisions.transfers import TRANSFERS
from insights.services.decisions.writing import write
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.locking import in_chunks
from inventory.services.order_stops import stop_orders

Action = ExcessRecommendation.Action
Status = ReorderRecommendation.Status
NO_TRANSFERS_LEFT = "The transfers that it proposed are all decided; wait for the next nightly run, or reject it."


class ExcessKind(Kind):
    model = ExcessRecommendation
    link = "excess_recommendation"
    shown = (
        "action",
        "current_stock",
        "on_order_units",
        "wanted_units",
        "recommended_quantity",
        "unit_cost",
        "tied_up_value",
        "value_at_stake",
        "weeks_of_cover",
        "mark_down_to",
    )

    def words(self, row: Any) -> str:
        return f"{row.product.sku} at {row.store.code}"

    def check_approval(self, row: Any, units: int, *, scope: StoreScope) -> None:
        if units != row.recommended_quantity:
            raise ValidationError(
                {"quantity": f"The excess is {row.recommended_quantity:,} units; to move other quantities, decide the "
                 "transfers one by one."}
            )  # fmt: skip

    def value(self, row: Any, units: int) -> Decimal:
        """What a mark-down gives up, what a move moves; stopping orders commits nothing."""
        if row.action == Action.MARK_DOWN:
            return max(Decimal(row.product.price) - Decimal(row.mark_down_to), Decimal(0)) * units
        if row.action == Action.MOVE:
            moved = sum(int(move["units"]) for move in row.dossier.get("moves", []))
            return Decimal(row.unit_cost) * moved
        return Decimal(0)

    def carry_out(self, verdicts: Sequence[Verdict], *, actor: User, now: datetime, scope: StoreScope) -> None:
        stops = [verdict.row for verdict in verdicts if verdict.row.action == Action.STOP_ORDERING]
        _stop(stops, now=now)
        moves = [verdict for verdict in verdicts if verdict.row.action == Action.MOVE]
        if moves:
            _approve_moves(moves, actor=actor, now=now, scope=scope)
        for verdict in verdicts:
            verdict.row.approved_quantity = verdict.units
        for ids in in_chunks(verdict.row.pk for verdict in verdicts):  # nothing else than the excess is approved
            ExcessRecommendation.objects.filter(pk__in=ids).update(approved_quantity=F("recommended_quantity"))


def _stop(rows: Sequence[Any], *, now: datetime) -> None:
    """Stop the orders, and expire the orders that are proposed and that nobody has decided."""
    if not rows:
        return
    stop_orders({(row.store_id, row.product_id): row.stop_until for row in rows})
    for store_id in sorted({row.store_id for row in rows}):
        product_ids = [row.product_id for row in rows if row.store_id == store_id]
        pending = ReorderRecommendation.objects.pending().filter(store=store_id, product__in=product_ids)
        pending.update(status=Status.EXPIRED, version=F("version") + 1, updated_at=now)


def _approve_moves(verdicts: Sequence[Verdict], *, actor: User, now: datetime, scope: StoreScope) -> None:
    """Approve the open transfers of the same day from there, as proposed. Their value is on the excess's own decision."""
    granted = []
    for verdict in verdicts:
        excess = verdict.row
        proposed = TransferRecommendation.objects.filter(
            product=excess.product_id,
            from_store=excess.store_id,
            recommendation_date=excess.recommendation_date,
            status__in=[Status.PENDING, Status.SNOOZED],
        )
        rows = lock_recommendations(TRANSFERS, proposed.values_list("pk", flat=True))
        still_open = [row for row in rows.values() if row.status in (Status.PENDING, Status.SNOOZED)]
        if not still_open:
            raise Conflict(f"{excess.product.sku} at {excess.store.code}: {NO_TRANSFERS_LEFT}")
        granted += [
            Verdict(
                row=row,
                action=Decision.Action.APPROVE,
                status_after=Status.APPROVED,
                units=row.recommended_quantity,
                reason="approved with the excess",
            )
            for row in still_open
        ]
    write(TRANSFERS, granted, actor=actor, now=now, scope=scope)


EXCESS = ExcessKind()
