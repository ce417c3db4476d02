"""Sums are kept until the ledger grows, and no longer than a minute."""

from __future__ import annotations

import pytest
from django.core.cache import caches

from inventory.services import kept_sums as module
from inventory.services.kept_sums import kept_sums
from tests.cast import Cast, movement, record


def test_the_work_is_done_once_for_the_same_ledger_and_the_same_question(cast: Cast) -> None:
    done: list[str] = []

    def ask(what: str) -> int:
        return kept_sums(what, lambda: done.append(what) or len(done))  # type: ignore[func-returns-value]

    assert [ask("north"), ask("north"), ask("south"), ask("north")] == [1, 1, 2, 1]
    record(movement(cast.north, cast.steady, "sale", 1))
    assert [ask("north"), ask("north")] == [3, 3]


def test_an_empty_result_is_kept_as_well(cast: Cast) -> None:
    results = iter([None, "again"])
    assert [kept_sums("nothing", lambda: next(results)) for _ in range(2)] == [None, None]


def test_what_came_without_a_newer_row_shows_after_a_minute(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []
    monkeypatch.setattr(caches["process"], "set", lambda key, value, seconds: given.append(seconds))
    kept_sums("north", lambda: 1)
    assert given == [module.KEPT_SECONDS] == [60]
