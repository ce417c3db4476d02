"""What stands beside a forecast on its page and its chart: sales day by day, events, and people's overrides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from forecasting.models import CalendarEvent, ForecastOverride, ProductDemandForecast
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
    first, last = _days_shown(forecast)
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


def events_of(forecast: ProductDemandForecast) -> list[CalendarEvent]:
    """The events for this product in this store, from the first day of ``demand_days`` to the last. Two queries."""
    first, last = _days_shown(forecast)
    events = CalendarEvent.objects.active().between(first, last).at(forecast.store_id).prefetch_related("products")
    return [event for event in events.order_by("first_day", "pk") if _is_about(event, forecast)]


def overrides_of(forecast: ProductDemandForecast) -> list[ForecastOverride]:
    """The overrides that are laid over this forecast, oldest first. One query; none where there are none."""
    made: list[int] = forecast.daily.get("overrides", [])
    return list(ForecastOverride.objects.filter(pk__in=made).order_by("pk")) if made else []


def _days_shown(forecast: ProductDemandForecast) -> tuple[date, date]:
    first = forecast.forecast_date - timedelta(days=HISTORY_DAYS)
    return first, forecast.forecast_date + timedelta(days=forecast.forecast_period - 1)


def _is_about(event: CalendarEvent, forecast: ProductDemandForecast) -> bool:
    products = {product.pk for product in event.products.all()}
    if not products and not event.categories:
        return True
    return forecast.product_id in products or forecast.product.category in event.categories
