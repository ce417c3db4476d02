"""A forecast as chart series: its mean, its 80 and 95 % intervals as areas, and what people and the calendar say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from forecasting.models import CalendarEvent, ForecastOverride, ProductDemandForecast
from forecasting.services.outlook import DemandDay
from invencare.lib.charts import chart_band, chart_data, chart_marks, chart_series

Values = list[float | None]
INNER = "0.8"
BANDS = (("0.95", "95 % of days"), (INNER, "80 % of days"))


def forecast_overlay(
    forecast: ProductDemandForecast,
    events: Sequence[CalendarEvent] = (),
    overrides: Sequence[ForecastOverride] = (),
) -> dict[str, Any]:
    """The days forecast alone, for a chart that has a history of its own."""
    days = [forecast.forecast_date + timedelta(days=i) for i in range(len(forecast.daily.get("mean", [])))]
    series = [*_forecast_series(forecast, before=0, length=len(days)), *_marks(days, events, overrides)]
    return {"labels": [day.isoformat() for day in days], "series": series}


def demand_chart(
    forecast: ProductDemandForecast,
    days: Sequence[DemandDay],
    events: Sequence[CalendarEvent],
    overrides: Sequence[ForecastOverride],
) -> dict[str, Any]:
    """What was sold, days without stock, the forecast with and without overrides, and events, in units per day."""
    before = sum(day.day < forecast.forecast_date for day in days)
    series = [chart_series("Sold", [day.sold_units for day in days], kind="bar")]
    series += _forecast_series(forecast, before=before, length=len(days))
    out = [round(100 * day.out_of_stock_share, 1) or None for day in days]
    if any(out):
        series.append(chart_series("Without stock (% of the day)", out, colour="danger", kind="bar", axis="percent"))
    series += _marks([day.day for day in days], events, overrides)
    return chart_data(labels=[day.day.isoformat() for day in days], series=series, y_title="Units per day")


def _forecast_series(forecast: ProductDemandForecast, *, before: int, length: int) -> list[dict[str, Any]]:
    def placed(path: Sequence[float]) -> Values:
        values: Values = [None] * before
        values += [round(units, 2) for units in path]
        return (values + [None] * length)[:length]

    daily = forecast.daily
    intervals: dict[str, list[list[float]]] = daily.get("intervals", {})
    series = [chart_series("Forecast", placed(daily.get("mean", [])), colour="accent", dashed=True)]
    if "baseline" in daily:
        engine = placed(daily["baseline"]["mean"])
        series.append(chart_series("Without the override", engine, colour="muted", dashed=True))
    series += [
        chart_band(label, placed(intervals[level][0]), placed(intervals[level][1]), strong=level == INNER)
        for level, label in BANDS
        if level in intervals
    ]
    return series


def _marks(
    days: Sequence[date], events: Sequence[CalendarEvent], overrides: Sequence[ForecastOverride]
) -> list[dict[str, Any]]:
    """Days of events and of overrides, each in their own words; nothing where no day has any."""
    told: list[tuple[str, list[tuple[str, Any]], str]] = [
        ("Event", [(event.name, event) for event in events], "warning"),
        ("Override", [(f"{one.get_action_display()} {one.amount:g}", one) for one in overrides], "muted"),
    ]
    marks = []
    for label, spans, colour in told:
        texts = [", ".join(words for words, span in spans if span.first_day <= day <= span.last_day) for day in days]
        if any(texts):
            marks.append(chart_marks(label, [text or None for text in texts], colour=colour))
    return marks
