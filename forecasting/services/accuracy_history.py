"""Accuracy over time: each run's backtests and each week's live errors, summed per store, category and model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from forecasting.calc.error_sums import SUM_NAMES
from forecasting.models import ForecastAccuracy, ForecastAccuracyHistory, ForecastLiveAccuracy
from forecasting.services.weeks import monday_of
from invencare.lib.upsert import upsert_values

BACKTEST, LIVE = ForecastAccuracyHistory.Kind.BACKTEST, ForecastAccuracyHistory.Kind.LIVE
DAILY_DAYS = 28  # so long one backtest a day is kept, and then one a week
COUNTS = ("series", "series_served")
KEY = ("kind", "day", "weeks_ahead", "store", "category", "model")
COLUMNS = ("kind", "day", "weeks_ahead", "store_id", "category", "model", *COUNTS, *SUM_NAMES)


@transaction.atomic
def keep_backtests(*, forecast_date: date) -> int:
    """Sum the day's backtests into the history, in the place of an earlier sum of that day; rows written."""
    rows = ForecastAccuracy.objects.filter(forecast_date=forecast_date)
    found = rows.sums("store_id", "product__category", "model")
    ForecastAccuracyHistory.objects.backtests().filter(day=forecast_date).delete()
    return _write(
        (BACKTEST, forecast_date, 0, row["store_id"], row["product__category"], row["model"], *_numbers(row))
        for row in found
    )


@transaction.atomic
def keep_live(*, first_day: date) -> int:
    """Sum the live errors of the weeks from that of ``first_day`` on, in the place of earlier sums; rows written."""
    monday = monday_of(first_day)
    found = ForecastLiveAccuracy.objects.filter(week__gte=monday, points__gt=0).sums(
        "week", "weeks_ahead", "store_id", "product__category", "model"
    )
    ForecastAccuracyHistory.objects.live().filter(day__gte=monday).delete()
    return _write(
        (LIVE, row["week"], row["weeks_ahead"], row["store_id"], row["product__category"], row["model"], *_numbers(row))
        for row in found
    )


@transaction.atomic
def thin_history(*, today: date) -> int:
    """Forget what is older than ``ACCURACY_HISTORY_WEEKS``, and backtests of four weeks ago but Mondays'; rows deleted."""
    old = ForecastAccuracyHistory.objects.filter(day__lt=today - timedelta(weeks=settings.ACCURACY_HISTORY_WEEKS))
    backtests = ForecastAccuracyHistory.objects.backtests().filter(day__lt=today - timedelta(days=DAILY_DAYS))
    days = backtests.order_by().values_list("day", flat=True).distinct()
    others = backtests.filter(day__in=[day for day in days if day.weekday() != 0])
    return sum(rows.delete()[0] for rows in (old, others))


def _numbers(row: dict[str, Any]) -> list[Any]:
    counts = [int(row[f"sum_{name}"]) for name in COUNTS]
    whole = {field.name for field in ForecastAccuracyHistory._meta.fields if field.get_internal_type() != "FloatField"}
    sums = [round(row.get(f"sum_{name}", 0.0), 4) for name in SUM_NAMES]
    return counts + [round(value) if name in whole else value for name, value in zip(SUM_NAMES, sums, strict=True)]


def _write(rows: Iterable[tuple[Any, ...]]) -> int:
    values = list(rows)
    upsert_values(ForecastAccuracyHistory, COLUMNS, values, key=KEY)
    return len(values)
