from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from forecasting.calc.first_quantiles import known_quantiles, never_negative_or_crossing, normal_scores

LEVELS = (0.1, 0.25, 0.5, 0.9)


def test_quantiles_by_hand() -> None:
    # 1, 2, 3: positions 0.25 × 4 = 1, 0.5 × 4 = 2, 0.625 × 4 = 2.5
    assert known_quantiles(np.array([3.0, 1.0, 2.0]), (0.25, 0.5, 0.625)).tolist() == [1, 2, 2.5]


def test_a_level_beyond_what_so_few_values_can_tell_is_the_extreme_value() -> None:
    assert known_quantiles(np.array([1.0, 2.0, 3.0]), (0.01, 0.99)).tolist() == [1, 3]


def test_missing_values_are_left_out() -> None:
    values = np.array([[np.nan, 3.0, 1.0, np.nan, 2.0], [np.nan] * 5])
    assert known_quantiles(values, (0.5,)).ravel().tolist() == pytest.approx([2.0, np.nan], nan_ok=True)


def test_one_value_is_every_quantile() -> None:
    assert known_quantiles(np.array([7.0]), LEVELS).tolist() == [7, 7, 7, 7]


@given(st_numpy.arrays(np.float64, st.integers(1, 40), elements=st.floats(-1e6, 1e6) | st.just(np.nan)))
def test_quantiles_agree_with_numpys_weibull_method(values: np.ndarray) -> None:
    known = values[~np.isnan(values)]
    if known.size:
        expected = np.quantile(known, LEVELS, method="weibull")
        assert known_quantiles(values, LEVELS) == pytest.approx(expected, abs=1e-6)
    else:
        assert np.isnan(known_quantiles(values, LEVELS)).all()


def test_the_normal_scores_are_the_tables_values() -> None:
    assert normal_scores((0.025, 0.5, 0.9, 0.975)) == pytest.approx([-1.95996, 0, 1.28155, 1.95996], abs=1e-5)


@given(st_numpy.arrays(np.float64, (4, 5), elements=st.floats(-1e9, 1e9)))
def test_tidied_quantiles_never_fall_and_are_never_negative(quantiles: np.ndarray) -> None:
    tidy = never_negative_or_crossing(quantiles)
    assert (np.diff(tidy, axis=-1) >= 0).all()
    assert (tidy >= 0).all()
