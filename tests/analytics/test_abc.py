from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calc.abc import NOT_RANKED, rank


def classes(*revenue: float) -> str:
    ranked = rank(dict(enumerate(revenue)))
    return " ".join(ranked[index].abc_class or "-" for index in range(len(revenue)))


def test_the_class_is_the_place_in_the_cumulative_revenue() -> None:
    assert classes(50, 30, 15, 5) == "A A B C"
    standings = rank({7: 15, 8: 50, 9: 30, 10: 5})
    assert [standings[product].share for product in (8, 9, 7, 10)] == pytest.approx([0.50, 0.30, 0.15, 0.05])
    assert [standings[product].share_before for product in (8, 9, 7, 10)] == pytest.approx([0, 0.50, 0.80, 0.95])


def test_the_best_product_is_a_however_small_its_share() -> None:
    assert classes(100) == "A"
    assert classes(*[1] * 10) == "A A A A A A A A B B"


def test_nothing_earned_is_not_ranked_and_takes_no_share_from_others() -> None:
    standings = rank({1: 100, 2: 0, 3: -40})
    assert (standings[2], standings[3]) == (NOT_RANKED, NOT_RANKED)
    assert standings[1].share == 1


def test_a_store_without_revenue_ranks_nobody() -> None:
    assert rank({}) == {}
    assert rank({1: 0.0, 2: -1.0}) == {1: NOT_RANKED, 2: NOT_RANKED}


@given(st.dictionaries(st.integers(1, 50), st.floats(0.01, 1e6), min_size=1), st.floats(0.01, 100))
def test_shares_add_up_to_one_and_the_class_never_improves_down_the_ranking(
    revenue: dict[int, float], factor: float
) -> None:
    ranked = sorted(rank(revenue).items(), key=lambda item: (-revenue[item[0]], item[0]))
    assert sum(standing.share for _, standing in ranked) == pytest.approx(1)
    letters = [standing.abc_class for _, standing in ranked]
    assert letters == sorted(letters)
    assert letters[0] == "A"
