"""Everything that moves depend on, for some products at all stores at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Sum
from django.db.models.fields.json import KeyTransform

from analytics.models import ProductClass, ProductPerformance
from forecasting.frames.supply import load_sources
from forecasting.models import ProductDemandForecast
from insights.frames.reorder import Coming, ForecastFacts, LevelTerms, MonthFacts, ReorderFrame, load_products
from inventory.models import PurchaseOrderLine, StockLevel, StockTransferLine, Store


@dataclass(frozen=True)
class StoreTerms:
    """A store as moves see it."""

    code: str
    name: str
    currency: str


@dataclass(frozen=True)
class CompanyFrame:
    """``by_store``: what ``ReorderFrame`` holds, by store id, of stores that have a level of one of the products.

    ``stops``: the day before which nothing is ordered, by store and product id. Ten queries, whatever the number of products and
    stores.
    """

    stores: dict[int, StoreTerms]
    by_store: dict[int, ReorderFrame]
    stops: dict[tuple[int, int], date] = field(default_factory=dict)


def load_company_frame(*, product_ids: Sequence[int], recommendation_date: date) -> CompanyFrame:
    """Open stores alone. Stock and orders as they are now, forecast of the day, class of the day before it."""
    stores = {pk: StoreTerms(*values) for pk, *values in _open_stores()}
    levels, stops = _levels(product_ids, stores)
    products, sources = load_products(product_ids), load_sources(product_ids)
    on_order, in_transit = _on_order(product_ids), _in_transit(product_ids)
    committed = _committed(product_ids)
    forecasts = _forecasts(product_ids, recommendation_date)
    months = _months(product_ids, recommendation_date - timedelta(days=1))
    xyz_classes = _xyz_classes(product_ids)
    return CompanyFrame(
        stores=stores,
        stops=stops,
        by_store={
            store_id: ReorderFrame(
                products=products,
                levels=own,
                sources=sources,
                on_order=on_order.get(store_id, {}),
                in_transit=in_transit.get(store_id, {}),
                committed_units=committed.get(store_id, {}),
                forecasts=forecasts.get(store_id, {}),
                months=months.get(store_id, {}),
                xyz_classes=xyz_classes.get(store_id, {}),
            )
            for store_id, own in sorted(levels.items())
        },
    )


def _open_stores() -> Any:
    return Store.objects.filter(is_active=True).order_by("pk").values_list("pk", "code", "name", "currency")


def _levels(
    product_ids: Sequence[int], stores: dict[int, StoreTerms]
) -> tuple[dict[int, dict[int, LevelTerms]], dict[tuple[int, int], date]]:
    rows = StockLevel.objects.filter(product_id__in=product_ids).order_by("store_id", "product_id")
    levels: dict[int, dict[int, LevelTerms]] = {}
    stops = {}
    columns = ("on_hand_units", "minimum_units", "maximum_units", "is_on_sale", "tracked_from")
    for store_id, product_id, stop, *values in rows.values_list(
        "store_id", "product_id", "orders_stopped_until", *columns
    ):
        if store_id in stores:
            levels.setdefault(store_id, {})[product_id] = LevelTerms(*values)
            if stop is not None:
                stops[store_id, product_id] = stop
    return levels, stops


def _on_order(product_ids: Sequence[int]) -> dict[int, dict[int, list[Coming]]]:
    lines = PurchaseOrderLine.objects.still_to_come().filter(product_id__in=product_ids).order_by("pk")
    return _coming(
        lines.values_list("purchase_order__store_id", "product_id", "purchase_order__expected_date", "coming_units")
    )


def _in_transit(product_ids: Sequence[int]) -> dict[int, dict[int, list[Coming]]]:
    """What is on its way to each store, and what has been drafted or approved to go there: that is decided."""
    lines = StockTransferLine.objects.still_to_come().filter(product_id__in=product_ids).order_by("pk")
    return _coming(lines.values_list("transfer__to_store_id", "product_id", "transfer__expected_date", "coming_units"))


def _coming(rows: Any) -> dict[int, dict[int, list[Coming]]]:
    coming: dict[int, dict[int, list[Coming]]] = {}
    for store_id, product_id, day, units in rows:
        coming.setdefault(store_id, {}).setdefault(product_id, []).append((day, units))
    return coming


def _committed(product_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Units on hand that a drafted or approved transfer will take away."""
    lines = StockTransferLine.objects.still_to_leave().filter(product_id__in=product_ids)
    return _by_store(lines.order_by().values_list("transfer__from_store_id", "product_id").annotate(Sum("units")))


def _forecasts(product_ids: Sequence[int], day: date) -> dict[int, dict[int, ForecastFacts]]:
    """Of several horizons the longest. Of the daily values only the means leave the database."""
    rows = ProductDemandForecast.objects.filter(forecast_date=day, product_id__in=product_ids)
    columns = ("forecast_date", "forecast_period", "model", "forecast_accuracy_score", "historical_data_points")
    found = (
        rows.order_by("forecast_period")
        .annotate(mean_path=KeyTransform("mean", "daily"))
        .values_list("store_id", "product_id", *columns, "mean_path", "protection")
    )
    return _by_store((store_id, product_id, ForecastFacts(*values)) for store_id, product_id, *values in found)


def _months(product_ids: Sequence[int], last_day: date) -> dict[int, dict[int, MonthFacts]]:
    rows = ProductPerformance.objects.filter(
        analysis_date=last_day, period_type=ProductPerformance.PeriodType.MONTHLY, product_id__in=product_ids
    )
    found = rows.order_by().values_list("store_id", "product_id", "abc_class", "stock_out_days")
    return _by_store((store_id, product_id, MonthFacts(*values)) for store_id, product_id, *values in found)


def _xyz_classes(product_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    rows = ProductClass.objects.filter(product_id__in=product_ids).order_by()
    return _by_store(rows.values_list("store_id", "product_id", "xyz_class"))


def _by_store(rows: Any) -> dict[int, dict[int, Any]]:
    found: dict[int, dict[int, Any]] = {}
    for store_id, product_id, value in rows:
        found.setdefault(store_id, {})[product_id] = value
    return found
