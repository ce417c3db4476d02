"""The body of the nightly run: performance, forecast and recommendation of the products of a chunk.

The run engine (``insights.services.runs``) calls ``plan_chunks`` and ``prepare`` once, ``analyse_chunk`` per chunk,
and ``finish`` once at the end. All may be called again: rows are replaced, never added to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import Exists, OuterRef

from analytics.services.metrics import refresh_metrics
from analytics.services.performance import analyse_performance
from analytics.services.trends import refresh_trends
from forecasting.models import ForecastRun
from forecasting.services.generate import forecast_series
from insights.models import AnalysisRun, AnalysisRunChunk, ReorderRecommendation
from insights.services.decisions import bring_back, let_lapse
from insights.services.reorder import expire
from insights.services.undecided import recommend_undecided
from inventory.models import DailySales, Product, StockLevel, Store
from inventory.services.stockouts import close_days

logger = logging.getLogger(__name__)

PERIOD_DAYS = 30
HORIZON_DAYS = 28
SALES_WITHIN_DAYS = 400
# A recommendation that no run has renewed for a week describes a stock that is no longer there.
STALE_AFTER_DAYS = 7
MESSAGE_LENGTH = 500

Step = Callable[[list[int]], object]


@dataclass(frozen=True)
class ChunkResult:
    """How many series went through every step, and one failure per series that did not."""

    series_done: int
    failures: list[dict[str, Any]]


def plan_chunks(*, business_date: date, chunk_series: int) -> list[tuple[int, list[int]]]:
    """Every series of the run, as (store id, product ids) with at most ``chunk_series`` products of one store.

    A series is a product on sale in an active store, or one that sold there in the last 400 days.
    """
    since = business_date - timedelta(days=SALES_WITHIN_DAYS - 1)
    sold = DailySales.objects.filter(store__is_active=True, units__gt=0).between(since, business_date)
    series = set(StockLevel.objects.on_sale().order_by().values_list("store_id", "product_id"))
    series.update(sold.order_by().values_list("store_id", "product_id").distinct())
    products_by_store: dict[int, list[int]] = {}
    for store_id, product_id in sorted(series):
        products_by_store.setdefault(store_id, []).append(product_id)
    return [
        (store_id, product_ids[start : start + chunk_series])
        for store_id, product_ids in products_by_store.items()
        for start in range(0, len(product_ids), chunk_series)
    ]


def prepare(*, run: AnalysisRun, now: datetime) -> None:
    """Before the chunks: close the day's stock-outs, add up the days, expire what is a week old, open the forecast run.

    What was snoozed until this day comes back, so that the chunks renew it; a proposal that nobody signed lapses.
    """
    close_days(through=run.business_date, now=now)
    refresh_metrics(now=now)
    with transaction.atomic():
        locked = AnalysisRun.objects.select_for_update().get(pk=run.pk)
        if "forecast_run_id" not in locked.parameters:
            locked.parameters = {**locked.parameters, "forecast_run_id": _open_forecast_run(locked, now=now).pk}
            locked.save(update_fields=["parameters"])
        run.parameters = locked.parameters
        too_old = ReorderRecommendation.objects.pending().filter(
            recommendation_date__lt=_first_day(run) - timedelta(days=STALE_AFTER_DAYS)
        )
        expire(_locked_ids(too_old), now=now)
    let_lapse(before=_first_day(run) - timedelta(days=STALE_AFTER_DAYS), now=now)
    bring_back(now=now, through=_first_day(run))


def analyse_chunk(*, chunk: AnalysisRunChunk, now: datetime) -> ChunkResult:
    """Do all steps for a chunk's products, in a number of queries that does not grow with them.

    A step that fails for the chunk is tried again with its halves, down to single products, so that one bad
    product is named and the others get through; it takes no part in later steps. A deadlock or a lost
    connection is no product's fault and goes through to the caller.
    """
    forecast_run = ForecastRun.objects.filter(pk=chunk.run.parameters.get("forecast_run_id")).first()
    day = _first_day(chunk.run)
    steps: list[tuple[str, Callable[..., object]]] = [
        (
            "performance",
            partial(analyse_performance, analysis_date=chunk.run.business_date, period_days=PERIOD_DAYS),
        ),
        ("forecast", partial(forecast_series, forecast_date=day, horizon_days=HORIZON_DAYS, run=forecast_run)),
        ("recommendation", partial(recommend_undecided, recommendation_date=day)),
    ]
    product_ids = sorted(chunk.product_ids)
    errors: dict[int, tuple[str, Exception]] = {}
    for step, service in steps:
        failed = _isolated(_for_store(service, chunk.store, now), product_ids)
        errors.update({product_id: (step, error) for product_id, error in failed.items()})
        product_ids = [product_id for product_id in product_ids if product_id not in failed]
    return ChunkResult(series_done=len(product_ids), failures=_failures(chunk.store, errors))


def finish(*, run: AnalysisRun, now: datetime) -> None:
    """After the chunks: test the trends, close the forecast run with its counts, expire what is pending for delisted products."""
    refresh_trends(business_date=run.business_date, now=now)
    with transaction.atomic():
        forecast_run = (
            ForecastRun.objects.select_for_update()
            .filter(pk=run.parameters.get("forecast_run_id"), finished_at__isnull=True)
            .first()
        )
        if forecast_run is not None:
            _close_forecast_run(forecast_run, run, now=now)
        on_sale = StockLevel.objects.on_sale().filter(store_id=OuterRef("store_id"), product_id=OuterRef("product_id"))
        delisted = ReorderRecommendation.objects.pending().filter(
            ~Exists(on_sale), recommendation_date__lte=_first_day(run)
        )
        expire(_locked_ids(delisted), now=now)


def _first_day(run: AnalysisRun) -> date:
    """The day that is forecast and recommended for: the one after the last complete day."""
    return run.business_date + timedelta(days=1)


def _open_forecast_run(run: AnalysisRun, *, now: datetime) -> ForecastRun:
    opened: ForecastRun = ForecastRun.objects.create(
        forecast_date=_first_day(run),
        horizon_days=HORIZON_DAYS,
        parameters={"analysis_run_id": run.pk},
        seed=run.seed,
        code_version=run.code_version,
        started_at=now,
    )
    return opened


def _close_forecast_run(forecast_run: ForecastRun, run: AnalysisRun, *, now: datetime) -> None:
    """Counts of forecasts written; series with too little history are neither done nor failed."""
    failures = [failure for failure in run.failures if failure.get("step") == "forecast"]
    forecast_run.series_total = run.series_total
    forecast_run.series_done = forecast_run.forecasts.count()
    forecast_run.series_failed = len(failures)
    forecast_run.failures = failures
    forecast_run.finished_at = now
    if run.series_failed and not forecast_run.series_done:
        forecast_run.status = ForecastRun.Status.FAILED
    else:
        forecast_run.status = ForecastRun.Status.PARTIAL if run.series_failed else ForecastRun.Status.DONE
    forecast_run.save(
        update_fields=["series_total", "series_done", "series_failed", "failures", "finished_at", "status"]
    )


def _locked_ids(rows: Any) -> list[int]:
    return list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))


def _for_store(service: Callable[..., object], store: Store, now: datetime) -> Step:
    return lambda product_ids: service(store=store, product_ids=product_ids, now=now)


def _isolated(step: Step, product_ids: Sequence[int]) -> dict[int, Exception]:
    """Do ``step`` for all at once; where that fails, for each half. The errors of single products, by id."""
    ids = list(product_ids)
    try:
        with transaction.atomic():
            step(ids)
    except OperationalError:
        raise
    except Exception as error:
        if len(ids) == 1:
            logger.exception("product %s failed in the nightly run", ids[0])
            return {ids[0]: error}
        half = len(ids) // 2
        return _isolated(step, ids[:half]) | _isolated(step, ids[half:])
    return {}


def _failures(store: Store, errors: dict[int, tuple[str, Exception]]) -> list[dict[str, Any]]:
    """What the run shows: product, store, step and message."""
    if not errors:
        return []
    sku_of = dict(Product.objects.filter(pk__in=errors).values_list("pk", "sku"))
    return [
        {
            "product": sku_of.get(product_id, ""),
            "product_id": product_id,
            "store": store.code,
            "step": step,
            "message": f"{type(error).__name__}: {error}"[:MESSAGE_LENGTH],
        }
        for product_id, (step, error) in errors.items()
    ]
