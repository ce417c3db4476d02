"""Accuracy over time: each run's backtests and each week's live errors, summed per store, category and model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from forecasting.calc.error_sums import SUM_NAMES
from forecasting.models import ForecastAccuracy, ForecastAccuracyHistory, ForecastLiveAccuracy
from forecasting.services.weeks import monday_of
from invencare.lib.upsert import upsert_values
from inventory.services.locking import in_chunks

Kind = ForecastAccuracyHistory.Kind
BACKTEST, LIVE, MODELS = Kind.BACKTEST, Kind.LIVE, Kind.MODELS
DAILY_DAYS = 28  # so long one backtest a day is kept, and then one a week
COUNTS = ("series", "series_served")
KEY = ("kind", "day", "weeks_ahead", "store", "category", "model")
WHOLE = {one.name for one in ForecastAccuracyHistory._meta.fields if one.get_internal_type() != "FloatField"}
ROWS_AT_ONCE = 2000
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
    """Sum the live errors of the weeks from that of ``first_day`` on, in the place of earlier sums: of what was served, and
    of every model; rows written."""
    monday = monday_of(first_day)
    rows = ForecastLiveAccuracy.objects.filter(week__gte=monday, points__gt=0)
    found = rows.sums("week", "weeks_ahead", "store_id", "product__category", "model")
    ForecastAccuracyHistory.objects.filter(kind__in=[LIVE, MODELS], day__gte=monday).delete()
    served = _write(
        (LIVE, row["week"], row["weeks_ahead"], row["store_id"], row["product__category"], row["model"], *_numbers(row))
        for row in found
    )
    return served + _write(_of_every_model(rows))


def _of_every_model(rows: Any) -> Iterator[tuple[Any, ...]]:
    """The history's rows of every model: its errors, and of the series' rows that it was measured on all else. One query,
    read as it goes."""
    # Numeric, and pages that read the history import this module.
    from forecasting.calc.config import STORED_MODELS
    from forecasting.calc.model_sums import SHARED_NAMES

    told = rows.exclude(model_errors=None).order_by()
    values = told.values_list("week", "weeks_ahead", "store_id", "product__category", "model_errors", *SHARED_NAMES)
    groups: dict[tuple[Any, ...], Any] = {}
    for batch in in_chunks(values.iterator(ROWS_AT_ONCE), ROWS_AT_ONCE):
        for key, part in _sums_of_batch(batch).items():
            known = groups.get(key)
            groups[key] = part if known is None else (known[0] + part[0], known[1] + part[1])
    for key, (counts, sums) in groups.items():
        for place, model in enumerate(STORED_MODELS):
            if counts[place]:
                own = zip(SUM_NAMES, sums[place].round(4).tolist(), strict=True)
                yield (MODELS, *key, model, int(counts[place]), 0, *(round(v) if n in WHOLE else v for n, v in own))


def _sums_of_batch(batch: Sequence[Any]) -> dict[tuple[Any, ...], tuple[Any, Any]]:
    """Rows and sums by model of each week, distance, store and category in the batch."""
    import numpy as np  # see above

    from forecasting.calc.model_sums import errors_array, grouped_sums

    keys = list(dict.fromkeys(tuple(row[:4]) for row in batch))
    place_of = {key: place for place, key in enumerate(keys)}
    group = np.array([place_of[tuple(row[:4])] for row in batch])
    shared = np.array([row[5:] for row in batch], dtype=np.float64)
    counts, sums = grouped_sums(group, len(keys), shared, errors_array([bytes(row[4]) for row in batch]))
    return {key: (counts[place], sums[place]) for place, key in enumerate(keys)}


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
    sums = [round(row.get(f"sum_{name}", 0.0), 4) for name in SUM_NAMES]
    return counts + [round(value) if name in WHOLE else value for name, value in zip(SUM_NAMES, sums, strict=True)]


def _write(rows: Iterable[tuple[Any, ...]]) -> int:
    values = list(rows)
    upsert_values(ForecastAccuracyHistory, COLUMNS, values, key=KEY)
    return len(values)
