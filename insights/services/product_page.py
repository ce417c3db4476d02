"""One product over the stores that the reader may see: stock, sales, forecast, orders, decisions, movements.

Each part is one or two queries, however many stores, days and rows there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import zip_longest
from math import inf
from typing import Any

from django.db.models import Count, F, Max, Q, Sum

from forecasting.models import DemandForecastTotal, ProductDemandForecast
from insights.models import Decision, ReorderRecommendation
from insights.services.dashboard.reach import Reach
from inventory.models import DailySales, InventoryTransaction, Product, PurchaseOrderLine, StockLevel

HISTORY_DAYS = 90
SOLD_DAYS = 28
SHOWN_MOVEMENTS = 15
SHOWN_DECISIONS = 10
SHOWN_ORDERS = 20
SHOWN_RECOMMENDATIONS = 20
SHOWN_STORES = 50
SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class ProductDay:
    """``closing_units`` is the stock at the end of the day; None before the first movement of stock that is known.

    ``out_stores`` is the number of stores that were without it for some part of the day.
    """

    day: date
    closing_units: int | None
    net_units: int
    revenue: Decimal
    out_stores: int


@dataclass(frozen=True)
class ProductForecast:
    """Units per day from ``first`` on; ``interval`` (95 %) is of the sum, and None where nobody has computed it."""

    first: date
    units_per_day: Sequence[float]
    interval: tuple[Sequence[float], Sequence[float]] | None


@dataclass(frozen=True)
class StoreLine:
    """One store's stock of the product. ``cover_days`` is how long it lasts at what is expected; None: nothing is."""

    level: Any
    sold_units: int
    out_days: int
    expected_units: float | None
    expected_per_day: float | None
    coming_units: int

    @property
    def cover_days(self) -> float | None:
        per_day = self.expected_per_day
        return max(self.level.on_hand_units, 0) / per_day if per_day else None


@dataclass(frozen=True)
class ProductPage:
    """``stores`` are all of the reach, those that run out first on top; the other lists are cut at what is shown."""

    product: Product
    days: Sequence[ProductDay]
    forecast: ProductForecast | None
    stores: Sequence[StoreLine]
    recommendations: Sequence[ReorderRecommendation]
    decisions: Sequence[Decision]
    order_lines: Sequence[PurchaseOrderLine]
    movements: Sequence[InventoryTransaction]

    @property
    def shown_stores(self) -> Sequence[StoreLine]:
        return self.stores[:SHOWN_STORES]

    @property
    def on_hand_units(self) -> int:
        return sum(line.level.on_hand_units for line in self.stores)

    @property
    def sold_units(self) -> int:
        return sum(line.sold_units for line in self.stores)

    @property
    def out_stores(self) -> int:
        return sum(1 for line in self.stores if line.level.on_hand_units <= 0)

    @property
    def coming_units(self) -> int:
        return sum(line.coming_units for line in self.stores)


def build_product_page(*, product: Product, reach: Reach, today: date) -> ProductPage:
    """Thirteen queries, and none per row. ``today`` is the day up to which sales are shown."""
    paths = _store_forecasts(product, reach)
    stores = _store_lines(product, reach, today, paths)
    return ProductPage(
        product=product,
        days=_days(product, reach, today, [line.level for line in stores]),
        forecast=_forecast(product, reach, paths),
        stores=stores,
        recommendations=_recommendations(product, reach),
        decisions=_decisions(product, reach),
        order_lines=_order_lines(product, reach),
        movements=_movements(product, reach),
    )


def _days(product: Product, reach: Reach, today: date, levels: Sequence[Any]) -> list[ProductDay]:
    """Oldest first. The closing stock is walked back from what is on hand now, so that it always ends at it."""
    first = today - timedelta(days=HISTORY_DAYS - 1)
    sales, changes = _sales_since(product, reach, first), _changes_since(product, reach, first)
    tracked_from = min((level.tracked_from for level in levels if level.tracked_from), default=None)
    closing = sum(level.on_hand_units for level in levels)
    closing -= sum(change for day, change in changes.items() if day > today)
    nothing: dict[str, Any] = {"sold": 0, "came_back": 0, "money": Decimal(0), "out": 0}
    found = []
    for day in (today - timedelta(days=i) for i in range(HISTORY_DAYS)):
        row = sales.get(day, nothing)
        found.append(
            ProductDay(
                day=day,
                closing_units=closing if tracked_from is not None and day >= tracked_from else None,
                net_units=row["sold"] - row["came_back"],
                revenue=row["money"] or Decimal(0),
                out_stores=row["out"],
            )
        )
        closing -= changes.get(day, 0)
    return found[::-1]


def _sales_since(product: Product, reach: Reach, first: date) -> dict[date, dict[str, Any]]:
    rows = reach.rows(DailySales).filter(product=product, business_date__gte=first).order_by().values("business_date")
    sums = rows.annotate(
        sold=Sum("units"),
        came_back=Sum("returned_units"),
        money=Sum("revenue"),
        out=Count("store_id", filter=Q(out_of_stock_seconds__gt=0)),
    )
    return {row["business_date"]: row for row in sums}


def _changes_since(product: Product, reach: Reach, first: date) -> dict[date, int]:
    rows = reach.rows(InventoryTransaction).filter(product=product, business_date__gte=first)
    return dict(rows.order_by().values_list("business_date").annotate(Sum("stock_change")))


def _store_forecasts(product: Product, reach: Reach) -> dict[int, tuple[date, list[float]]]:
    """The newest path of each store; of several horizons of a day the longest."""
    rows = reach.rows(ProductDemandForecast).filter(product=product)
    newest = rows.aggregate(newest=Max("forecast_date"))["newest"]
    paths = rows.filter(forecast_date=newest).order_by("forecast_period")
    return {store_id: (newest, mean or []) for store_id, mean in paths.values_list("store_id", "daily__mean")}


def _forecast(product: Product, reach: Reach, paths: Mapping[int, tuple[date, list[float]]]) -> ProductForecast | None:
    if not paths:
        return None
    first = next(iter(paths.values()))[0]
    means = [sum(day) for day in zip_longest(*(mean for _, mean in paths.values()), fillvalue=0.0)]
    return ProductForecast(first, means, _interval(product, reach, first, len(means), only=len(paths) == 1))


def _interval(product: Product, reach: Reach, first: date, days: int, *, only: bool) -> Any:
    """Of the one series there is, or of the night's total over every store; else there is none."""
    if only:
        row: Any = reach.rows(ProductDemandForecast).filter(product=product, forecast_date=first)
    elif reach.is_everything:
        row = DemandForecastTotal.objects.filter(
            level=DemandForecastTotal.Level.PRODUCT, product=product, forecast_date=first
        )
    else:
        return None
    daily = row.order_by("-forecast_period").values_list("daily", flat=True).first() or {}
    bounds = daily.get("intervals", {}).get("0.95")
    return None if bounds is None else (bounds[0][:days], bounds[1][:days])


def _lines_to_come(product: Product, reach: Reach) -> Any:
    return reach.rows(PurchaseOrderLine).still_to_come().filter(product=product)


def _order_lines(product: Product, reach: Reach) -> list[PurchaseOrderLine]:
    """Lines still to come, those expected first on top."""
    lines = _lines_to_come(product, reach).select_related("purchase_order__supplier", "purchase_order__store")
    return list(lines.order_by(F("purchase_order__expected_date").asc(nulls_last=True), "pk")[:SHOWN_ORDERS])


def _coming(product: Product, reach: Reach) -> dict[int, int]:
    """Units on order by store."""
    sums = _lines_to_come(product, reach).order_by().values_list("purchase_order__store_id")
    return dict(sums.annotate(units=Sum("coming_units")))


def _store_lines(
    product: Product, reach: Reach, today: date, paths: Mapping[int, tuple[date, list[float]]]
) -> list[StoreLine]:
    on_order, sold = _coming(product, reach), _sold(product, reach, today)
    levels = reach.rows(StockLevel).filter(product=product).with_stock_status().select_related("store")
    found = []
    for level in levels.order_by("store__code"):
        _, mean = paths.get(level.store_id, (None, []))
        units, out_days = sold.get(level.store_id, (0, 0))
        found.append(
            StoreLine(
                level=level,
                sold_units=units,
                out_days=out_days,
                expected_units=sum(mean) if mean else None,
                expected_per_day=sum(mean) / len(mean) if mean else None,
                coming_units=on_order.get(level.store_id, 0),
            )
        )
    return sorted(found, key=_runs_out_first)


def _runs_out_first(line: StoreLine) -> tuple[bool, float]:
    return (line.level.on_hand_units > 0, inf if line.cover_days is None else line.cover_days)


def _sold(product: Product, reach: Reach, today: date) -> dict[int, tuple[int, int]]:
    """Net units and days with a stock-out of the last four weeks, by store."""
    rows = reach.rows(DailySales).filter(product=product).between(today - timedelta(days=SOLD_DAYS - 1), today)
    sums = rows.order_by().values_list("store_id")
    return {
        store_id: (sold - came_back, out)
        for store_id, sold, came_back, out in sums.annotate(
            sold=Sum("units"), came_back=Sum("returned_units"), out=Count("pk", filter=Q(out_of_stock_seconds__gt=0))
        )
    }


def _recommendations(product: Product, reach: Reach) -> list[ReorderRecommendation]:
    """What waits for somebody now."""
    rows = reach.rows(ReorderRecommendation).open().filter(product=product).worst_first()
    return list(rows.select_related("store", "supplier").defer("dossier")[:SHOWN_RECOMMENDATIONS])


def _decisions(product: Product, reach: Reach) -> list[Decision]:
    """About orders of the product."""
    rows = Decision.objects.filter(recommendation__product=product).order_by("-pk")
    if not reach.is_everything:
        rows = rows.filter(recommendation__store__in=sorted(reach.stores))
    return list(rows.select_related("recommendation__store", "reason_code")[:SHOWN_DECISIONS])


def _movements(product: Product, reach: Reach) -> list[InventoryTransaction]:
    rows = reach.rows(InventoryTransaction).filter(product=product).order_by("-pk")
    return list(rows.select_related("store")[:SHOWN_MOVEMENTS])
