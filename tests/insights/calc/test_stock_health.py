"""The score of stock health: worked numbers, its bounds, and what cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.calc.stock_health import stock_health


def test_the_score_is_the_sum_of_its_parts() -> None:
    health = stock_health(levels=100, out_of_stock=10, low=18, overstocked=5)
    assert health is not None
    assert [(part.name, part.points, part.of) for part in health.parts] == [
        ("in_stock", 45.0, 50.0),  # 90 of 100
        ("above_minimum", 24.0, 30.0),  # 72 of the 90
        ("not_overstocked", 19.0, 20.0),  # 95 of 100
    ]
    assert health.score == 88.0


@pytest.mark.parametrize(
    ("counts", "score"),
    [((10, 0, 0, 0), 100.0), ((10, 10, 0, 0), 20.0), ((10, 0, 10, 0), 70.0), ((10, 0, 0, 10), 80.0)],
)
def test_the_ends_of_each_part(counts: tuple[int, int, int, int], score: float) -> None:
    levels, out, low, over = counts
    health = stock_health(levels=levels, out_of_stock=out, low=low, overstocked=over)
    assert health is not None
    assert health.score == score


def test_nothing_on_sale_has_no_health() -> None:
    assert stock_health(levels=0, out_of_stock=0, low=0, overstocked=0) is None


@pytest.mark.parametrize("counts", [(5, 6, 0, 0), (5, 2, 2, 2), (5, -1, 0, 0), (-1, 0, 0, 0)])
def test_counts_that_cannot_be_are_refused(counts: tuple[int, int, int, int]) -> None:
    levels, out, low, over = counts
    with pytest.raises(ValueError, match="no more than"):
        stock_health(levels=levels, out_of_stock=out, low=low, overstocked=over)


COUNT = st.integers(0, 1000)


@given(out=COUNT, low=COUNT, over=COUNT, fine=COUNT)
def test_it_lies_between_0_and_100_and_never_rises_when_a_level_runs_out(
    out: int, low: int, over: int, fine: int
) -> None:
    levels = out + low + over + fine
    health = stock_health(levels=levels, out_of_stock=out, low=low, overstocked=over)
    if health is None:
        return
    assert 0 <= health.score <= 100
    if fine:
        worse = stock_health(levels=levels, out_of_stock=out + 1, low=low, overstocked=over)
        assert worse is not None
        assert worse.score <= health.score
