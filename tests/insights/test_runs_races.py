"""What several workers do to one run at the same instant, on real connections."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection

from insights.models import AnalysisRun, AnalysisRunChunk
from insights.services import runs
from tests.cast import NOW, Cast
from tests.insights.test_runs import SmallAnalysis

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

DAY = date(2026, 3, 15)


@pytest.fixture
def analysis(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> SmallAnalysis:
    small = SmallAnalysis(cast)
    small.plan = [(cast.north.pk, [product.pk]) for product in cast.products] * 8
    monkeypatch.setattr("insights.services.nightly", small, raising=False)
    return small


def at_once(times: int, action: Callable[[int], Any]) -> list[Any]:
    """The results of ``action(0 … times-1)``, begun together in as many threads."""
    barrier = threading.Barrier(times)
    results: list[Any] = [None] * times

    def one(number: int) -> None:
        try:
            barrier.wait()
            results[number] = action(number)
        except BaseException as error:  # noqa: BLE001  (shown by the assertion)
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_eight_starts_at_once_make_one_run(analysis: SmallAnalysis) -> None:
    started = at_once(8, lambda _: runs.start_nightly(business_date=DAY, now=NOW).pk)

    assert started == [AnalysisRun.objects.get().pk] * 8
    assert AnalysisRunChunk.objects.count() == 40


def test_eight_workers_never_claim_the_same_chunk(analysis: SmallAnalysis) -> None:
    run = runs.start_nightly(business_date=DAY, now=NOW)

    def claim_all(number: int) -> list[int]:
        claimed = []
        while chunk := runs.claim_chunk(run.pk, worker=f"w{number}", now=NOW):
            claimed.append(chunk.position)
        return claimed

    claimed = Counter(position for positions in at_once(8, claim_all) for position in positions)
    assert claimed == Counter(range(40))


def test_four_workers_share_a_run_and_it_is_prepared_and_ended_once(analysis: SmallAnalysis) -> None:
    run = runs.start_nightly(business_date=DAY, now=NOW)

    at_once(4, lambda number: runs.work_on(run.pk, worker=f"w{number}", read_clock=lambda: NOW))

    run.refresh_from_db()
    assert (run.status, run.series_done, run.series_failed) == ("done", 40, 0)
    assert set(run.chunks.values_list("status", "times_completed", "attempts")) == {("done", 1, 1)}
    assert analysis.trained == analysis.prepared == [run.pk]
    assert analysis.finished == ["done"]
