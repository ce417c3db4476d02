"""A forecast as chart series: its mean, and its 80 and 95 % intervals as areas."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from forecasting.models import ProductDemandForecast
from forecasting.services.outlook import DemandDay
from invencare.lib.charts import chart_band, chart_data, chart_series

Values = list[float | None]
INNER = "0.8"
BANDS = (("0.95", "95 % of days"), (INNER, "80 % of days"))


def forecast_overlay(forecast: ProductDemandForecast) -> dict[str, Any]:
    """The days forecast alone, for a chart that has a history of its own."""
    first, length = forecast.forecast_date, len(forecast.daily.get("mean", []))
    labels = [(first + timedelta(days=i)).isoformat() for i in range(length)]
    return {"labels": labels, "series": _forecast_series(forecast, before=0, length=length)}


def demand_chart(forecast: ProductDemandForecast, days: Sequence[DemandDay]) -> dict[str, Any]:
    """What was sold, days without stock, and the forecast, in units per day."""
    before = sum(day.day < forecast.forecast_date for day in days)
    series = [chart_series("Sold", [day.sold_units for day in days], kind="bar")]
    series += _forecast_series(forecast, before=before, length=len(days))
    out = [round(100 * day.out_of_stock_share, 1) or None for day in days]
    if any(out):
        series.append(chart_series("Without stock (% of the day)", out, colour="danger", kind="bar", axis="percent"))
    return chart_data(labels=[day.day.isoformat() for day in days], series=series, y_title="Units per day")


def _forecast_series(forecast: ProductDemandForecast, *, before: int, length: int) -> list[dict[str, Any]]:
    def placed(path: Sequence[float]) -> Values:
        values: Values = [None] * before
        values += [round(units, 2) for units in path]
        return (values + [None] * length)[:length]

    daily = forecast.daily
    intervals: dict[str, list[list[float]]] = daily.get("intervals", {})
    series = [chart_series("Forecast", placed(daily.get("mean", [])), colour="accent", dashed=True)]
    series += [
        chart_band(label, placed(intervals[level][0]), placed(intervals[level][1]), strong=level == INNER)
        for level, label in BANDS
        if level in intervals
    ]
    return series
