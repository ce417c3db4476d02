"""Recommended transfers: an approval makes the draft transfer that somebody of the sending store then sends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import F, OuterRef, Subquery

from insights.models import TransferRecommendation
from insights.services.decisions.kinds import Kind
from inventory.models import StockTransferLine
from inventory.querysets.scope import StoreScope
from inventory.services.locking import in_chunks
from inventory.services.transfers import TransferItem, add_to_draft_transfers

if TYPE_CHECKING:
    from insights.services.decisions.judging import Verdict


class TransferKind(Kind):
    model = TransferRecommendation
    link = "transfer_recommendation"
    store_path = "from_store"
    related = ("from_store", "to_store", "product")
    shown = (
        "sender_stock",
        "receiver_stock",
        "recommended_quantity",
        "transfer_days",
        "supplier_days",
        "unit_cost",
        "gain",
        "loss",
        "cost",
        "net_gain",
        "stockout_probability",
    )

    def words(self, row: Any) -> str:
        return f"{row.product.sku} from {row.from_store.code} to {row.to_store.code}"

    def check_approval(self, row: Any, units: int, *, scope: StoreScope) -> None:
        most = max(row.sender_stock, 0)
        if units > most:
            raise ValidationError({"quantity": f"{row.from_store.code} had {most:,} units; move at most those."})

    def carry_out(self, verdicts: Sequence[Verdict], *, actor: User, now: datetime, scope: StoreScope) -> None:
        """Put the units on the draft transfers between the two stores, and the units and the line on the row."""
        wanted: dict[tuple[int, int], list[TransferItem]] = {}
        for verdict in verdicts:
            row = verdict.row
            item = TransferItem(product_id=row.product_id, units=verdict.units or 0)
            wanted.setdefault((row.from_store_id, row.to_store_id), []).append(item)
        lines = add_to_draft_transfers(wanted=wanted, actor=actor, now=now, scope=scope)
        for verdict in verdicts:
            row = verdict.row
            row.approved_quantity = verdict.units
            row.stock_transfer_line = lines[row.from_store_id, row.to_store_id, row.product_id]
        # One statement finds every row's line, as for orders.
        line_of_row = StockTransferLine.objects.filter(
            transfer__in={line.transfer_id for line in lines.values()},
            transfer__from_store=OuterRef("from_store"),
            transfer__to_store=OuterRef("to_store"),
            product=OuterRef("product"),
        )
        for ids in in_chunks(verdict.row.pk for verdict in verdicts):
            TransferRecommendation.objects.filter(pk__in=ids).update(
                approved_quantity=F("recommended_quantity"), stock_transfer_line=Subquery(line_of_row.values("pk")[:1])
            )
        changed = [verdict.row for verdict in verdicts if verdict.units != verdict.row.recommended_quantity]
        TransferRecommendation.objects.bulk_update(changed, ["approved_quantity"], batch_size=240)


TRANSFERS = TransferKind()
