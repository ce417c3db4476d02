"""What was ordered from one supplier and what came of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q

from inventory.calc.lead_times import DeliveredLine, StatedLeadTime
from inventory.models import PurchaseOrder, PurchaseOrderLine, Receipt, SupplierItem

Status = PurchaseOrder.Status
NOT_NEEDED = PurchaseOrderLine.CloseReason.NOT_NEEDED


def load_delivered_lines(*, supplier_id: int, since: date, **narrower: Any) -> list[DeliveredLine]:
    """Lines of the supplier's orders that were sent on ``since`` or later, with their arrivals. Two queries."""
    lines = PurchaseOrderLine.objects.filter(
        # A cancelled line of a cancelled order was the supplier's doing, or is left out by its reason.
        Q(purchase_order__status__in=[Status.SENT, Status.PARTLY_RECEIVED, Status.RECEIVED]) | Q(cancelled_units__gt=0),
        purchase_order__supplier_id=supplier_id,
        purchase_order__order_date__gte=since,
        **narrower,
    ).order_by()
    arrivals: dict[int, list[tuple[date, int]]] = {}
    receipts = Receipt.objects.filter(line__in=lines.values("pk"), units__gt=0).order_by()
    for line_id, day, units in receipts.values_list("line_id", "received_on", "units"):
        arrivals.setdefault(line_id, []).append((day, units))
    rows = lines.values_list(
        "pk",
        "purchase_order_id",
        "product_id",
        "purchase_order__order_date",
        "purchase_order__expected_date",
        "ordered_units",
        "received_units",
        "cancelled_units",
        "close_reason",
        "purchase_order__status",
    )
    return [
        DeliveredLine(
            order_id=order_id,
            product_id=product_id,
            ordered_on=ordered_on,
            expected_on=expected_on,
            wanted_units=ordered - (cancelled if reason == NOT_NEEDED else 0),
            is_over=status == Status.RECEIVED or received + cancelled >= ordered,
            arrivals=tuple(arrivals.get(pk, ())),
        )
        for pk, order_id, product_id, ordered_on, expected_on, ordered, received, cancelled, reason, status in rows
    ]


def load_stated(*, supplier_id: int) -> dict[int, StatedLeadTime]:
    """What people entered, by product id. One query."""
    items = SupplierItem.objects.filter(supplier_id=supplier_id).order_by()
    return {
        product_id: StatedLeadTime(float(mean), float(sd))
        for product_id, mean, sd in items.values_list("product_id", "lead_time_days", "lead_time_sd_days")
    }
