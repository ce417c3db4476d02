from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.calc.overrides import Correction, corrected, corrected_sum, quantile_moved

units = st.floats(0, 1e4)


def test_corrections_are_done_one_after_the_other() -> None:
    steps = [Correction(1, 1, "multiply", 2.0), Correction(0, 1, "add", -5.0)]
    assert corrected([10.0, 10.0, 10.0], steps) == [5.0, 15.0, 10.0]


def test_what_is_set_is_set_and_nothing_falls_under_zero() -> None:
    assert corrected([4.0, 4.0], [Correction(0, 0, "set", 9.0), Correction(1, 5, "add", -9.0)]) == [9.0, 0.0]


def test_a_sum_past_the_path_is_corrected_by_its_daily_share() -> None:
    # 28 units in 4 days, of which 10 in the 2 that are known: 9 a day beyond. Day 2 is doubled.
    assert corrected_sum([5.0, 5.0], 28.0, 4, [Correction(2, 2, "multiply", 2.0)]) == 37.0


def test_a_sum_before_the_correction_keeps_its_value() -> None:
    assert corrected_sum([5.0] * 28, 34.9, 7, [Correction(7, 9, "set", 90.0)]) == pytest.approx(34.9)


def test_a_quantiles_distance_grows_with_the_root_of_the_mean() -> None:
    assert quantile_moved(7.0, 0.9, mean=4.0, to=16.0) == 22.0
    assert quantile_moved(1.0, 0.1, mean=4.0, to=16.0) == 10.0


def test_where_nothing_was_expected_demand_varies_as_counts_do() -> None:
    assert quantile_moved(0.0, 0.5, mean=0.0, to=16.0) == 16.0
    assert quantile_moved(0.0, 0.975, mean=0.0, to=16.0) == pytest.approx(16 + 1.96 * 4, abs=0.01)


def test_small_counts_stay_whole() -> None:
    assert quantile_moved(3.0, 0.9, mean=1.0, to=2.0, is_whole=True) == 5.0


@given(st.lists(units, min_size=2, max_size=7), units, units, st.booleans())
def test_quantiles_never_cross_and_are_never_negative(values: list[float], mean: float, to: float, whole: bool) -> None:
    levels = [(place + 1) / 8 for place in range(len(values))]
    moved = [
        quantile_moved(value, level, mean=mean, to=to, is_whole=whole)
        for value, level in zip(sorted(values), levels, strict=True)
    ]
    assert moved == sorted(moved)
    assert min(moved) >= 0
