"""Orders that should have arrived: one alert each, open until they have, or are expected on another day."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, ExpressionWrapper, F, Q, Sum
from django.utils.formats import date_format

from invencare.lib import clock
from inventory.models import Alert, PurchaseOrder, PurchaseOrderLine
from inventory.services.alerts import NewAlert, follow_state
from inventory.services.locking import in_chunks

LATE_DAYS_CRITICAL = 7
UNDER_WAY = (PurchaseOrder.Status.SENT, PurchaseOrder.Status.PARTLY_RECEIVED)


def follow_orders(*, now: datetime) -> int:
    """Open and close the alerts of overdue orders; how many are overdue. Safe to run again."""
    # It is tomorrow already in stores east of us: whether an order is late is asked in each store's own day.
    due = PurchaseOrder.objects.filter(status__in=UNDER_WAY, expected_date__lte=now.date())
    late = [order for order in due.select_related("store", "supplier") if _late_days(order, now) > 0]
    money = _margin_to_come([order.pk for order in late])
    wrong = [_alert(order, _late_days(order, now), money.get(order.pk, Decimal(0))) for order in late]
    follow_state([Alert.Kind.ORDER_OVERDUE], wrong, now=now)
    return len(wrong)


def _late_days(order: Any, now: datetime) -> int:
    late: timedelta = clock.business_date(now, order.store.zone) - order.expected_date
    return late.days


def _margin_to_come(order_ids: list[int]) -> dict[int, Decimal]:
    """The margin of what is still to come of each order: the most that its lateness can cost."""
    margin: Any = ExpressionWrapper(
        F("coming_units") * (F("product__price") - F("unit_cost")),
        output_field=DecimalField(max_digits=20, decimal_places=4),
    )
    earned = Sum(margin, filter=Q(product__price__gt=F("unit_cost")), default=0)
    sums: dict[int, Decimal] = {}
    for ids in in_chunks(order_ids):
        lines = PurchaseOrderLine.objects.still_to_come().filter(purchase_order_id__in=ids)
        sums |= dict(lines.order_by().values_list("purchase_order_id").annotate(money=earned))
    return sums


def _alert(order: Any, late_days: int, money: Decimal) -> NewAlert:
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
