"""The chunks of a run: claimed by lease, done in one transaction each, retried, given up.

A chunk's results and its completion commit together, and the completion holds only for the worker and attempt
that claimed it. A worker that lost its lease to another therefore rolls back: nothing is done twice.

A lease (``RUN_LEASE_SECONDS``, 300) is long against a chunk (about two seconds), so it is never renewed; a worker
that stops in good order hands its chunk back at once.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from insights.models import AnalysisRun, AnalysisRunChunk
from insights.querysets.runs import MAX_ATTEMPTS
from insights.services.run_failures import keep_failures
from insights.services.run_workers import is_gone

logger = logging.getLogger(__name__)

CANDIDATES = 8  # more than the workers that race for the same chunk at one moment


class LeaseLost(Exception):
    """Another worker took the chunk over; what was computed must not be kept."""


def claim_chunk(run_id: int, *, worker: str, now: datetime) -> AnalysisRunChunk | None:
    """Take the next free chunk under a lease, or None when there is none now. Chunks never tried come first."""
    claimable = AnalysisRunChunk.objects.filter(run_id=run_id).claimable(now)
    for chunk_id in claimable.order_by("attempts", "position").values_list("pk", flat=True)[:CANDIDATES]:
        # Repeats the whole condition: of two workers that read the same candidate, one gets it.
        taken = (
            AnalysisRunChunk.objects.filter(pk=chunk_id)
            .claimable(now)
            .update(
                status=AnalysisRunChunk.Status.RUNNING,
                worker=worker,
                attempts=F("attempts") + 1,
                lease_until=now + timedelta(seconds=settings.RUN_LEASE_SECONDS),
                started_at=now,
            )
        )
        if taken:
            chunk: AnalysisRunChunk = AnalysisRunChunk.objects.select_related("run", "store").get(pk=chunk_id)
            return chunk
    return None


def do_chunk(chunk: AnalysisRunChunk, *, now: datetime) -> None:
    """Analyse a claimed chunk; whatever goes wrong with it is recorded on it, and never stops the others."""
    try:
        _analyse_and_complete(chunk, now=now)
    except LeaseLost:
        logger.warning("chunk %s was taken over from %s; its results were rolled back", chunk, chunk.worker)
    except Exception as error:
        logger.exception("chunk %s failed in attempt %s", chunk, chunk.attempts)
        _record_failure(chunk, error=error, now=now)
    except BaseException:
        _hand_back(chunk)
        raise


def give_up_abandoned(run_id: int, *, now: datetime) -> None:
    """Chunks that lost their worker in the last attempt too are failures, so that the run can end."""
    lost = AnalysisRunChunk.objects.filter(run_id=run_id, attempts__gte=MAX_ATTEMPTS).abandoned(now)
    for chunk in lost.select_related("run", "store"):
        _record_failure(chunk, error=RuntimeError(f"its worker was lost in {chunk.attempts} attempts"), now=now)


def free_chunks_of_dead_workers(*, now: datetime) -> int:
    """End the leases of processes of this host that are no more, so that nobody waits for them; the number freed.

    Only a short cut. A mistake (two machines with one name) costs work, never correctness: see the module's text.
    """
    leased = AnalysisRunChunk.objects.leased(now)
    dead = [
        worker for worker in leased.values_list("worker", flat=True).distinct().order_by("worker") if is_gone(worker)
    ]
    freed: int = leased.filter(worker__in=dead).update(lease_until=now - timedelta(seconds=1))
    return freed


def _analyse_and_complete(chunk: AnalysisRunChunk, *, now: datetime) -> None:
    # Numeric: at the top it would load numpy into the web process, which starts runs through this app.
    from insights.services import nightly

    with transaction.atomic():
        result = nightly.analyse_chunk(chunk=chunk, now=now)
        completed = _held(chunk).update(
            status=AnalysisRunChunk.Status.DONE,
            times_completed=F("times_completed") + 1,
            lease_until=None,
            finished_at=now,
            error="",
        )
        if not completed:
            raise LeaseLost
        _add_progress(chunk.run_id, done=result.series_done, failures=result.failures)


def _record_failure(chunk: AnalysisRunChunk, *, error: Exception, now: datetime) -> None:
    """Back to the waiting ones, or failed for good after the last attempt."""
    final = chunk.attempts >= MAX_ATTEMPTS
    message = f"{type(error).__name__}: {error}"[:2000]
    with transaction.atomic():
        recorded = _held(chunk).update(
            status=AnalysisRunChunk.Status.FAILED if final else AnalysisRunChunk.Status.PENDING,
            lease_until=None,
            finished_at=now if final else None,
            error=message,
        )
        if recorded and final:
            failure = {"store": chunk.store.code, "product": "", "step": "chunk", "message": message}
            _add_progress(chunk.run_id, failures=[failure], failed=len(chunk.product_ids))


def _hand_back(chunk: AnalysisRunChunk) -> None:
    """The worker stops in the middle: the chunk is free at once, and the attempt does not count."""
    _held(chunk).update(
        status=AnalysisRunChunk.Status.PENDING, lease_until=None, attempts=F("attempts") - 1, started_at=None
    )


def _held(chunk: AnalysisRunChunk) -> QuerySet[Any]:
    """The chunk, as long as this worker's attempt holds it."""
    return AnalysisRunChunk.objects.filter(
        pk=chunk.pk, status=AnalysisRunChunk.Status.RUNNING, worker=chunk.worker, attempts=chunk.attempts
    )


def _add_progress(run_id: int, *, done: int = 0, failures: list[dict[str, Any]], failed: int | None = None) -> None:
    """Counts by arithmetic in SQL; the list of failures needs the row's lock, and is touched only when there are any."""
    counts = {
        "series_done": F("series_done") + done,
        "series_failed": F("series_failed") + (len(failures) if failed is None else failed),
    }
    AnalysisRun.objects.filter(pk=run_id).update(**counts)  # takes the row's lock until the commit
    keep_failures(run_id, failures)
