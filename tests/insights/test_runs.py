"""The run engine: one run per day, chunks by lease, retries, an exact end. The analysis is a small one of the test's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError

from insights.models import AnalysisRun, AnalysisRunChunk
from insights.services import run_chunks, run_training, runs
from insights.services.run_workers import is_gone, this_worker
from inventory.models import Alert, Supplier
from inventory.services.business_days import last_complete_day
from tests.cast import NOW, Cast

DAY = date(2026, 3, 15)
LEASE = timedelta(seconds=settings.RUN_LEASE_SECONDS)


@dataclass(frozen=True)
class Result:
    series_done: int
    failures: list[dict[str, Any]] = field(default_factory=list)


class SmallAnalysis:
    """Two chunks in the north and one in the south. Each chunk writes one row, so that a rollback can be seen."""

    def __init__(self, cast: Cast) -> None:
        self.plan: list[tuple[int, list[int]]] = [
            (cast.north.pk, [cast.steady.pk, cast.seasonal.pk]),
            (cast.north.pk, [cast.new.pk]),
            (cast.south.pk, [cast.steady.pk]),
        ]
        self.trained: list[int] = []
        self.trouble_in_training: Callable[[], BaseException | None] = lambda: None
        self.prepared: list[int] = []
        self.finished: list[str] = []
        self.trouble_at: dict[int, Callable[[], BaseException | None]] = {}
        self.result: Callable[[AnalysisRunChunk], Result] = lambda chunk: Result(len(chunk.product_ids))
        self._names = count(1)

    def plan_chunks(self, *, business_date: date, chunk_series: int) -> list[tuple[int, list[int]]]:
        return self.plan

    def train(self, *, run: AnalysisRun, now: datetime) -> dict[str, Any]:
        self.trained.append(run.pk)
        trouble = self.trouble_in_training()
        if trouble:
            raise trouble
        return {"tier": "statistical"}

    def prepare(self, *, run: AnalysisRun, now: datetime) -> None:
        self.prepared.append(run.pk)

    def analyse_chunk(self, *, chunk: AnalysisRunChunk, now: datetime) -> Result:
        Supplier.objects.create(code=f"{chunk.position}-{next(self._names)}", name=f"written by {chunk.position}")
        trouble = self.trouble_at.get(chunk.position, lambda: None)()
        if trouble:
            raise trouble
        return self.result(chunk)

    def finish(self, *, run: AnalysisRun, now: datetime) -> None:
        self.finished.append(run.status)


@pytest.fixture
def analysis(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> SmallAnalysis:
    small = SmallAnalysis(cast)
    monkeypatch.setattr("insights.services.nightly", small, raising=False)
    monkeypatch.setattr(runs, "SQLITE_TURN_SECONDS", 0)
    return small


def start(**changes: Any) -> AnalysisRun:
    return runs.start_nightly(**({"business_date": DAY, "now": NOW} | changes))


def work(run: AnalysisRun, *, worker: str = "w1", now: datetime = NOW, **changes: Any) -> AnalysisRun:
    runs.work_on(run.pk, worker=worker, read_clock=lambda: now, **changes)
    run.refresh_from_db()
    return run


def claim(run: AnalysisRun, *, worker: str = "w1", now: datetime = NOW) -> AnalysisRunChunk:
    chunk = runs.claim_chunk(run.pk, worker=worker, now=now)
    assert chunk is not None
    return chunk


def written(position: int) -> int:
    return Supplier.objects.filter(name=f"written by {position}").count()


def test_a_start_makes_one_run_with_its_chunks(cast: Cast, analysis: SmallAnalysis) -> None:
    run = start(started_by=cast.analyst)

    assert (run.status, run.run_key, run.business_date) == ("pending", "nightly:2026-03-15", DAY)
    assert (run.series_total, run.seed, run.started_by, run.created_at) == (4, 20260315, cast.analyst, NOW)
    assert [(c.position, c.store_id, c.product_ids) for c in run.chunks.all()] == [
        (0, cast.north.pk, [cast.steady.pk, cast.seasonal.pk]),
        (1, cast.north.pk, [cast.new.pk]),
        (2, cast.south.pk, [cast.steady.pk]),
    ]


def test_a_second_start_returns_the_unfinished_run(analysis: SmallAnalysis) -> None:
    assert start().pk == start().pk
    assert AnalysisRunChunk.objects.count() == 3


def test_two_starts_that_both_saw_no_run_make_one(analysis: SmallAnalysis, monkeypatch: pytest.MonkeyPatch) -> None:
    first = start()
    seen = runs._known_run
    answers = iter([None])  # what the second start read before the first one committed
    monkeypatch.setattr(runs, "_known_run", lambda day, **how: next(answers, "now") and seen(day, **how))

    assert start().pk == first.pk
    assert AnalysisRun.objects.count() == 1
    assert AnalysisRunChunk.objects.count() == 3


def test_the_schedule_leaves_a_day_alone_that_has_had_its_run(analysis: SmallAnalysis) -> None:
    done = work(start())

    assert start(rerun=False).pk == done.pk
    assert start().pk != done.pk  # a person may run it again


def test_a_day_whose_run_failed_is_run_again_by_the_schedule(analysis: SmallAnalysis) -> None:
    run = start()
    AnalysisRun.objects.filter(pk=run.pk).update(status="failed", run_key=None)

    assert start(rerun=False).pk != run.pk


def test_the_last_complete_day_is_over_in_every_active_store(cast: Cast) -> None:
    # 22:30 UTC is 22:30 in London and 00:30 of the next day in Athens.
    assert last_complete_day(now=datetime(2026, 3, 16, 22, 30, tzinfo=UTC)) == date(2026, 3, 15)
    cast.north.is_active = False
    cast.north.save(update_fields=["is_active"])
    assert last_complete_day(now=datetime(2026, 3, 16, 22, 30, tzinfo=UTC)) == date(2026, 3, 16)


def test_a_worker_does_every_chunk_once_and_ends_the_run(analysis: SmallAnalysis) -> None:
    run = work(start(), now=NOW + timedelta(seconds=5))

    assert (run.status, run.run_key, run.message) == ("done", None, "")
    assert (run.series_done, run.series_failed) == (4, 0)
    assert run.started_at == run.finished_at == NOW + timedelta(seconds=5)
    assert list(run.chunks.values_list("status", "times_completed", "attempts", "worker")) == [("done", 1, 1, "w1")] * 3
    assert analysis.prepared == [run.pk]
    assert analysis.finished == ["done"]


def test_work_on_an_ended_run_does_nothing(analysis: SmallAnalysis) -> None:
    run = work(start())
    work(run, worker="w2")

    assert [written(position) for position in range(3)] == [1, 1, 1]
    assert analysis.finished == ["done"]


def test_a_run_without_series_ends_at_once(analysis: SmallAnalysis) -> None:
    analysis.plan = []

    assert work(start()).status == "done"
    assert analysis.finished == ["done"]


def test_a_slice_of_work_says_that_more_is_left(analysis: SmallAnalysis) -> None:
    run = start()
    seconds = count()
    more = runs.work_on(
        run.pk, worker="w1", read_clock=lambda: NOW + timedelta(seconds=next(seconds)), stop_after_seconds=2
    )

    assert more is True
    assert run.chunks.filter(status="done").count() == 1
    assert work(run).status == "done"
    assert analysis.prepared == [run.pk]


def test_the_models_are_trained_once_before_the_first_step(analysis: SmallAnalysis) -> None:
    run = work(start())
    assert analysis.trained == analysis.prepared == [run.pk]
    assert run.parameters == {"chunk_series": settings.NIGHTLY_CHUNK_SERIES, "training": {"tier": "statistical"}}


def test_a_run_whose_worker_died_between_training_and_the_first_step_is_not_trained_twice(
    analysis: SmallAnalysis,
) -> None:
    run = start()
    run_training.train_once(run, worker="killed", read_clock=lambda: NOW)
    assert work(run).status == "done"
    assert analysis.trained == [run.pk]


def claim_training(run: AnalysisRun, worker: str, now: datetime = NOW) -> None:
    assert run_training._claim(run, worker=worker, now=now)


def test_workers_wait_for_the_one_that_trains(analysis: SmallAnalysis, monkeypatch: pytest.MonkeyPatch) -> None:
    run = start()
    claim_training(run, "another")
    naps = []

    def nap(seconds: float) -> None:
        if seconds:  # the other one, of SQLite between chunks, is 0 here
            naps.append(seconds)
        if len(naps) == 3:
            run_training._end_claim(run, {"tier": "full"})

    monkeypatch.setattr(run_training.time, "sleep", nap)
    run = work(run)
    assert (naps, analysis.trained) == ([run_training.POLL_SECONDS] * 3, [])
    assert (run.status, run.parameters["training"]) == ("done", {"tier": "full"})


@pytest.mark.parametrize("is_dead", [True, False])
def test_a_claim_of_a_dead_worker_or_one_that_ran_out_is_taken_over(analysis: SmallAnalysis, is_dead: bool) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    host = this_worker().rpartition(":")[0]
    run = start()
    claim_training(run, f"{host}:{child.pid}" if is_dead else "elsewhere:1")
    work(run, now=NOW if is_dead else NOW + LEASE)
    assert analysis.trained == [run.pk]


def test_a_worker_that_is_stopped_while_it_trains_hands_the_training_back(analysis: SmallAnalysis) -> None:
    analysis.trouble_in_training = KeyboardInterrupt
    run = start()
    with pytest.raises(KeyboardInterrupt):
        work(run)
    analysis.trouble_in_training = lambda: None
    assert work(run, worker="w2").status == "done"
    assert analysis.trained == [run.pk, run.pk]


def test_a_run_whose_training_breaks_fails_and_says_so(analysis: SmallAnalysis) -> None:
    analysis.trouble_in_training = lambda: RuntimeError("no room")
    run = work(start())
    assert (run.status, run.message) == ("failed", "The first step failed. RuntimeError: no room")


def test_a_run_that_is_being_trained_needs_no_further_workers(analysis: SmallAnalysis) -> None:
    run, later = start(), NOW + timedelta(seconds=60)
    assert runs.runs_without_workers(now=later) == [run]
    claim_training(run, "elsewhere:1", now=later)
    assert runs.runs_without_workers(now=later) == []
    assert runs.runs_without_workers(now=later + LEASE) == [run]


def test_a_claimed_chunk_is_nobody_elses_until_its_lease_ends(analysis: SmallAnalysis) -> None:
    run = start()
    held = [claim(run, worker=worker).position for worker in ("w1", "w2", "w3")]

    assert held == [0, 1, 2]
    assert runs.claim_chunk(run.pk, worker="w4", now=NOW + LEASE) is None
    again = claim(run, worker="w4", now=NOW + LEASE + timedelta(seconds=1))
    assert (again.position, again.worker, again.attempts) == (0, "w4", 2)


def test_a_worker_that_lost_its_lease_keeps_nothing(analysis: SmallAnalysis) -> None:
    run = start()
    late = NOW + LEASE + timedelta(seconds=1)
    slow = claim(run, worker="slow")
    fast = claim(run, worker="fast", now=late)  # waiting chunks that were never tried come first
    while fast.position != slow.position:
        run_chunks.do_chunk(fast, now=late)
        fast = claim(run, worker="fast", now=late)

    run_chunks.do_chunk(slow, now=late)
    assert written(slow.position) == 0
    run_chunks.do_chunk(fast, now=late)
    run_chunks.do_chunk(slow, now=late)

    slow.refresh_from_db()
    run.refresh_from_db()
    assert (slow.status, slow.worker, slow.times_completed) == ("done", "fast", 1)
    assert [written(position) for position in range(3)] == [1, 1, 1]
    assert run.series_done == 4


def test_the_failure_of_a_lost_lease_does_not_touch_the_new_holder(analysis: SmallAnalysis) -> None:
    run = start()
    stale = claim(run, worker="slow")
    AnalysisRunChunk.objects.filter(pk=stale.pk).update(worker="fast", attempts=2)
    analysis.trouble_at[stale.position] = lambda: ValueError("too late")

    run_chunks.do_chunk(stale, now=NOW)

    stale.refresh_from_db()
    assert (stale.status, stale.worker, stale.attempts, stale.error) == ("running", "fast", 2, "")


def test_a_chunk_that_keeps_failing_is_given_up_and_the_others_go_on(cast: Cast, analysis: SmallAnalysis) -> None:
    analysis.trouble_at[0] = lambda: ValueError("no such unit")
    run = work(start())

    bad, *good = run.chunks.order_by("position")
    assert (bad.status, bad.attempts, bad.times_completed) == ("failed", 3, 0)
    assert bad.error == "ValueError: no such unit"
    assert [(c.status, c.times_completed) for c in good] == [("done", 1)] * 2
    assert [written(position) for position in range(3)] == [0, 1, 1]
    assert (run.status, run.series_done, run.series_failed) == ("partial", 2, 2)
    assert run.message == "2 of 4 series failed."
    assert run.failures == [{"store": "N1", "product": "", "step": "chunk", "message": "ValueError: no such unit"}]
    alert = Alert.objects.get()
    assert (alert.kind, alert.severity, alert.open_key) == ("run_failed", "high", "run:nightly")
    assert alert.message == "Nightly analysis of 2026-03-15: 2 of 4 series failed."


def test_a_chunk_that_fails_twice_and_then_works_is_done(analysis: SmallAnalysis) -> None:
    troubles = iter([OperationalError(1213, "Deadlock found"), ValueError("again"), None])
    analysis.trouble_at[1] = lambda: next(troubles)
    run = work(start())

    chunk = run.chunks.get(position=1)
    assert (chunk.status, chunk.attempts, chunk.times_completed, chunk.error) == ("done", 3, 1, "")
    assert (run.status, run.failures, Alert.objects.count()) == ("done", [], 0)


def test_a_run_whose_every_chunk_fails_has_failed(analysis: SmallAnalysis) -> None:
    for position in range(3):
        analysis.trouble_at[position] = lambda: ValueError("nothing works")
    run = work(start())

    assert (run.status, run.series_done, run.series_failed, run.run_key) == ("failed", 0, 4, None)
    assert Alert.objects.get().severity == "critical"


def test_the_next_good_run_closes_the_alert(analysis: SmallAnalysis) -> None:
    analysis.trouble_at[0] = lambda: ValueError("once")
    work(start())
    analysis.trouble_at.clear()
    work(start())

    alert = Alert.objects.get()
    assert (alert.open_key, alert.closed_at) == (None, NOW)


def test_failures_of_single_series_are_counted_and_the_first_200_kept(analysis: SmallAnalysis) -> None:
    analysis.result = lambda chunk: Result(
        0 if chunk.position == 0 else 1,
        [{"product": f"{chunk.position}:{n}", "message": "no history"} for n in range(150)] if chunk.position else [],
    )
    run = work(start())

    assert (run.status, run.series_done, run.series_failed) == ("partial", 2, 300)
    assert len(run.failures) == 200
    assert (run.failures[0]["product"], run.failures[-1]["product"]) == ("1:0", "2:49")


def test_a_chunk_that_loses_its_worker_in_every_attempt_is_given_up(analysis: SmallAnalysis) -> None:
    run = start()
    AnalysisRunChunk.objects.filter(run=run, position=0).update(
        status="running", worker="dead", attempts=3, lease_until=NOW - timedelta(seconds=1)
    )
    work(run)

    chunk = run.chunks.get(position=0)
    assert (chunk.status, chunk.times_completed) == ("failed", 0)
    assert chunk.error == "RuntimeError: its worker was lost in 3 attempts"
    assert (run.status, run.series_done, run.series_failed) == ("partial", 2, 2)


def test_a_worker_that_stops_hands_its_chunk_back_and_the_attempt_does_not_count(analysis: SmallAnalysis) -> None:
    run = start()
    analysis.trouble_at[0] = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        work(run)

    chunk = run.chunks.get(position=0)
    assert (chunk.status, chunk.attempts, chunk.lease_until, written(0)) == ("pending", 0, None, 0)
    analysis.trouble_at.clear()
    assert work(run, worker="w2").status == "done"


def test_a_failed_first_step_fails_the_run_and_frees_its_day(
    analysis: SmallAnalysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*, run: AnalysisRun, now: datetime) -> None:
        raise RuntimeError("no calendar")

    monkeypatch.setattr(analysis, "prepare", break_down)
    run = work(start())

    assert (run.status, run.run_key) == ("failed", None)
    assert run.message == "The first step failed. RuntimeError: no calendar"
    assert set(run.chunks.values_list("status", flat=True)) == {"pending"}
    assert Alert.objects.get().kind == "run_failed"


def test_a_failed_last_step_fails_the_run(analysis: SmallAnalysis, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*, run: AnalysisRun, now: datetime) -> None:
        Supplier.objects.create(code="half", name="half done")
        raise RuntimeError("no totals")

    monkeypatch.setattr(analysis, "finish", break_down)
    run = work(start())

    assert (run.status, run.message) == ("failed", "The last step failed. RuntimeError: no totals")
    assert not Supplier.objects.filter(code="half").exists()


def test_of_two_workers_that_see_the_run_complete_one_ends_it(analysis: SmallAnalysis) -> None:
    run = start()
    run.chunks.update(status="done", times_completed=1)
    AnalysisRun.objects.filter(pk=run.pk).update(status="running", series_done=4)
    stale = AnalysisRun.objects.get(pk=run.pk)

    assert runs.close_if_complete(run, now=NOW) is True
    assert runs.close_if_complete(stale, now=NOW) is False
    assert analysis.finished == ["done"]


def test_a_run_with_an_open_chunk_is_not_ended(analysis: SmallAnalysis) -> None:
    run = start()
    claim(run)

    assert runs.close_if_complete(run, now=NOW) is False
    run.refresh_from_db()
    assert run.status == "pending"


@pytest.mark.parametrize(
    ("minutes", "lease_minutes", "listed"),
    [
        pytest.param(0, None, False, id="just started: its messages are under way"),
        pytest.param(2, None, True, id="nobody began: its messages were lost"),
        pytest.param(2, 5, False, id="a worker took a chunk just now"),
        pytest.param(9, 5, True, id="the lease ran out"),
        pytest.param(4, 5, True, id="a chunk is held, but none was taken for minutes"),
    ],
)
def test_runs_that_nobody_works_on_are_found(
    analysis: SmallAnalysis, minutes: int, lease_minutes: int | None, listed: bool
) -> None:
    run = start()
    if lease_minutes is not None:
        run.chunks.filter(position=1).update(
            status="running",
            worker="another-host:1",
            started_at=NOW + timedelta(minutes=2),
            lease_until=NOW + timedelta(minutes=lease_minutes),
        )

    found = runs.runs_without_workers(now=NOW + timedelta(minutes=minutes))

    assert [r.pk for r in found] == ([run.pk] if listed else [])


def test_the_lease_of_a_process_that_is_gone_ends_at_once(analysis: SmallAnalysis) -> None:
    run = start()
    here = this_worker()
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    dead = claim(run, worker=f"{here.rpartition(':')[0]}:{process.pid}")
    alive, elsewhere = claim(run, worker=here), claim(run, worker="another-host:1")

    runs.runs_without_workers(now=NOW)

    assert runs.claim_chunk(run.pk, worker="w2", now=NOW).position == dead.position  # type: ignore[union-attr]
    assert runs.claim_chunk(run.pk, worker="w2", now=NOW) is None
    for chunk in (alive, elsewhere):
        chunk.refresh_from_db()
        assert chunk.lease_until == NOW + LEASE


def test_a_killed_process_counts_as_gone_before_its_parent_takes_note(analysis: SmallAnalysis) -> None:
    run = start()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        dead = claim(run, worker=f"{this_worker().rpartition(':')[0]}:{process.pid}")
        assert not is_gone(dead.worker)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead by now, and left as a zombie

        runs.runs_without_workers(now=NOW)

        assert list(run.chunks.abandoned(NOW)) == [dead]


def test_a_run_whose_last_worker_died_before_ending_it_is_found_and_ended(analysis: SmallAnalysis) -> None:
    run = start()
    run.chunks.update(status="done", times_completed=1)
    AnalysisRun.objects.filter(pk=run.pk).update(status="running", series_done=4)

    assert [r.pk for r in runs.runs_without_workers(now=NOW + timedelta(minutes=2))] == [run.pk]
    assert work(run).status == "done"
    assert runs.runs_without_workers(now=NOW + timedelta(minutes=2)) == []


def test_the_queries_of_a_run_do_not_grow_with_its_series(
    cast: Cast, analysis: SmallAnalysis, django_assert_num_queries: Any
) -> None:
    everything = [product.pk for product in cast.products]
    for plan in ([(cast.north.pk, everything[:1])], [(cast.north.pk, everything)]):
        analysis.plan = plan
        run = start()
        chunk = claim(run)
        with django_assert_num_queries(5):  # savepoint, the test's row, completion, progress, release
            run_chunks.do_chunk(chunk, now=NOW)
        work(run)
