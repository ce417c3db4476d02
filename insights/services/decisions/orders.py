"""Recommended orders: an approval puts the units on the draft order of the supplier and store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import F, OuterRef, Subquery

from insights.models import ReorderRecommendation
from insights.services.decisions.kinds import Kind
from insights.services.decisions.wishes import NO_SUPPLIER
from inventory.calc.packs import PackRule
from inventory.models import PurchaseOrderLine, SupplierItem
from inventory.querysets.scope import StoreScope
from inventory.services.locking import in_chunks
from inventory.services.purchasing import OrderItem, add_to_draft_orders

if TYPE_CHECKING:
    from insights.services.decisions.judging import Verdict


class OrderKind(Kind):
    model = ReorderRecommendation
    link = "recommendation"
    quantity_column = "recommended_order_quantity"
    related = ("store", "product", "supplier")
    shown = (
        "current_stock",
        "on_order_units",
        "minimum_stock",
        "maximum_stock",
        "projected_demand_14_days",
        "recommended_order_quantity",
        "unit_cost",
        "money_at_risk",
        "stockout_probability",
        "urgency_level",
        "abc_class",
    )

    def rules(self, rows: Sequence[Any]) -> Mapping[int, PackRule]:
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

    def check_approval(self, row: Any, units: int, *, scope: StoreScope) -> None:
        if row.supplier_id is None:
            raise ValidationError({"supplier": NO_SUPPLIER})

    def carry_out(self, verdicts: Sequence[Verdict], *, actor: User, now: datetime, scope: StoreScope) -> None:
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


ORDERS = OrderKind()
