"""Outliers of a sample: the published example of the NIST handbook, and what odd samples give."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.calc.outliers import MODIFIED_Z_BOUND, generalised_esd, modified_z, robust_scale
from analytics.calc.peers import who_stands_out

# Rosner's 54 values, NIST/SEMATECH e-Handbook of Statistical Methods 1.3.5.17.3.
ROSNER = np.array(
    [
        float(value)
        for value in (
            "-0.25 0.68 0.94 1.15 1.20 1.26 1.26 1.34 1.38 1.43 1.49 1.49 1.55 1.56 1.58 1.65 1.69 1.70 1.76 1.77 1.81 "
            "1.91 1.94 1.96 1.99 2.06 2.09 2.10 2.14 2.15 2.23 2.24 2.26 2.35 2.37 2.40 2.47 2.54 2.62 2.64 2.90 2.92 "
            "2.92 2.93 3.21 3.26 3.30 3.59 3.68 4.30 4.64 5.34 5.42 6.01"
        ).split()
    ]
)


def test_the_handbooks_example_of_the_generalised_esd() -> None:
    found = generalised_esd(ROSNER, most=10, alpha=0.05)
    assert found.statistics == pytest.approx(
        [3.119, 2.943, 3.179, 2.810, 2.816, 2.848, 2.279, 2.310, 2.102, 2.067], abs=6e-4
    )
    assert found.bounds == pytest.approx(
        [3.159, 3.151, 3.144, 3.136, 3.128, 3.120, 3.112, 3.103, 3.094, 3.085], abs=6e-4
    )
    assert sorted(ROSNER[found.outliers]) == [5.34, 5.42, 6.01]


def test_the_modified_z_finds_the_same_three_where_a_plain_z_finds_one() -> None:
    assert sorted(ROSNER[np.abs(modified_z(ROSNER)) > MODIFIED_Z_BOUND]) == [5.34, 5.42, 6.01]
    plain = np.abs(ROSNER - ROSNER.mean()) / ROSNER.std(ddof=1)
    assert ROSNER[plain > 3].tolist() == [6.01]


def test_robust_scale_by_hand() -> None:
    assert robust_scale(np.array([1, 2, 4, 7, 100.0])) == pytest.approx(1.4826 * 3)
    assert robust_scale(np.array([1, 2, np.nan, 4, 7, 100.0])) == pytest.approx(1.4826 * 3)


def test_equal_values_have_no_outliers_and_no_modified_z() -> None:
    assert generalised_esd(np.ones(9), most=3).outliers.tolist() == []
    with pytest.raises(ValueError, match="no robust scale"):
        modified_z(np.array([1, 1, 1, 1, 9.0]))


@pytest.mark.parametrize(("values", "most"), [(np.ones(5), 0), (np.ones(5), 4), (np.array([1, np.nan, 2, 3]), 1)])
def test_what_cannot_be_tested_is_refused(values: np.ndarray, most: int) -> None:
    with pytest.raises(ValueError):
        generalised_esd(values, most=most)


def test_one_store_stands_out_and_a_day_that_was_bad_everywhere_singles_out_nobody() -> None:
    rng = np.random.default_rng(1)
    usual = rng.normal(0, 0.5, 12)
    usual[4] = -6
    assert (who_stands_out(usual, 4), who_stands_out(usual, 0)) == (True, False)
    assert who_stands_out(rng.normal(-6, 0.5, 12), 4) is False
    assert who_stands_out(np.array([-6.0, 0, 0, np.nan, 0, 0, 0, 1]), 0) is None
