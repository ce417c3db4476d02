"""Everything that an order depends on, for some products of one store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Min, Sum
from django.db.models.fields.json import KeyTransform

from analytics.models import ProductClass, ProductPerformance
from forecasting.frames.supply import Source, load_sources
from forecasting.models import ProductDemandForecast
from inventory.models import DailySales, Product, PurchaseOrderLine, StockLevel, StockTransferLine

Coming = tuple[date | None, int]
"""Units that will come in, and the day on which they are expected (None: nobody said)."""


@dataclass(frozen=True)
class ProductTerms:
    """What the catalogue says; pack and minimum order in units, used where no supplier is known."""

    sku: str
    name: str
    category: str
    price: Decimal
    unit_cost: Decimal
    pack_size: int
    minimum_order_quantity: int
    shelf_life_days: int | None
    status: str

    @property
    def is_active(self) -> bool:
        return self.status == Product.Status.ACTIVE


@dataclass(frozen=True)
class LevelTerms:
    """Stock now and its bounds, in units. The answers without a level: nothing, no bounds, never counted."""

    on_hand_units: int = 0
    minimum_units: int = 0
    maximum_units: int = 0
    is_on_sale: bool = True
    tracked_from: date | None = None


@dataclass(frozen=True)
class FirstSales:
    """When a product without a forecast first sold here, and net units since then."""

    first_sale: date | None = None
    sold_units: int = 0


@dataclass(frozen=True)
class ForecastFacts:
    """What an order needs of one forecast. ``mean_path``: expected units a day from ``forecast_date`` on; ``protection``: the
    quantiles of sums, as ``ProductDemandForecast`` keeps them."""

    forecast_date: date
    forecast_period: int
    model: str
    accuracy_score: float | None
    known_days: int
    mean_path: Sequence[float]
    protection: dict[str, Any]


@dataclass(frozen=True)
class MonthFacts:
    """ABC by revenue of the last month, and the days of it without stock, whose demand nobody saw."""

    abc: str = ""
    stock_out_days: float = 0.0


@dataclass(frozen=True)
class ReorderFrame:
    """By product id; ten queries at most, whatever the number of products.

    ``on_order`` of suppliers, drafts included: they are decided. ``in_transit`` from other stores, drafts included. ``committed_units`` will leave
    for other stores by transfers that are drafted or approved.
    """

    products: dict[int, ProductTerms]
    levels: dict[int, LevelTerms]
    sources: dict[int, Source]
    on_order: dict[int, list[Coming]]
    in_transit: dict[int, list[Coming]]
    committed_units: dict[int, int]
    forecasts: dict[int, ForecastFacts]
    months: dict[int, MonthFacts]
    xyz_classes: dict[int, str]
    first_sales: dict[int, FirstSales] = field(default_factory=dict)

    @property
    def on_order_units(self) -> dict[int, int]:
        return {product_id: sum(units for _, units in coming) for product_id, coming in self.on_order.items()}

    @property
    def in_transit_units(self) -> dict[int, int]:
        return {product_id: sum(units for _, units in coming) for product_id, coming in self.in_transit.items()}


def load_reorder_frame(
    *, store_id: int, product_ids: Sequence[int], recommendation_date: date, forecast_date: date | None = None
) -> ReorderFrame:
    """Stock and orders as they are now; forecast of ``forecast_date`` (the day itself, if left out) and class of the day before
    it."""
    forecast_date = forecast_date or recommendation_date
    own: dict[str, Any] = {"store_id": store_id, "product_id__in": product_ids}
    forecasts = _forecasts(own, forecast_date)
    last_day = forecast_date - timedelta(days=1)
    return ReorderFrame(
        products=load_products(product_ids),
        levels={
            product_id: LevelTerms(*values)
            for product_id, *values in StockLevel.objects.filter(**own).values_list(
                "product_id", "on_hand_units", "minimum_units", "maximum_units", "is_on_sale", "tracked_from"
            )
        },
        sources=load_sources(product_ids),
        on_order=_on_order(store_id, product_ids),
        in_transit=_in_transit(store_id, product_ids),
        committed_units=_committed(store_id, product_ids),
        forecasts=forecasts,
        months={
            product_id: MonthFacts(*values)
            for product_id, *values in ProductPerformance.objects.filter(
                analysis_date=last_day, period_type=ProductPerformance.PeriodType.MONTHLY, **own
            ).values_list("product_id", "abc_class", "stock_out_days")
        },
        xyz_classes=dict(ProductClass.objects.filter(**own).order_by().values_list("product_id", "xyz_class")),
        first_sales=_first_sales(store_id, sorted(set(product_ids) - forecasts.keys()), last_day),
    )


def _forecasts(own: dict[str, Any], forecast_date: date) -> dict[int, ForecastFacts]:
    """Of several horizons the longest. The daily quantiles, the bulk of each row, stay in the database."""
    rows = ProductDemandForecast.objects.filter(forecast_date=forecast_date, **own).order_by("forecast_period")
    columns = ("product_id", "forecast_date", "forecast_period", "model", "forecast_accuracy_score")
    found = rows.annotate(mean_path=KeyTransform("mean", "daily")).values_list(
        *columns, "historical_data_points", "mean_path", "protection"
    )
    return {product_id: ForecastFacts(*values) for product_id, *values in found}


def load_products(product_ids: Sequence[int]) -> dict[int, ProductTerms]:
    rows = Product.objects.filter(pk__in=product_ids).values_list(
        "pk",
        "sku",
        "name",
        "category",
        "price",
        "unit_cost",
        "pack_size",
        "minimum_order_quantity",
        "shelf_life_days",
        "status",
    )
    return {product_id: ProductTerms(*values) for product_id, *values in rows}


def _on_order(store_id: int, product_ids: Sequence[int]) -> dict[int, list[Coming]]:
    """What open orders will still bring, drafts included."""
    lines = PurchaseOrderLine.objects.still_to_come().filter(
        purchase_order__store_id=store_id, product_id__in=product_ids
    )
    return _coming(lines.order_by("pk").values_list("product_id", "purchase_order__expected_date", "coming_units"))


def _in_transit(store_id: int, product_ids: Sequence[int]) -> dict[int, list[Coming]]:
    """What is on its way from another store, or is drafted or approved to come from one."""
    lines = StockTransferLine.objects.still_to_come().at(store_id).filter(product_id__in=product_ids)
    return _coming(lines.order_by("pk").values_list("product_id", "transfer__expected_date", "coming_units"))


def _coming(rows: Any) -> dict[int, list[Coming]]:
    coming: dict[int, list[Coming]] = {}
    for product_id, day, units in rows:
        coming.setdefault(product_id, []).append((day, units))
    return coming


def _committed(store_id: int, product_ids: Sequence[int]) -> dict[int, int]:
    """Units on hand here that a transfer will take away."""
    lines = StockTransferLine.objects.still_to_leave().filter(
        transfer__from_store_id=store_id, product_id__in=product_ids
    )
    return dict(lines.order_by().values_list("product_id").annotate(Sum("units")))


def _first_sales(store_id: int, product_ids: Sequence[int], last_day: date) -> dict[int, FirstSales]:
    days = DailySales.objects.filter(
        store_id=store_id, product_id__in=product_ids, business_date__lte=last_day, units__gt=0
    )
    rows = (
        days.order_by()
        .values_list("product_id")
        .annotate(first_sale=Min("business_date"), net=Sum(F("units") - F("returned_units")))
    )
    return {product_id: FirstSales(first, max(net, 0)) for product_id, first, net in rows}
