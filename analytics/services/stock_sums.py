"""Stock now, added up per store and per product: the home page reads hundreds of rows instead of a million levels."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, DecimalField, ExpressionWrapper, F, Max, Q, Sum

from analytics.models import MetricsState, ProductStock, StoreStock
from analytics.services.metrics_state import STATE_ID
from inventory.models import InventoryTransaction, StockLevel
from inventory.services.locking import in_one_transaction

LONGEST_UNSEEN = timedelta(minutes=5)
"""Bounds, costs and assortments change without a movement: they show after this long."""


def refresh_stock_sums(*, now: datetime) -> bool:
    """Add the stock up again where something moved, or the sums are old; whether it did. Safe to run at any time."""
    state, _ = MetricsState.objects.get_or_create(pk=STATE_ID)
    newest = InventoryTransaction.objects.aggregate(newest=Max("pk"))["newest"] or 0
    seen = state.stock_refreshed_at
    if seen is not None and newest == state.stock_movement_id and now - seen < LONGEST_UNSEEN:
        return False
    _refresh(newest, now)
    return True


@in_one_transaction
def _refresh(newest_movement: int, now: datetime) -> None:
    # What a writer that began earlier commits later has an older id: the next movement, or five minutes, bring it.
    state = MetricsState.objects.filter(pk=STATE_ID)
    state.select_for_update().get()
    _write(StoreStock, "store_id")
    _write(ProductStock, "product_id")
    state.update(stock_refreshed_at=now, stock_movement_id=newest_movement)


def _write(model: Any, by: str) -> None:
    rows: Iterable[dict[str, Any]] = StockLevel.objects.on_sale().order_by().values(by).annotate(**_sums())
    made = [model(**row) for row in rows]
    model.objects.all().delete()
    model.objects.bulk_create(made, batch_size=1000)


def _sums() -> dict[str, Any]:
    is_there = Q(on_hand_units__gt=0)
    is_over = Q(maximum_units__gt=0, on_hand_units__gte=F("maximum_units") * 0.9, on_hand_units__gt=F("minimum_units"))
    value: Any = ExpressionWrapper(
        F("on_hand_units") * F("product__unit_cost"), output_field=DecimalField(max_digits=20, decimal_places=4)
    )
    return {
        "levels": Count("pk"),
        "out_of_stock": Count("pk", filter=Q(on_hand_units__lte=0)),
        "low": Count("pk", filter=is_there & Q(on_hand_units__lte=F("minimum_units"))),
        "overstocked": Count("pk", filter=is_over),
        "units": Sum("on_hand_units", filter=is_there, default=0),
        "value": Sum(value, filter=is_there, default=0),
    }
