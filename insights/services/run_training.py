"""The step of a run before its first one: the global models are trained once, by one worker, while the others wait.

Training takes seconds of a processor, so it holds no transaction: on SQLite nobody could write meanwhile. A claim on
the run's row keeps workers from doing it side by side. Two that did would only waste time: what is stored stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.dateparse import parse_datetime

from insights.models import AnalysisRun
from insights.services.run_workers import is_gone

POLL_SECONDS = 0.5
CLAIM = "training_claim"
OUTCOME = "training"


def train_once(run: AnalysisRun, *, worker: str, read_clock: Callable[[], datetime]) -> None:
    """Return when the run's models are trained, by this worker or by another, or the run needs none any more."""
    while not (_is_settled(run) or _train_if_free(run, worker=worker, now=read_clock())):
        time.sleep(POLL_SECONDS)


def is_being_trained(run: AnalysisRun, *, now: datetime) -> bool:
    """A worker that may be alive has claimed the training, and it is not over."""
    claim = run.parameters.get(CLAIM)
    if claim is None or OUTCOME in run.parameters:
        return False
    until = parse_datetime(claim["until"])
    return until is not None and until > now and not is_gone(claim["worker"])


def _is_settled(run: AnalysisRun) -> bool:
    run.refresh_from_db()
    return run.status != AnalysisRun.Status.PENDING or OUTCOME in run.parameters


def _train_if_free(run: AnalysisRun, *, worker: str, now: datetime) -> bool:
    # Numeric: at the top it would load numpy into the web process, which starts runs through this app.
    from insights.services import nightly

    if not _claim(run, worker=worker, now=now):
        return False
    try:
        outcome = nightly.train(run=run, now=now)
    except BaseException:
        _end_claim(run)
        raise
    _end_claim(run, outcome)
    return True


def _claim(run: AnalysisRun, *, worker: str, now: datetime) -> bool:
    with transaction.atomic():
        locked = AnalysisRun.objects.select_for_update().get(pk=run.pk)
        if OUTCOME in locked.parameters or is_being_trained(locked, now=now):
            return False
        until = now + timedelta(seconds=settings.RUN_LEASE_SECONDS)
        locked.parameters = {**locked.parameters, CLAIM: {"worker": worker, "until": until.isoformat()}}
        locked.save(update_fields=["parameters"])
    return True


def _end_claim(run: AnalysisRun, outcome: dict[str, Any] | None = None) -> None:
    """Let go of the training; with an ``outcome`` it is over for good."""
    with transaction.atomic():
        locked = AnalysisRun.objects.select_for_update().get(pk=run.pk)
        others = {name: value for name, value in locked.parameters.items() if name != CLAIM}
        locked.parameters = others if outcome is None else {**others, OUTCOME: outcome}
        locked.save(update_fields=["parameters"])
    run.parameters = locked.parameters
