"""What one product did in one store, day by day: for its stock page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Sum

from inventory.models import DailySales, InventoryTransaction, StockLevel

SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class StockDay:
    """``closing_units`` is None before the stock was first counted; sales are net of returns."""

    day: date
    closing_units: int | None
    net_units: int
    out_of_stock_share: float


def stock_history(*, level: StockLevel, last: date, days: int) -> list[StockDay]:
    """The ``days`` business days that end on ``last``, oldest first, with two queries.

    The closing stock is walked back from what is on hand now by the ledger's changes, so that it always ends at it.
    """
    first = last - timedelta(days=days - 1)
    changes = _changes_since(level, first)
    sales = {row.business_date: row for row in _sales(level, first, last)}
    closing = level.on_hand_units - sum(change for day, change in changes.items() if day > last)
    found: list[StockDay] = []
    for day in (last - timedelta(days=i) for i in range(days)):
        is_tracked = level.tracked_from is not None and day >= level.tracked_from
        row = sales.get(day)
        found.append(
            StockDay(
                day=day,
                closing_units=closing if is_tracked else None,
                net_units=row.units - row.returned_units if row else 0,
                out_of_stock_share=min(row.out_of_stock_seconds / SECONDS_OF_A_DAY, 1.0) if row else 0.0,
            )
        )
        closing -= changes.get(day, 0)
    return found[::-1]


def _changes_since(level: StockLevel, first: date) -> dict[date, int]:
    movements = InventoryTransaction.objects.of_level(store_id=level.store_id, product_id=level.product_id)
    rows = movements.filter(business_date__gte=first).order_by().values_list("business_date")
    return dict(rows.annotate(change=Sum("stock_change")))


def _sales(level: StockLevel, first: date, last: date) -> list[DailySales]:
    rows = DailySales.objects.filter(store_id=level.store_id, product_id=level.product_id)
    return list(rows.between(first, last))
