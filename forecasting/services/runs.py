"""Forecast runs: opened, counted while chunks are committed, closed; and a run of the forecast alone.

The nightly run shares its chunks among workers (``insights.services.runs``) and only reports here. ``forecast_all`` goes
over the series in one process, for the commands: what it has committed stays, and calling it again goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from forecasting.calc.protection import LONGEST_DAYS
from forecasting.models import ForecastRun, ProductDemandForecast
from forecasting.services.accuracy_history import keep_backtests, keep_live
from forecasting.services.generate import ForecastResults, forecast_series
from forecasting.services.global_paths import tier_of_day
from forecasting.services.live_accuracy import measure_live
from invencare.lib.isolation import isolated
from inventory.models import DailySales, Product, StockLevel, Store

HORIZON_DAYS = 28
CHUNK_SERIES = 480  # what one process takes at a time: the engine's own cost is a third of that of 120
SALES_WITHIN_DAYS = 400
FAILURES_KEPT = 200
MESSAGE_LENGTH = 500

ReadClock = Callable[[], datetime]


@dataclass
class Tally:
    """What a chunk's forecasts came to: written, too short, and one failure per series."""

    done: int = 0
    skipped: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)

    def add(self, results: ForecastResults) -> None:
        self.done += len(results.forecasts)
        self.skipped += len(results.too_short)


def plan_series(*, last_day: date) -> dict[int, list[int]]:
    """The products of each store (ids, sorted) that are forecast after ``last_day``.

    A series is a product on sale in an active store, or one that sold there in the last 400 days.
    """
    since = last_day - timedelta(days=SALES_WITHIN_DAYS - 1)
    sold = DailySales.objects.filter(store__is_active=True, units__gt=0).between(since, last_day)
    series = set(StockLevel.objects.on_sale().order_by().values_list("store_id", "product_id"))
    series.update(sold.order_by().values_list("store_id", "product_id").distinct())
    products_by_store: dict[int, list[int]] = {}
    for store_id, product_id in sorted(series):
        products_by_store.setdefault(store_id, []).append(product_id)
    return products_by_store


def current_version() -> str:
    return " ".join(filter(None, [settings.INVENCARE_VERSION, settings.INVENCARE_COMMIT]))[:64]


def add_progress(run_id: int, tally: Tally, *, now: datetime) -> None:
    """Count a chunk: where several processes write forecasts of the run, after its commit (see ``insights.services.nightly``)."""
    ForecastRun.objects.filter(pk=run_id, finished_at__isnull=True).update(
        series_done=F("series_done") + tally.done,
        series_skipped=F("series_skipped") + tally.skipped,
        series_failed=F("series_failed") + len(tally.failures),
        progressed_at=now,
    )


def close_run(run: ForecastRun, *, failures: Sequence[dict[str, Any]], any_failed: bool, now: datetime) -> None:
    """End a run with its counts. ``failures`` are those of the forecast; ``any_failed``: or of another step.

    Counts are those of the rows that stand: a chunk that was lost and done again is not counted twice. The day's backtests
    go into the history.
    """
    run.series_done = run.forecasts.count()
    run.series_failed = len(failures)
    run.failures = list(failures)[:FAILURES_KEPT]
    run.finished_at = now
    if any_failed and not run.series_done:
        run.status = ForecastRun.Status.FAILED
    else:
        run.status = ForecastRun.Status.PARTIAL if any_failed else ForecastRun.Status.DONE
    run.save(update_fields=["series_done", "series_failed", "failures", "finished_at", "status", "measured_through"])
    if run.kind != ForecastRun.Kind.BACKFILL:
        keep_backtests(forecast_date=run.forecast_date)


def forecast_all(
    *,
    kind: ForecastRun.Kind,
    forecast_date: date,
    horizon_days: int = HORIZON_DAYS,
    read_clock: ReadClock,
    after_chunk: Callable[[ForecastRun], None] | None = None,
) -> ForecastRun:
    """Forecast every series for one day in this process, chunk by chunk; each chunk is committed with its count.

    An unfinished run of the day and kind is taken up: what it has written stays. A backfill leaves alone what was
    forecast on its day: only that was ever served. A finished day is forecast anew, and its rows replaced.
    Trains nothing: the models of ``NIGHTLY_MODELS`` take part that were trained in the week before the day, never later,
    and the run says which tier that makes.
    Raises ``ValidationError`` for a horizon that is not 1 to 91 days.
    """
    if not 1 <= horizon_days <= LONGEST_DAYS:
        raise ValidationError({"horizon_days": f"The horizon is 1 to {LONGEST_DAYS} days."})
    run, plan = _opened(kind, forecast_date, horizon_days, now=read_clock())
    stores = Store.objects.in_bulk(plan)
    failures: list[dict[str, Any]] = []
    for store_id, product_ids in _chunks(plan, _known_series(run)):
        with transaction.atomic():
            tally = _forecast_chunk(stores[store_id], product_ids, run, now=read_clock())
        failures += tally.failures
        if after_chunk:
            run.refresh_from_db()
            after_chunk(run)
    run.refresh_from_db()
    with transaction.atomic():
        close_run(run, failures=failures, any_failed=bool(failures), now=read_clock())
    return run


def backfill_days(*, last_day: date, days: int, every_day: bool = False) -> list[date]:
    """The Mondays of the ``days`` up to ``last_day`` (or all of them), oldest first; the last day where none is a Monday.

    Raises ``ValidationError`` under 1 day and beyond what live accuracy keeps.
    """
    most = 7 * settings.LIVE_ACCURACY_WEEKS
    if not 1 <= days <= most:
        raise ValidationError({"days": f"Go back 1 to {most} days (LIVE_ACCURACY_WEEKS)."})
    found = [last_day - timedelta(days=ago) for ago in range(days - 1, -1, -1)]
    return found if every_day else [day for day in found if day.weekday() == 0] or found[-1:]


def measure_all(
    *,
    first_day: date,
    last_day: date,
    runs: Sequence[ForecastRun] = (),
    after_chunk: Callable[[int], object] | None = None,
) -> None:
    """Measure every series' forecasts of these days, in this process; ``after_chunk`` is told how many series.

    ``runs`` are told what was measured of them, so that the next night goes on from there.
    """
    plan = plan_series(last_day=last_day)
    stores = Store.objects.in_bulk(plan)
    for store_id, product_ids in _chunks(plan, {}):
        measure_live(store=stores[store_id], product_ids=product_ids, first_day=first_day, last_day=last_day)
        if after_chunk:
            after_chunk(len(product_ids))
    keep_live(first_day=first_day)
    for run in runs:
        run.measures_from, run.measured_through = first_day, last_day
        run.save(update_fields=["measures_from", "measured_through"])


def _opened(
    kind: ForecastRun.Kind, forecast_date: date, horizon_days: int, *, now: datetime
) -> tuple[ForecastRun, dict[int, list[int]]]:
    plan = plan_series(last_day=forecast_date - timedelta(days=1))
    own = {"kind": kind, "forecast_date": forecast_date, "horizon_days": horizon_days}
    run = ForecastRun.objects.unfinished().filter(**own).order_by("-pk").first()
    if run is None:
        run = ForecastRun.objects.create(
            **own,
            series_total=sum(map(len, plan.values())),
            parameters={
                "chunk_series": CHUNK_SERIES,
                **tier_of_day(settings.NIGHTLY_MODELS, last_day=forecast_date - timedelta(days=1)),
            },
            seed=int(forecast_date.strftime("%Y%m%d")),
            code_version=current_version(),
            started_at=now,
        )
    return run, plan


def _known_series(run: ForecastRun) -> dict[int, set[int]]:
    """The products of each store that the run need not forecast."""
    rows = ProductDemandForecast.objects.filter(forecast_date=run.forecast_date, forecast_period=run.horizon_days)
    if run.kind != ForecastRun.Kind.BACKFILL:
        rows = rows.filter(run=run)
    known: dict[int, set[int]] = {}
    for store_id, product_id in rows.order_by().values_list("store_id", "product_id"):
        known.setdefault(store_id, set()).add(product_id)
    return known


def _chunks(plan: dict[int, list[int]], known: dict[int, set[int]]) -> Iterator[tuple[int, list[int]]]:
    for store_id, product_ids in plan.items():
        left = [product_id for product_id in product_ids if product_id not in known.get(store_id, ())]
        for start in range(0, len(left), CHUNK_SERIES):
            yield store_id, left[start : start + CHUNK_SERIES]


def _forecast_chunk(store: Store, product_ids: list[int], run: ForecastRun, *, now: datetime) -> Tally:
    tally = Tally()
    forecast = partial(
        forecast_series, store=store, forecast_date=run.forecast_date, horizon_days=run.horizon_days, run=run, now=now
    )
    errors = isolated(lambda ids: tally.add(forecast(product_ids=ids)), product_ids)
    sku_of = dict(Product.objects.filter(pk__in=errors).values_list("pk", "sku")) if errors else {}
    tally.failures += [
        {
            "product": sku_of.get(product_id, ""),
            "product_id": product_id,
            "store": store.code,
            "step": "forecast",
            "message": f"{type(error).__name__}: {error}"[:MESSAGE_LENGTH],
        }
        for product_id, error in errors.items()
    ]
    add_progress(run.pk, tally, now=now)
    return tally
