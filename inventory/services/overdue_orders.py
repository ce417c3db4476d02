"""Orders that should have arrived: one alert each, open until they have, or are expected on another day."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, ExpressionWrapper, F, Q, Sum
from django.utils.formats import date_format

from invencare.lib import clock
from inventory.models import Alert, PurchaseOrder, PurchaseOrderLine
from inventory.services.alerts import NewAlert, follow_state

LATE_DAYS_CRITICAL = 7
UNDER_WAY = (PurchaseOrder.Status.SENT, PurchaseOrder.Status.PARTLY_RECEIVED)


def follow_orders(*, now: datetime) -> int:
    """Open and close the alerts of overdue orders; how many are overdue. Safe to run again."""
    orders = PurchaseOrder.objects.filter(status__in=UNDER_WAY, expected_date__lt=now.date())
    orders = orders.select_related("store", "supplier")
    late = {
        order.pk: (order, days)
        for order in orders
        if (days := _late_days(order, clock.business_date(now, order.store.zone)))
    }
    money = _margin_to_come(list(late))
    wrong = [_alert(order, days, money.get(pk, Decimal(0))) for pk, (order, days) in late.items()]
    follow_state([Alert.Kind.ORDER_OVERDUE], wrong, now=now)
    return len(wrong)


def _late_days(order: PurchaseOrder, today: date) -> int:
    return max((today - order.expected_date).days, 0) if order.expected_date else 0


def _margin_to_come(order_ids: list[int]) -> dict[int, Decimal]:
    """The margin of what is still to come of each order: the most that its lateness can cost."""
    margin: Any = ExpressionWrapper(
        F("coming_units") * (F("product__price") - F("unit_cost")),
        output_field=DecimalField(max_digits=20, decimal_places=4),
    )
    lines = PurchaseOrderLine.objects.still_to_come().filter(purchase_order_id__in=order_ids)
    return dict(
        lines.order_by()
        .values_list("purchase_order_id")
        .annotate(money=Sum(margin, filter=Q(product__price__gt=F("unit_cost")), default=0))
    )


def _alert(order: PurchaseOrder, late_days: int, money: Decimal) -> NewAlert:
    due = date_format(order.expected_date, "j M Y")
    return NewAlert(
        kind=Alert.Kind.ORDER_OVERDUE,
        severity=Alert.Severity.CRITICAL if late_days >= LATE_DAYS_CRITICAL else Alert.Severity.HIGH,
        message=f"{order.number} from {order.supplier.name} for {order.store.name} was due on {due}",
        cause_key=f"order:{order.pk}:{order.expected_date}",
        store_id=order.store_id,
        money=money,
        currency=order.store.currency,
    )
