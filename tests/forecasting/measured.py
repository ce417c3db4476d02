"""Rows of measured accuracy that are worked out by hand: 100 units of demand a row, errors in whole units."""

from __future__ import annotations

from datetime import date
from typing import Any

from forecasting.models import ForecastAccuracy, ForecastAccuracyHistory, ForecastLiveAccuracy
from inventory.models import Product, Store

MONDAY = date(2026, 3, 9)


def backtest(store: Store, product: Product, model: str, *, error: float, day: date, **changes: Any) -> None:
    """A series' newest backtest: ``error`` units of 100, over 10 days; and the same as a sum of its category."""
    row = ForecastAccuracy.objects.create(
        store=store,
        product=product,
        model=model,
        forecast_date=day,
        points=10,
        demand_units=100,
        **{"wape": error / 100, "bias": -error / 200, "mase": 0.8, "rmsse": 0.7, "rank": 1, **changes},
    )
    history(store, product.category, model, error=error, day=day, is_chosen=row.is_chosen)


def history(store: Store, category: str, model: str, *, error: float, day: date, is_chosen: bool = False) -> None:
    ForecastAccuracyHistory.objects.update_or_create(
        kind="backtest",
        day=day,
        store=store,
        category=category,
        model=model,
        defaults={**sums(error), "series": 1, "series_served": int(is_chosen)},
    )


def live(store: Store, product: Product, *, error: float, week: date = MONDAY, model: str = "ensemble") -> None:
    """What was served of a series in a week, one week ahead; and the same as a sum of its category."""
    values = {**sums(error), "points": 7, "scaled_points": 7, "band_points": 7, "inside_80": 6, "inside_95": 7}
    ForecastLiveAccuracy.objects.create(
        store=store, product=product, week=week, weeks_ahead=1, model=model, measured_through=week, **values
    )
    ForecastAccuracyHistory.objects.create(
        kind="live", day=week, weeks_ahead=1, store=store, category=product.category, model=model, series=1,
        series_served=1, **values,
    )  # fmt: skip


def sums(error: float) -> dict[str, float]:
    """``error`` units of 100, beside a seasonal naive that errs by 50."""
    return {
        "points": 10,
        "actual_units": 100,
        "absolute_error": error,
        "signed_error": -error / 2,
        "scaled_points": 10,
        "scaled_absolute_error": 8,
        "scaled_squared_error": 4.9,
        "band_points": 10,
        "pinball_loss": 3,
        "inside_80": 8,
        "inside_95": 9,
        "naive_points": 10,
        "naive_absolute_error": 50,
        "beside_naive_absolute_error": error,
        "beside_naive_actual_units": 100,
    }
