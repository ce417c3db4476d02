"""Nightly runs from start to end: one at a time per day, shared by workers, prepared and closed exactly once.

Everything that matters is in the rows ``analysis_runs`` and ``analysis_run_chunks``; messages only wake workers
up. Whatever a broker loses, ``runs_without_workers`` finds what still has to be done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction

from insights.models import AnalysisRun, AnalysisRunChunk
from insights.services.run_chunks import claim_chunk, do_chunk, free_chunks_of_dead_workers, give_up_abandoned
from insights.services.run_training import is_being_trained, train_once
from invencare.lib.correlation import current_id, new_id
from inventory.models import Alert
from inventory.services.alerts import NewAlert, close_alerts, open_alerts
from inventory.services.business_days import last_complete_day

if TYPE_CHECKING:
    from django.contrib.auth.models import User

logger = logging.getLogger(__name__)

ALERT_CAUSE = "run:nightly"
WAKE_AFTER = timedelta(seconds=45)  # messages and workers may be under way for this long
# SQLite has one writer at a time, and those that wait look again every 0.1 s at the most: without a pause longer
# than that, a worker that goes from chunk to chunk would keep everybody's clicks waiting until the run's end.
SQLITE_TURN_SECONDS = 0.12


def start_nightly(
    *, business_date: date | None = None, started_by: User | None = None, now: datetime, rerun: bool = True
) -> AnalysisRun:
    """Make the run of a day with its chunks, or return the unfinished one that is there already.

    ``rerun=False`` (the schedule) also returns a run that the day has had before. The caller wakes workers up
    after its commit, by ``insights.tasks.dispatch``.
    """
    day = business_date or last_complete_day(now=now)
    known = _known_run(day, include_completed=not rerun)
    if known is not None:
        return known
    try:
        return _create_run(day, started_by=started_by, now=now)
    except IntegrityError:  # somebody started the same day at the same moment: theirs is the run
        started_meanwhile = _known_run(day, include_completed=True)
        if started_meanwhile is None:
            raise
        return started_meanwhile


def find_run(run_id: int) -> AnalysisRun:
    run: AnalysisRun = AnalysisRun.objects.get(pk=run_id)
    return run


def work_on(
    run_id: int,
    *,
    worker: str,
    read_clock: Callable[[], datetime],
    stop_after_seconds: float | None = None,
    after_chunk: Callable[[], None] | None = None,
) -> bool:
    """Do chunks of a run until none is free; True when work may be left because the time given was over.

    Reads the clock once per chunk: a run may last for hours. Safe to call from many workers at once, and again.
    """
    run = AnalysisRun.objects.unfinished().filter(pk=run_id).first()
    if run is None:
        return False
    if run.status == AnalysisRun.Status.PENDING and not _prepare(run, worker=worker, read_clock=read_clock):
        return False
    began = read_clock()
    while chunk := claim_chunk(run_id, worker=worker, now=read_clock()):
        do_chunk(chunk, now=read_clock())
        if after_chunk:
            after_chunk()
        if connection.vendor == "sqlite":
            time.sleep(SQLITE_TURN_SECONDS)
        if stop_after_seconds is not None and (read_clock() - began).total_seconds() >= stop_after_seconds:
            return True
    give_up_abandoned(run_id, now=read_clock())
    if close_if_complete(run, now=read_clock()):
        _move(run, now=read_clock())
    return False


def runs_without_workers(*, now: datetime) -> list[AnalysisRun]:
    """Unfinished runs that nobody works on: no chunk was taken of late, and the run is not just starting.

    A chunk that takes longer than that may find its run here too; one more worker on a run does no harm.
    """
    free_chunks_of_dead_workers(now=now)
    of_late = now - WAKE_AFTER
    busy = AnalysisRunChunk.objects.leased(now).filter(started_at__gte=of_late).values("run_id")
    runs = AnalysisRun.objects.unfinished().filter(created_at__lt=of_late).exclude(pk__in=busy)
    return [run for run in runs.order_by("pk") if not is_being_trained(run, now=now)]


def close_if_complete(run: AnalysisRun, *, now: datetime) -> bool:
    """End the run when no chunk is open; of all workers that see it complete, one ends it. True for that one."""
    if AnalysisRunChunk.objects.filter(run=run).open().exists():
        return False
    run.refresh_from_db()
    status, message = _outcome(run)
    try:
        with transaction.atomic():
            if not _end(run, status=status, message=message, now=now):
                return False
            # Numeric: at the top it would load numpy into the web process, which starts runs from here.
            from insights.services import nightly

            nightly.finish(run=run, now=now)
    except OperationalError:  # a deadlock or a lost connection: the run stays open and is taken up again
        raise
    except Exception as error:
        logger.exception("run %s could not be finished", run.pk)
        return _fail(run, message=f"The last step failed. {type(error).__name__}: {error}", now=now)
    return True


def _move(run: AnalysisRun, *, now: datetime) -> None:
    """After the orders: transfers and excess. A failure fails no run; the job “Recommend moves” tries again."""
    # Numeric, see close_if_complete.
    from insights.services.moves.recommending import recommend_moves

    if run.status not in (AnalysisRun.Status.DONE, AnalysisRun.Status.PARTIAL):
        return
    try:
        recommend_moves(day=run.business_date + timedelta(days=1), now=now)
    except Exception:
        logger.exception("the moves after run %s could not be worked out", run.pk)


def _create_run(day: date, *, started_by: User | None, now: datetime) -> AnalysisRun:
    # Numeric, see close_if_complete.
    from insights.services import nightly

    with transaction.atomic():
        run = AnalysisRun.objects.create(
            kind=AnalysisRun.Kind.NIGHTLY,
            run_key=_run_key(day),
            business_date=day,
            parameters={"chunk_series": settings.NIGHTLY_CHUNK_SERIES},
            code_version=" ".join(filter(None, [settings.INVENCARE_VERSION, settings.INVENCARE_COMMIT]))[:64],
            seed=int(day.strftime("%Y%m%d")),
            correlation_id=current_id() or new_id(),
            started_by=started_by,
            created_at=now,
        )
        plan = nightly.plan_chunks(business_date=day, chunk_series=settings.NIGHTLY_CHUNK_SERIES)
        AnalysisRunChunk.objects.bulk_create(
            AnalysisRunChunk(run=run, position=position, store_id=store_id, product_ids=product_ids)
            for position, (store_id, product_ids) in enumerate(plan)
        )
        run.series_total = sum(len(product_ids) for _, product_ids in plan)
        run.save(update_fields=["series_total"])
    return run


def _run_key(day: date) -> str:
    return f"nightly:{day.isoformat()}"


def _known_run(day: date, *, include_completed: bool) -> AnalysisRun | None:
    known: AnalysisRun | None = AnalysisRun.objects.filter(run_key=_run_key(day)).first()
    if known is None and include_completed:
        known = AnalysisRun.objects.completed().filter(kind=AnalysisRun.Kind.NIGHTLY, business_date=day).first()
    return known


def _prepare(run: AnalysisRun, *, worker: str, read_clock: Callable[[], datetime]) -> bool:
    """The steps before the chunks, once: training without a lock, then the rest under the row's, while the others wait.

    False when the run has ended. A failure here would fail every chunk, so it fails the run.
    """
    # Numeric, see close_if_complete.
    from insights.services import nightly

    try:
        train_once(run, worker=worker, read_clock=read_clock)
        now = read_clock()
        with transaction.atomic():
            locked = AnalysisRun.objects.select_for_update().get(pk=run.pk)
            if locked.status == AnalysisRun.Status.PENDING:
                nightly.prepare(run=locked, now=now)
                AnalysisRun.objects.filter(pk=run.pk).update(status=AnalysisRun.Status.RUNNING, started_at=now)
            return not locked.is_finished
    except OperationalError:  # see close_if_complete
        raise
    except Exception as error:
        logger.exception("run %s could not be prepared", run.pk)
        _fail(run, message=f"The first step failed. {type(error).__name__}: {error}", now=read_clock())
        return False


def _outcome(run: AnalysisRun) -> tuple[AnalysisRun.Status, str]:
    if run.series_failed == 0:
        return AnalysisRun.Status.DONE, ""
    message = f"{run.series_failed} of {run.series_total} series failed."
    return (AnalysisRun.Status.PARTIAL if run.series_done else AnalysisRun.Status.FAILED), message


def _fail(run: AnalysisRun, *, message: str, now: datetime) -> bool:
    with transaction.atomic():
        return _end(run, status=AnalysisRun.Status.FAILED, message=message[:2000], now=now)


def _end(run: AnalysisRun, *, status: AnalysisRun.Status, message: str, now: datetime) -> bool:
    """One conditional UPDATE decides who ends the run; the alert opens or closes with it."""
    ended = (
        AnalysisRun.objects.unfinished()
        .filter(pk=run.pk)
        .update(status=status, message=message, run_key=None, finished_at=now)
    )
    if not ended:
        return False
    run.refresh_from_db()
    close_alerts([ALERT_CAUSE], now=now)  # an older run's: this one's outcome is what counts now
    if status != AnalysisRun.Status.DONE:
        open_alerts([_alert_of(run)], now=now)
    return True


def _alert_of(run: AnalysisRun) -> NewAlert:
    wholly = run.status == AnalysisRun.Status.FAILED
    return NewAlert(
        kind=Alert.Kind.RUN_FAILED,
        severity=Alert.Severity.CRITICAL if wholly else Alert.Severity.HIGH,
        cause_key=ALERT_CAUSE,
        is_pinned=True,
        message=f"{run}: {run.message}"[:300],
    )
