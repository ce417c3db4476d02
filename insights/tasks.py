"""Nightly runs for Celery: start one, wake workers up, work on it, take up what was lost; and what decisions need.

A message here only wakes a worker up; what is to be done stands in the run's rows.
"""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

from celery import shared_task
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from forecasting.services import retention
from insights.services import decisions, runs
from insights.services.dashboard.payload import dashboard_answer
from insights.services.nightly_watch import follow_nightly
from insights.services.run_workers import this_worker
from invencare.lib import clock
from invencare.lib.correlation import correlated
from inventory.models import Store
from inventory.querysets.scope import EVERY_STORE
from inventory.services.business_days import last_complete_day

# A task works for about this long and then sends itself again: a worker that is asked to stop does so within
# seconds, and an import that waits gets its turn in the middle of a long run.
SLICE_SECONDS = 5.0
WORKERS_PER_RUN = 4


def dispatch(run_id: int, *, workers: int | None = None) -> None:
    """Wake up workers for a run, under the correlation id of its start. Call it after the commit."""
    run = runs.find_run(run_id)
    # SQLite lets one transaction write at a time: a second worker would only wait.
    count = workers or (1 if connection.vendor == "sqlite" else WORKERS_PER_RUN)
    with correlated(run.correlation_id):
        for _ in range(count):
            work_on_run.delay(run_id)


@shared_task(name="insights.start_nightly")
def start_nightly() -> int:
    """The schedule's start: the last complete day's run, unless that day has had one."""
    run = runs.start_nightly(now=clock.now(), rerun=False)
    if not run.is_finished:
        dispatch(run.pk)
    return run.pk


@shared_task(name="insights.work_on_run")
def work_on_run(run_id: int) -> None:
    """Work on a run for a while; send itself again when more may be left."""
    if runs.work_on(run_id, worker=this_worker(), read_clock=clock.now, stop_after_seconds=SLICE_SECONDS):
        work_on_run.delay(run_id)


@shared_task(name="insights.resume_runs")
def resume_runs() -> list[int]:
    """Wake up workers for unfinished runs that nobody works on, whatever the broker or a kill has lost."""
    left = [run.pk for run in runs.runs_without_workers(now=clock.now())]
    for run_id in left:
        dispatch(run_id)
    return left


@shared_task(name="insights.watch_nightly")
def watch_nightly() -> bool:
    """Open an alert while the night's figures are old, and close it when they are not; whether they are."""
    return follow_nightly(now=clock.now())


@shared_task(name="insights.forget_old_forecasts")
def forget_old_forecasts() -> int:
    """Forecasts and accuracy that nobody reads any more; how many rows went."""
    forgotten = retention.forget_old_forecasts(today=clock.business_date(clock.now(), ZoneInfo(settings.TIME_ZONE)))
    return forgotten.forecasts + forgotten.backtests + forgotten.live + forgotten.history


@shared_task(name="insights.return_snoozed")
def return_snoozed() -> int:
    """Make snoozed recommendations pending whose day has begun in their store."""
    return decisions.bring_back(now=clock.now())


@shared_task(name="insights.value_decisions")
def value_decisions() -> int:
    """Value the decisions whose covered days are over; safe to run twice."""
    # Numeric: at the top it would load numpy into the web process, which starts runs through this module.
    from insights.services import decision_value

    return decision_value.value_decisions(now=clock.now())


@shared_task(name="insights.generate_dashboard", ignore_result=False)
def generate_dashboard(store_id: str, period: str = "daily") -> dict[str, Any]:
    """PA-8 for a worker: one store's dashboard as JSON. An unknown store is ``Store.DoesNotExist``."""
    store = Store.objects.get(code=store_id)
    answer = dashboard_answer(
        scope=EVERY_STORE,
        store=store,
        period=period,
        include_forecasts=True,
        include_recommendations=True,
        now=clock.now(),
    )
    plain: dict[str, Any] = json.loads(json.dumps(answer, cls=DjangoJSONEncoder))
    return plain


@shared_task(name="insights.optimize_store")
def optimize_store(*, store_id: str, include_all_products: bool = False, optimization_goal: str = "") -> dict[str, int]:
    """PA-6 for the store with this code; how many products were planned, and how many could not be. Safe to run twice."""
    # Numeric: see value_decisions.
    from insights.services import optimize

    done = optimize.optimize_store(
        store=Store.objects.get(code=store_id),
        now=clock.now(),
        include_all_products=include_all_products,
        goal=optimization_goal,
    )
    return {"planned": len(done.recommendations), "failed": len(done.failures)}


@shared_task(name="insights.recommend_moves")
def recommend_moves() -> int:
    """Transfers and excess of the newest nightly's day, in case that run's own last step was lost; safe to run twice."""
    # Numeric, see value_decisions.
    from insights.services.moves import recommending

    day = recommending.newest_day()
    if day is None:
        return 0
    done = recommending.recommend_moves(day=day, now=clock.now())
    return done.transfers + done.excess


@shared_task(name="insights.train_customers")
def train_customers() -> int:
    """Segments, lifetime values and churn of every currency; the same day again replaces its rows."""
    # Numeric: at the top it would load numpy into the web process.
    from insights.services import customer_training

    return sum(outcome.customers for outcome in customer_training.train_customers(now=clock.now()))


@shared_task(name="insights.train_prices")
def train_prices() -> int:
    """Price elasticities of every currency; the same day again replaces its rows."""
    # Numeric: at the top it would load numpy into the web process.
    from insights.services import price_training

    return sum(outcome.measured for outcome in price_training.train_prices(now=clock.now()))


@shared_task(name="insights.find_anomalies")
def find_anomalies() -> int:
    """Examine the newest complete days again, with the sales that came in late; safe to run twice."""
    # Numeric: at the top it would load numpy into the web process, which starts runs through this module.
    from insights.services import anomalies

    now = clock.now()
    return anomalies.find_anomalies(last_day=last_complete_day(now=now), now=now)
