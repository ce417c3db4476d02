"""The body of the nightly run: performance, forecast, recommendation and live accuracy of the products of a chunk.

The run engine (``insights.services.runs``) calls ``plan_chunks``, ``train`` and ``prepare`` once, ``analyse_chunk`` per chunk,
and ``finish`` once at the end. All may be called again: rows are replaced, never added to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from analytics.services.company_classes import refresh_company_classes
from analytics.services.metrics import refresh_metrics
from analytics.services.performance import analyse_performance
from analytics.services.trends import refresh_trends
from forecasting.calc.config import GRADIENT_BOOSTING
from forecasting.models import ForecastRun
from forecasting.services.accuracy_history import keep_live
from forecasting.services.generate import ForecastResults, forecast_series
from forecasting.services.live_accuracy import measure_from, measure_live
from forecasting.services.overrides import lay_over_day
from forecasting.services.runs import Tally, add_progress, close_run, plan_series
from forecasting.services.tiers import tier_parameters
from forecasting.services.totals import write_totals
from forecasting.services.training import train_models
from insights.models import AnalysisRun, AnalysisRunChunk, ReorderRecommendation
from insights.services.anomalies import find_anomalies
from insights.services.decisions import bring_back, let_lapse
from insights.services.joint_orders import recommend_ended, share_everywhere
from insights.services.reorder import expire
from insights.services.run_failures import keep_failures
from insights.services.run_training import OUTCOME as TRAINING_OUTCOME
from insights.services.undecided import recommend_undecided
from invencare.lib.isolation import Step, isolated
from inventory.models import Product, StockLevel, Store
from inventory.services.stockouts import close_days

PERIOD_DAYS = 30
HORIZON_DAYS = 28
# A recommendation that no run has renewed for a week describes a stock that is no longer there.
STALE_AFTER_DAYS = 7
MESSAGE_LENGTH = 500
NO_TRAINING = tier_parameters([], {GRADIENT_BOOSTING: "was not trained"})


@dataclass(frozen=True)
class ChunkResult:
    """How many series went through every step, and one failure per series that did not."""

    series_done: int
    failures: list[dict[str, Any]]


def plan_chunks(*, business_date: date, chunk_series: int) -> list[tuple[int, list[int]]]:
    """Every series of the run, as (store id, product ids) with at most ``chunk_series`` products of one store."""
    return [
        (store_id, product_ids[start : start + chunk_series])
        for store_id, product_ids in plan_series(last_day=business_date).items()
        for start in range(0, len(product_ids), chunk_series)
    ]


def train(*, run: AnalysisRun, now: datetime) -> dict[str, Any]:
    """Before everything, in no transaction: the models that learn from all series; what the run says about them.

    Closes the day's stock-outs first: a day without stock would be learned as one without demand.
    """
    close_days(through=run.business_date, now=now)
    chunks = AnalysisRunChunk.objects.filter(run=run).values_list("store_id", "product_ids")
    outcome = train_models(
        names=settings.NIGHTLY_MODELS,
        series=((store_id, product_id) for store_id, product_ids in chunks for product_id in product_ids),
        last_day=run.business_date,
        horizon_days=HORIZON_DAYS,
        seed=run.seed,
        code_version=run.code_version,
        now=now,
    )
    left_out = {} if GRADIENT_BOOSTING in settings.NIGHTLY_MODELS else {GRADIENT_BOOSTING: "not in NIGHTLY_MODELS"}
    return tier_parameters(outcome.models, left_out | outcome.problems)


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
    tally = Tally()
    forecast = partial(forecast_series, forecast_date=day, horizon_days=HORIZON_DAYS, run=forecast_run)
    steps: list[tuple[str, Callable[..., object]]] = [
        (
            "performance",
            partial(
                analyse_performance,
                analysis_date=chunk.run.business_date,
                period_days=PERIOD_DAYS,
                keeps_classes=True,
            ),
        ),
        ("forecast", _counted(forecast, tally)),
        ("recommendation", partial(recommend_undecided, recommendation_date=day)),
    ]
    if forecast_run is not None and forecast_run.measures_from is not None:
        last_day = chunk.run.business_date
        steps.append(("accuracy", partial(measure_live, first_day=forecast_run.measures_from, last_day=last_day)))
    product_ids = sorted(chunk.product_ids)
    errors: dict[int, tuple[str, Exception]] = {}
    for step, service in steps:
        failed = isolated(_for_store(service, chunk.store, now), product_ids)
        errors.update({product_id: (step, error) for product_id, error in failed.items()})
        product_ids = [product_id for product_id in product_ids if product_id not in failed]
    failures = _failures(chunk.store, errors)
    if forecast_run is not None:
        tally.failures += [failure for failure in failures if failure["step"] == "forecast"]
        # After the commit: the forecasts written hold shared locks on the run's row, which two chunks could never both
        # turn into the lock that counting needs. What a kill loses is counted again when the run is closed.
        transaction.on_commit(partial(add_progress, forecast_run.pk, tally, now=now))
    return ChunkResult(series_done=len(product_ids), failures=failures)


def finish(*, run: AnalysisRun, now: datetime) -> None:
    """After the chunks: class products over all stores, find anomalies, test the trends, close the forecast run, bring
    orders to their suppliers' minimums, expire what delisted products wait for, sum accuracy and forecasts up."""
    refresh_company_classes(last_day=run.business_date, period_days=PERIOD_DAYS)
    find_anomalies(last_day=run.business_date, now=now)
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
    day = _first_day(run)
    recommend_ended(recommendation_date=day, now=now)
    keep_failures(run.pk, share_everywhere(recommendation_date=day, now=now))
    lay_over_day(day, now=now)
    write_totals(forecast_date=day, horizon_days=HORIZON_DAYS, run=forecast_run, now=now)


def _first_day(run: AnalysisRun) -> date:
    """The day that is forecast and recommended for: the one after the last complete day."""
    return run.business_date + timedelta(days=1)


def _open_forecast_run(run: AnalysisRun, *, now: datetime) -> ForecastRun:
    opened: ForecastRun = ForecastRun.objects.create(
        forecast_date=_first_day(run),
        horizon_days=HORIZON_DAYS,
        series_total=run.series_total,
        measures_from=measure_from(last_day=run.business_date),
        parameters={"analysis_run_id": run.pk, **run.parameters.get(TRAINING_OUTCOME, NO_TRAINING)},
        seed=run.seed,
        code_version=run.code_version,
        started_at=now,
    )
    return opened


def _close_forecast_run(forecast_run: ForecastRun, run: AnalysisRun, *, now: datetime) -> None:
    failures = [failure for failure in run.failures if failure.get("step") == "forecast"]
    if forecast_run.measures_from is not None:
        keep_live(first_day=forecast_run.measures_from)
        forecast_run.measured_through = run.business_date
    close_run(forecast_run, failures=failures, any_failed=bool(run.series_failed), now=now)


def _locked_ids(rows: Any) -> list[int]:
    return list(rows.select_for_update().order_by("pk").values_list("pk", flat=True))


def _for_store(service: Callable[..., object], store: Store, now: datetime) -> Step:
    return lambda product_ids: service(store=store, product_ids=product_ids, now=now)


def _counted(forecast: Callable[..., ForecastResults], tally: Tally) -> Callable[..., object]:
    """Count what is written; an attempt that fails raises before it is counted."""
    return lambda **options: tally.add(forecast(**options))


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
