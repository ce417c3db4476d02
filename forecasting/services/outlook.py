"""What was sold of one product in one store, day by day, beside what is forecast: for its page and its chart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from forecasting.models import ProductDemandForecast
from inventory.models import DailySales

HISTORY_DAYS = 120
SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True)
class DemandDay:
    """``sold_units`` are net of returns, at least 0; None before the first sale and on days that are not over."""

    day: date
    sold_units: int | None
    out_of_stock_share: float


def demand_days(forecast: ProductDemandForecast, *, today: date) -> list[DemandDay]:
    """The 120 days before the forecast's first one, and the days that it speaks of. Two queries."""
    first = forecast.forecast_date - timedelta(days=HISTORY_DAYS)
    last = forecast.forecast_date + timedelta(days=forecast.forecast_period - 1)
    own = DailySales.objects.filter(store_id=forecast.store_id, product_id=forecast.product_id)
    rows = {row.business_date: row for row in own.between(first, last)}
    has_begun = own.filter(business_date__lt=first, units__gt=0).exists()
    days = []
    for day in (first + timedelta(days=i) for i in range((last - first).days + 1)):
        row = rows.get(day)
        has_begun = has_begun or (row is not None and row.units > 0)
        is_known = has_begun and day < today
        days.append(
            DemandDay(
                day=day,
                sold_units=(max(row.units - row.returned_units, 0) if row else 0) if is_known else None,
                out_of_stock_share=min(row.out_of_stock_seconds / SECONDS_OF_A_DAY, 1.0) if row else 0.0,
            )
        )
    return days
