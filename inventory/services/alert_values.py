"""What an alert is expected to cost if nobody acts: its rank.

**A product out of stock, oversold or at its minimum:** the margin of the sales that are expected to be missed until more
comes: ``max(0, demand per day × days until relief - on hand) × (price - unit cost)``. Demand per day is the mean of the
days of the last four weeks on which the product was not out of stock all day. Relief is the expected day of an order
that is under way, at least a day from now, else the lead time of the preferred supplier, else a week. **An overdue
order:** the margin of what is still to come of it, the most that its lateness can cost.

Stock alerts are opened by the ledger, in the transaction of a sale, which reckons nothing: a job does it minutes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, Q, Sum

from invencare.lib import clock
from inventory.models import Alert, DailySales, Product, PurchaseOrderLine, StockLevel, Store, SupplierItem
from inventory.services.locking import in_chunks

STOCK_KINDS = (Alert.Kind.OUT_OF_STOCK, Alert.Kind.OVERSOLD, Alert.Kind.BELOW_MINIMUM)
DEMAND_DAYS = 28
RELIEF_DAYS = 7
SECONDS_OF_A_DAY = 86_400
VALUED_AGAIN_AFTER = timedelta(hours=24)
CENT = Decimal("0.01")


@dataclass(frozen=True)
class _Facts:
    """What one store knows of the products that its alerts are about, by product id."""

    levels: Mapping[int, int]
    demand_per_day: Mapping[int, float]
    relief_days: Mapping[int, float]
    products: Mapping[int, Product]


def missed_margin(*, on_hand: int, demand_per_day: float, relief_days: float, margin: Decimal) -> Decimal:
    """Expected margin of the sales missed until relief; 0 where the stock lasts, or nothing is earned.

    >>> missed_margin(on_hand=4, demand_per_day=2.0, relief_days=5.0, margin=Decimal("1.50"))
    Decimal('9.00')
    """
    missed_units = max(demand_per_day * relief_days - max(on_hand, 0), 0.0)
    return (Decimal(missed_units) * max(margin, Decimal(0))).quantize(CENT)


def value_alerts(*, now: datetime) -> int:
    """Reckon the money of stock alerts that have none yet, or an old one; the number of alerts. Safe to run again."""
    due = Alert.objects.open().filter(Q(valued_at__isnull=True) | Q(valued_at__lt=now - VALUED_AGAIN_AFTER))
    due = due.filter(kind__in=STOCK_KINDS, store__isnull=False, product__isnull=False)
    by_store: dict[int, list[Any]] = {}
    for alert in due.only("pk", "store_id", "product_id"):
        by_store.setdefault(alert.store_id, []).append(alert)
    stores = Store.objects.in_bulk(by_store)
    for store_id, alerts in by_store.items():
        for some in in_chunks(alerts, 500):
            _value(stores[store_id], some, now)
    return sum(len(alerts) for alerts in by_store.values())


def _value(store: Store, alerts: list[Any], now: datetime) -> None:
    facts = _facts(store, {alert.product_id for alert in alerts}, clock.business_date(now, store.zone))
    for alert in alerts:
        product = facts.products[alert.product_id]
        alert.money = missed_margin(
            on_hand=facts.levels.get(product.pk, 0),
            demand_per_day=facts.demand_per_day.get(product.pk, 0.0),
            relief_days=facts.relief_days.get(product.pk, RELIEF_DAYS),
            margin=product.price - product.unit_cost,
        )
        alert.currency, alert.valued_at = store.currency, now
    Alert.objects.bulk_update(alerts, ["money", "currency", "valued_at"])


def _facts(store: Store, product_ids: Iterable[int], today: date) -> _Facts:
    """Five queries."""
    ids = sorted(product_ids)
    levels = StockLevel.objects.filter(store=store, product_id__in=ids).values_list("product_id", "on_hand_units")
    return _Facts(
        levels=dict(levels),
        demand_per_day=_demand(store, ids, today),
        relief_days={**_lead_times(ids), **_orders_due(store, ids, today)},
        products=Product.objects.in_bulk(ids),
    )


def _demand(store: Store, ids: list[int], today: date) -> dict[int, float]:
    """Net units per day on which the product was there for some of the day."""
    days = DailySales.objects.filter(store=store, product_id__in=ids)
    rows = days.between(today - timedelta(days=DEMAND_DAYS), today - timedelta(days=1)).order_by()
    sums = rows.values_list("product_id").annotate(
        net=Sum(F("units") - F("returned_units")),
        out_days=Count("pk", filter=Q(out_of_stock_seconds__gte=SECONDS_OF_A_DAY)),
    )
    return {
        product_id: max(units, 0) / (DEMAND_DAYS - out_days)
        for product_id, units, out_days in sums
        if out_days < DEMAND_DAYS
    }


def _lead_times(ids: list[int]) -> dict[int, float]:
    items = SupplierItem.objects.filter(product_id__in=ids, is_preferred=True)
    return {product_id: float(days) for product_id, days in items.values_list("product_id", "lead_time_days")}


def _orders_due(store: Store, ids: list[int], today: date) -> dict[int, float]:
    """Days until the next order under way is expected; one that is overdue may come tomorrow."""
    lines = PurchaseOrderLine.objects.still_to_come().filter(
        purchase_order__store=store, product_id__in=ids, purchase_order__status__in=["sent", "partly_received"]
    )
    due: Any = lines.order_by().values_list("product_id").annotate(day=Min("purchase_order__expected_date"))
    return {product_id: float(max((day - today).days, 1)) for product_id, day in due if day is not None}
