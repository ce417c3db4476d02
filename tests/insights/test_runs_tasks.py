"""The doors of a run: tasks (here run eagerly; real workers are in tests/live) and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from insights import tasks
from insights.models import AnalysisRun
from insights.services import runs
from invencare.celery import app
from invencare.lib import clock
from invencare.lib.correlation import correlated
from inventory.models import Supplier
from tests.cast import NOW, Cast, movement, record
from tests.insights.test_runs import DAY, SmallAnalysis


@pytest.fixture
def eager() -> Iterator[None]:
    before = app.conf.task_always_eager, app.conf.task_eager_propagates
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager, app.conf.task_eager_propagates = before


@pytest.fixture
def analysis(cast: Cast, monkeypatch: pytest.MonkeyPatch, eager: None) -> SmallAnalysis:
    small = SmallAnalysis(cast)
    monkeypatch.setattr("insights.services.nightly", small, raising=False)
    monkeypatch.setattr(runs, "SQLITE_TURN_SECONDS", 0)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    return small


def nightly(*arguments: str) -> str:
    out = StringIO()
    call_command("nightly", *arguments, stdout=out)
    return out.getvalue()


def test_the_schedule_starts_the_last_complete_day_and_does_it_once(analysis: SmallAnalysis) -> None:
    first = tasks.start_nightly.delay().get()
    second = tasks.start_nightly.delay().get()

    run = AnalysisRun.objects.get()
    assert first == second == run.pk
    assert (run.business_date, run.status) == (DAY, "done")
    assert Supplier.objects.filter(name__startswith="written by").count() == 3


def test_a_task_of_work_sends_itself_again_until_all_is_done(
    analysis: SmallAnalysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SLICE_SECONDS", 0.0)
    run = runs.start_nightly(business_date=DAY, now=NOW)
    slices = []
    again = tasks.work_on_run.delay
    monkeypatch.setattr(tasks.work_on_run, "delay", lambda run_id: slices.append(run_id) or again(run_id))

    tasks.dispatch(run.pk, workers=1)

    run.refresh_from_db()
    assert run.status == "done"
    assert slices == [run.pk] * 4  # the first, and one after each of three chunks


def test_work_runs_under_the_correlation_id_of_the_start(
    analysis: SmallAnalysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def note(*, run: AnalysisRun, now: datetime) -> None:
        seen.append(tasks.work_on_run.request.headers["invencare_correlation_id"])

    monkeypatch.setattr(analysis, "finish", note)
    with correlated("button-7"):
        run = runs.start_nightly(business_date=DAY, now=NOW)
    with correlated("somebody-else"):
        tasks.dispatch(run.pk)

    assert run.correlation_id == "button-7"
    assert seen == ["button-7"]


def test_lost_runs_are_taken_up_again(analysis: SmallAnalysis, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.start_nightly(business_date=DAY, now=NOW)
    assert tasks.resume_runs.delay().get() == []  # too young to be lost

    monkeypatch.setattr(clock, "now", lambda: NOW + 2 * runs.WAKE_AFTER)
    assert tasks.resume_runs.delay().get() == [run.pk]
    run.refresh_from_db()
    assert run.status == "done"


def test_the_command_works_by_itself_and_sums_up(analysis: SmallAnalysis) -> None:
    printed = nightly("--date", "2026-03-15")

    assert printed == "Nightly analysis of 2026-03-15: done in 0.0 s; 4 series, 4 done, 0 failed.\n"


def test_the_command_says_when_a_day_has_had_its_run(analysis: SmallAnalysis) -> None:
    nightly("--date", "2026-03-15")

    assert nightly("--date", "2026-03-15", "--if-missing") == (
        "Nightly analysis of 2026-03-15: already done, nothing to do.\n"
    )
    assert AnalysisRun.objects.count() == 1


def test_the_command_fails_with_the_failures(analysis: SmallAnalysis, capsys: Any) -> None:
    analysis.trouble_at[2] = lambda: ValueError("no such unit")
    out = StringIO()
    with pytest.raises(CommandError, match=r"^1 of 4 series failed\.$"):
        call_command("nightly", "--date", "2026-03-15", stdout=out)

    assert out.getvalue().splitlines()[1] == "  S1 · chunk · ValueError: no such unit"


@pytest.mark.django_db(transaction=True)
def test_the_command_gives_the_work_to_the_workers(analysis: SmallAnalysis) -> None:
    nightly("--date", "2026-03-15", "--enqueue")

    assert AnalysisRun.objects.get().status == "done"


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "16.03.2026"])
def test_the_command_refuses_what_is_not_a_date(analysis: SmallAnalysis, text: str) -> None:
    with pytest.raises(CommandError, match="is not a date like 2026-11-20"):
        nightly(f"--date={text}")
    assert not AnalysisRun.objects.exists()


def test_the_command_says_where_old_sales_end(analysis: SmallAnalysis, cast: Cast) -> None:
    assert "newest sales" not in nightly("--date", "2026-03-14")
    record(movement(cast.north, cast.steady, "sale", 3, day=date(2025, 6, 30)))
    assert "The newest sales are of 2025-06-30: import newer ones" in nightly("--date", "2026-03-15")
