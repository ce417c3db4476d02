"""What is forgotten: forecasts that nobody reads any more and that live accuracy does not need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction

from forecasting.models import ForecastAccuracy, ForecastLiveAccuracy, ProductDemandForecast
from forecasting.services.accuracy_history import thin_history
from forecasting.services.weeks import WEEKS_AHEAD, monday_of

UNMEASURED_DAYS = 60  # the backtest of a series that has had no new one for so long is of no use


@dataclass(frozen=True)
class Forgotten:
    """Rows deleted."""

    forecasts: int
    backtests: int
    live: int
    history: int


def forget_old_forecasts(*, today: date) -> Forgotten:
    """Keep every forecast of the last ``FORECAST_KEEP_DAYS``, and each store's first of a week for as long as it is
    measured: four weeks, the late days and the week's own. Each table, and each store's day of forecasts, in a
    transaction of its own, so that nobody waits long."""
    live = ForecastLiveAccuracy.objects.filter(week__lt=today - timedelta(weeks=settings.LIVE_ACCURACY_WEEKS))
    backtests = ForecastAccuracy.objects.filter(forecast_date__lt=today - timedelta(days=UNMEASURED_DAYS))
    return Forgotten(
        forecasts=_forget_forecasts(today),
        backtests=backtests.delete()[0],
        live=live.delete()[0],
        history=thin_history(today=today),
    )


def _forget_forecasts(today: date) -> int:
    shown = today - timedelta(days=settings.FORECAST_KEEP_DAYS)
    measured = monday_of(today) - timedelta(weeks=WEEKS_AHEAD + 1, days=settings.LIVE_ACCURACY_LATE_DAYS)
    old = ProductDemandForecast.objects.filter(forecast_date__lt=shown).order_by("store_id", "forecast_date")
    deleted, kept = 0, set()
    for store_id, day in old.values_list("store_id", "forecast_date").distinct():
        week = (store_id, monday_of(day))
        if day >= measured and week not in kept:
            kept.add(week)
            continue
        with transaction.atomic():
            deleted += ProductDemandForecast.objects.filter(store_id=store_id, forecast_date=day).delete()[0]
    return deleted
