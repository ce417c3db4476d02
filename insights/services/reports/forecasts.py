"""The forecast summary: one line a product and store of one forecast day, and sums by store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Avg, Count, F, OuterRef, Subquery, Sum
from django.db.models.fields.json import KeyTransform

from forecasting.models import ProductDemandForecast
from insights.services.reports.tables import counted, read
from inventory.models import StockLevel
from inventory.querysets.scope import StoreScope

FORECAST_COLUMNS = (
    "store_id",
    "product_id",
    "product_name",
    "category",
    "forecast_date",
    "horizon_days",
    "model",
    "expected_units",
    "lower_units",
    "upper_units",
    "expected_units_7_days",
    "expected_units_14_days",
    "accuracy_score",
    "history_days",
    "on_hand_units",
    "days_of_stock",
)
DECIMALS = 2


@dataclass(frozen=True)
class ForecastReport:
    """``lines``: tuples of ``FORECAST_COLUMNS``, read as they are asked for. ``count`` of them. ``forecast_date`` is None where
    nothing is forecast."""

    forecast_date: date | None
    horizon_days: int
    count: int
    stores: list[dict[str, Any]]
    lines: Iterator[tuple[Any, ...]]


def forecast_summary(
    *,
    scope: StoreScope,
    horizon_days: int,
    forecast_date: date | None = None,
    store_code: str = "",
    category: str = "",
) -> ForecastReport:
    """The forecasts of one day over one horizon, of the stores of the scope; the newest day where none is given."""
    rows = ProductDemandForecast.objects.visible_to(scope).filter(forecast_period=horizon_days)
    rows = rows.filter(store__code=store_code) if store_code else rows
    rows = rows.filter(product__category=category) if category else rows
    if forecast_date is None:
        forecast_date = rows.order_by("-forecast_date").values_list("forecast_date", flat=True).first()
    rows = rows.filter(forecast_date=forecast_date)
    return ForecastReport(
        forecast_date=forecast_date,
        horizon_days=horizon_days,
        count=counted(rows),
        stores=_by_store(rows),
        lines=_lines(rows),
    )


def _by_store(rows: Any) -> list[dict[str, Any]]:
    sums = rows.order_by("store__code").values(store_code=F("store__code"))
    found = sums.annotate(
        series=Count("pk"),
        expected_units=Sum("ensemble_forecast"),
        measured=Count("forecast_accuracy_score"),
        mean_accuracy=Avg("forecast_accuracy_score"),
    )
    return [
        {
            "store_id": row["store_code"],
            "series": row["series"],
            "expected_units": _rounded(row["expected_units"] or 0.0),
            "measured_series": row["measured"],
            "mean_accuracy_score": _rounded(row["mean_accuracy"]),
        }
        for row in found
    ]


def _lines(rows: Any) -> Iterator[tuple[Any, ...]]:
    level = StockLevel.objects.filter(store=OuterRef("store"), product=OuterRef("product"))
    found = (
        rows.order_by("store__code", "product__sku")
        .annotate(path=KeyTransform("mean", "daily"), stock=Subquery(level.values("on_hand_units")[:1]))
        .values_list(
            "store__code",
            "product__sku",
            "product__name",
            "product__category",
            "forecast_date",
            "forecast_period",
            "model",
            "ensemble_forecast",
            "confidence_interval_lower",
            "confidence_interval_upper",
            "path",
            "forecast_accuracy_score",
            "historical_data_points",
            "stock",
        )
    )
    for *facts, expected, lower, upper, kept, accuracy, known_days, stock in read(found):
        path = kept or []
        yield (
            *facts,
            _rounded(expected),
            _rounded(lower),
            _rounded(upper),
            _first_days(path, 7),
            _first_days(path, 14),
            _rounded(accuracy),
            known_days,
            stock,
            _days_of_stock(stock, path),
        )


def _first_days(path: list[float], days: int) -> float | None:
    return _rounded(sum(path[:days])) if len(path) >= days else None


def _days_of_stock(stock: int | None, path: list[float]) -> float | None:
    """Days until what is on hand is sold at the forecast's mean; empty where nothing is expected to sell."""
    per_day = sum(path) / len(path) if path else 0.0
    if stock is None or per_day <= 0:
        return None
    return round(max(stock, 0) / per_day, 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), DECIMALS)
