"""What sold, what is expected, and how long the stock lasts with and without one recommended order.

For its page: three queries, the forecast's stored path, and plain sums.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from forecasting.models import ProductDemandForecast
from insights.models import ReorderRecommendation
from inventory.models import DailySales, PurchaseOrderLine

HISTORY_DAYS = 56
LOW, HIGH = "0.1", "0.9"
USUAL_LEAD_DAYS = 7
"""Where neither the dossier nor an order says when a delivery comes."""


@dataclass(frozen=True)
class OutlookDay:
    """One business day: sold units of the past, or of the future the expected units per day and the closing stock.

    ``low_units`` to ``high_units`` holds 80 % of days; ``stock_units`` is without the recommended order,
    ``stock_with_order_units`` with it. What does not apply to the day is None.
    """

    day: date
    sold_units: int | None = None
    expected_units: float | None = None
    low_units: float | None = None
    high_units: float | None = None
    stock_units: float | None = None
    stock_with_order_units: float | None = None


@dataclass(frozen=True)
class StockOutlook:
    """The days, oldest first, and what the forecast is; ``model`` is empty where there is no forecast."""

    days: list[OutlookDay]
    lead_days: int
    model: str = ""
    accuracy_score: float | None = None


def stock_outlook(recommendation: ReorderRecommendation, *, history_days: int = HISTORY_DAYS) -> StockOutlook:
    """The outlook as of the day of the recommendation.

    The stock is what was on hand then, less the expected demand of each day, plus open orders on the day they are
    expected; a store cannot sell what it does not have, so it stays at 0 rather than under.
    """
    first_day = recommendation.recommendation_date
    past = _sold(recommendation, first=first_day - timedelta(days=history_days), last=first_day - timedelta(days=1))
    lead_days = _lead_days(recommendation.dossier.get("inputs", {}))
    forecast = _forecast(recommendation)
    if forecast is None:
        return StockOutlook(days=past, lead_days=lead_days)
    expected = _from_day(forecast, forecast.daily.get("mean", []), first_day)
    quantiles = forecast.daily.get("quantiles", {})
    low, high = (_from_day(forecast, quantiles.get(level, []), first_day) for level in (LOW, HIGH))
    coming = _coming(recommendation, lead_days=lead_days)
    units = recommendation.approved_quantity or recommendation.recommended_order_quantity
    with_order = {**coming, lead_days: coming.get(lead_days, 0) + units}
    stock = closing_stock(recommendation.current_stock, demand=expected, arrivals=coming)
    stock_with_order = closing_stock(recommendation.current_stock, demand=expected, arrivals=with_order)
    future = [
        OutlookDay(
            day=first_day + timedelta(days=i),
            expected_units=expected[i],
            low_units=low[i] if i < len(low) else None,
            high_units=high[i] if i < len(high) else None,
            stock_units=stock[i],
            stock_with_order_units=stock_with_order[i],
        )
        for i in range(len(expected))
    ]
    return StockOutlook(
        days=past + future,
        lead_days=lead_days,
        model=forecast.model,
        accuracy_score=forecast.forecast_accuracy_score,
    )


def closing_stock(opening_units: float, *, demand: Sequence[float], arrivals: Mapping[int, float]) -> list[float]:
    """The stock at the close of each day, never under 0 once sales or arrivals have settled it.

    ``arrivals`` are units by day number; what arrives can be sold on the same day. Opening 5, demand 3 a day and
    10 units on day 2: 2, 0, 7.
    """
    closing, stock = [], max(opening_units, 0.0)
    for i, units in enumerate(demand):
        stock = max(stock + arrivals.get(i, 0) - units, 0.0)
        closing.append(stock)
    return closing


def _lead_days(inputs: Mapping[str, Any]) -> int:
    """Whole days until the order comes in, of a dossier of either version."""
    if "lead_time_days" in inputs:
        return math.ceil(inputs["wait_days"] + inputs["lead_time_days"]) or USUAL_LEAD_DAYS
    return int(inputs.get("lead_days", USUAL_LEAD_DAYS))


def _sold(recommendation: ReorderRecommendation, *, first: date, last: date) -> list[OutlookDay]:
    rows = DailySales.objects.filter(store_id=recommendation.store_id, product_id=recommendation.product_id)
    sold = {
        row.business_date: row.units - row.returned_units
        for row in rows.between(first, last).only("business_date", "units", "returned_units")
    }
    days = (first + timedelta(days=i) for i in range((last - first).days + 1))
    return [OutlookDay(day=day, sold_units=sold.get(day, 0)) for day in days]


def _forecast(recommendation: ReorderRecommendation) -> ProductDemandForecast | None:
    """The newest forecast that the recommendation can have known."""
    rows = ProductDemandForecast.objects.filter(
        store_id=recommendation.store_id,
        product_id=recommendation.product_id,
        forecast_date__lte=recommendation.recommendation_date,
    )
    newest: ProductDemandForecast | None = rows.order_by("-forecast_date", "-forecast_period").first()
    return newest


def _from_day(forecast: ProductDemandForecast, path: Sequence[float], first_day: date) -> list[float]:
    """The part of a daily path that begins on ``first_day``."""
    return [float(units) for units in path[(first_day - forecast.forecast_date).days :]]


def _coming(recommendation: ReorderRecommendation, *, lead_days: int) -> dict[int, float]:
    """Open units of other orders by day number; late ones today, those without a date after the lead time."""
    lines = PurchaseOrderLine.objects.still_to_come().filter(
        purchase_order__store_id=recommendation.store_id, product_id=recommendation.product_id
    )
    coming: dict[int, float] = {}
    for line in lines.exclude(pk=recommendation.purchase_order_line_id).select_related("purchase_order"):
        expected = line.purchase_order.expected_date
        day = lead_days if expected is None else max((expected - recommendation.recommendation_date).days, 0)
        coming[day] = coming.get(day, 0) + line.open_units
    return coming
