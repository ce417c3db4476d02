"""Live accuracy: what was forecast against what came, measured again each night until late corrections are in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min

from forecasting.calc.demand import observed_demand
from forecasting.calc.error_sums import SUM_NAMES
from forecasting.calc.live import LiveSums, measure
from forecasting.calc.model_bytes import pack_errors_of_models
from forecasting.frames.demand import load_daily_demand
from forecasting.frames.vintages import LoadedVintages, load_vintages
from forecasting.models import ForecastLiveAccuracy, ForecastRun, ProductDemandForecast
from forecasting.services.weeks import WEEKS_AHEAD, monday_of
from invencare.lib.upsert import upsert_values
from inventory.models import Store

WHOLE = ("points", "scaled_points", "band_points", "inside_80", "inside_95", "naive_points", "overridden_points")
COLUMNS = (
    "store_id",
    "product_id",
    "week",
    "weeks_ahead",
    "model",
    "measured_through",
    "censored_points",
    "model_errors",
    *SUM_NAMES,
)


def measure_from(*, last_day: date) -> date | None:
    """The day from which a night that closes ``last_day`` measures; None while there is nothing to measure.

    So many days before the last measured one as late sales may come in (``LIVE_ACCURACY_LATE_DAYS``), or the first day
    that was ever forecast. Nights that did not run are made up for as far back as live accuracy is kept.
    """
    runs = ForecastRun.objects.filter(finished_at__isnull=False, measured_through__lte=last_day)
    measured: date | None = runs.aggregate(day=Max("measured_through"))["day"]
    first: date | None = ProductDemandForecast.objects.aggregate(day=Min("forecast_date"))["day"]
    if first is None or first > last_day:
        return None
    start = first if measured is None else measured - timedelta(days=settings.LIVE_ACCURACY_LATE_DAYS)
    oldest = last_day - timedelta(weeks=settings.LIVE_ACCURACY_WEEKS - 1)
    return monday_of(max(start, oldest))


@transaction.atomic
def measure_live(
    *, store: Store, product_ids: Sequence[int], first_day: date, last_day: date, now: datetime | None = None
) -> int:
    """Measure these series' forecasts in the weeks from that of ``first_day`` up to ``last_day``; rows written.

    Each week is worked out wholly and replaces what was measured of it before, so that it may run again at any time. A
    week whose forecasts are no longer kept stays as it was measured. Five queries for any number of series and weeks.
    """
    ids = sorted(set(product_ids))
    first = monday_of(first_day)
    loaded = load_vintages(
        store_id=store.pk, product_ids=ids, first=first - timedelta(weeks=WEEKS_AHEAD), last=last_day
    )
    if not loaded.models:
        return 0
    history = load_daily_demand(store_id=store.pk, product_ids=ids, last_day=last_day, days=(last_day - first).days + 1)
    actual = observed_demand(
        sold_units=history.sold_units,
        returned_units=history.returned_units,
        out_of_stock_share=history.out_of_stock_share,
        started=history.started,
    )
    sums = measure(loaded.vintages, actual, first.toordinal())
    rows = _rows(sums, loaded, ids, store_id=store.pk, last_day=last_day)
    upsert_values(ForecastLiveAccuracy, COLUMNS, rows, key=("store", "product", "week", "weeks_ahead"))
    return len(rows)


def _rows(
    found: LiveSums, loaded: LoadedVintages, ids: list[int], *, store_id: int, last_day: date
) -> list[tuple[Any, ...]]:
    sums = (
        [(found.sums[name].astype(int) if name in WHOLE else found.sums[name].round(4)).tolist() for name in SUM_NAMES]
        if found.sums
        else []
    )
    rows = []
    for row, (series, week, weeks_ahead, newest, censored) in enumerate(
        zip(
            *(part.tolist() for part in (found.series, found.week, found.weeks_ahead, found.newest, found.censored)),
            strict=True,
        )
    ):
        if weeks_ahead <= WEEKS_AHEAD:
            monday = date.fromordinal(week)
            through = min(monday + timedelta(days=6), last_day)
            own = (store_id, ids[series], monday, weeks_ahead, loaded.models[newest], through, censored)
            models = pack_errors_of_models(found.models[row])
            rows.append((*own, models, *(part[row] for part in sums)))
    return rows
