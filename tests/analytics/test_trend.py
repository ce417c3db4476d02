"""Trends: the published values, and what odd series give."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calc.trend import (
    FALLING,
    NO_CLEAR_TREND,
    RISING,
    Trend,
    hamed_rao,
    mann_kendall,
    pre_whitened,
    seasonal_mann_kendall,
    trend_free_pre_whitened,
    yue_wang,
)
from tests.conftest import SHARED_DATA


def column(name: str) -> list[float]:
    with (SHARED_DATA / name).open() as lines:
        return [float(row[-1]) for row in list(csv.reader(lines))[1:]]


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("test", "z", "p"),
    [
        (mann_kendall, 5.9795725, 2.237239504765398e-09),
        (hamed_rao, 5.130377554630905, 2.8916160532688195e-07),
        (yue_wang, 7.228299591844883, 4.89164264649844e-13),
        (trend_free_pre_whitened, 6.078212917371978, 1.2152931994080518e-09),
        (pre_whitened, 2.982300730486251, 0.0028609082),
    ],
)
def test_shampoo_sales_have_the_published_z_and_p(test: object, z: float, p: float) -> None:
    trend = test(column("shampoo.csv"))  # type: ignore[operator]
    assert trend.z == pytest.approx(z, rel=1e-7)
    assert trend.p == pytest.approx(p, rel=1e-3)  # published as 1 - Φ, which loses digits at the far end


@pytest.mark.shared_data
def test_shampoo_sales_have_the_published_score_and_slope() -> None:
    trend = mann_kendall(column("shampoo.csv"))
    assert (trend.s, trend.variance) == (440, 5390)
    assert (trend.tau, trend.slope, trend.intercept) == pytest.approx((0.6984127, 11.509375, 78.7359375), rel=1e-7)


@pytest.mark.shared_data
def test_births_with_ties_have_the_published_values() -> None:
    trend = mann_kendall(column("births.csv"))
    assert (trend.s, trend.z, trend.p) == pytest.approx((12336, 5.302131199455321, 1.144585319856617e-07), rel=1e-7)
    assert (trend.tau, trend.slope, trend.intercept) == pytest.approx((0.18569923, 0.019230769, 38.5), rel=1e-7)


@pytest.mark.shared_data
def test_air_passengers_by_month_have_the_published_values() -> None:
    trend = seasonal_mann_kendall(column("air_passengers.csv"), period=12)
    assert (trend.s, trend.variance) == (784, 2550)
    assert (trend.z, trend.tau) == pytest.approx((15.50571052301472, 0.98989899), rel=1e-7)
    assert (trend.slope, trend.intercept) == pytest.approx((30.2361111, 85.3431713), rel=1e-7)


def test_a_small_series_by_hand() -> None:
    trend = mann_kendall([1, 3, 2, 5])  # pairs: + + + - + + → 4 of 6; variance 4·3·13/18
    assert (trend.s, trend.tau, trend.variance) == (4, 4 / 6, 156 / 18)
    assert trend.z == pytest.approx(3 / math.sqrt(156 / 18))
    assert trend.slope == pytest.approx(7 / 6)  # the middle of -1, 1/2, 1, 4/3, 2, 3


def test_a_season_is_no_trend() -> None:
    week = np.tile([5, 5, 5, 5, 9, 20, 3], 8) + np.arange(56) % 3
    trend = seasonal_mann_kendall(week, period=7, is_autocorrelated=True)
    assert trend.verdict() == NO_CLEAR_TREND


def test_a_rise_under_a_strong_week_is_found_per_week() -> None:
    days = np.arange(56)
    trend = seasonal_mann_kendall(np.tile([5, 5, 5, 5, 9, 20, 3], 8) + 0.5 * days, period=7)
    assert (trend.verdict(), trend.slope) == (RISING, 3.5)


def test_correlated_days_without_a_trend_are_seldom_called_one() -> None:
    rng = np.random.default_rng(7)
    called = {mann_kendall: 0, hamed_rao: 0}
    for _ in range(300):
        walk = np.zeros(60)
        for day in range(1, 60):
            walk[day] = 0.6 * walk[day - 1] + rng.normal()
        for test in called:
            called[test] += test(walk).verdict() != NO_CLEAR_TREND
    assert called[mann_kendall] > 60  # of 300, where 15 would be right
    assert called[hamed_rao] < 0.7 * called[mann_kendall]


def test_the_slope_lies_in_its_interval_as_often_as_promised() -> None:
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(300):
        trend = mann_kendall(0.3 * np.arange(30) + rng.normal(size=30))
        held += trend.slope_low <= 0.3 <= trend.slope_high
    assert 0.92 <= held / 300 <= 0.985


def test_equal_values_have_no_trend() -> None:
    trend = mann_kendall([4.0] * 10)
    assert (trend.s, trend.z, trend.p, trend.slope, trend.verdict()) == (0, 0, 1, 0, NO_CLEAR_TREND)
    assert hamed_rao([4.0] * 10).p == 1


def test_days_that_are_not_known_keep_their_place() -> None:
    assert mann_kendall([1, np.nan, 3, 4, np.nan, 6]).slope == 1


@pytest.mark.parametrize("values", [[], [1, 2, 3], [np.nan] * 10, [1, 2, np.nan, np.inf, 3]])
def test_under_four_known_values_there_is_no_answer(values: list[float]) -> None:
    with pytest.raises(ValueError, match="4 known values"):
        mann_kendall(values)


def test_a_season_needs_two_rounds() -> None:
    with pytest.raises(ValueError, match="two rounds"):
        seasonal_mann_kendall([1, 2, 3, 4, 5], period=7)


@given(st.lists(st.integers(0, 50), min_size=4, max_size=30))
def test_turned_round_it_falls_as_much(values: list[int]) -> None:
    there, back = mann_kendall(values), mann_kendall(values[::-1])
    assert (there.s, there.slope) == pytest.approx((-back.s, -back.slope))
    if there.verdict() == RISING:
        assert back.verdict() == FALLING


@given(st.lists(st.integers(0, 50), min_size=4, max_size=30), st.integers(1, 9), st.integers(-20, 20))
def test_scale_and_level_change_no_verdict(values: list[int], scale: int, level: int) -> None:
    moved = [scale * value + level for value in values]
    one, other = hamed_rao(values), hamed_rao(moved)
    assert isinstance(one, Trend)
    assert (other.z, other.slope) == pytest.approx((one.z, scale * one.slope))
