"""The benchmark's measures, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.forecast_scores import Answer, Fold, demand_classes, score, slices

NAN = np.nan


def answer(mean: list[list[float]], low: float = 0, high: float = 100) -> Answer:
    values = np.array(mean)
    bounds = np.stack([np.full(values.shape, bound) for bound in (low, high, low, high)], axis=2)
    return Answer(values, values, bounds)


def test_wape_and_bias_are_shares_of_all_units() -> None:
    fold = Fold(np.array([[1.0, 3, 1]]), np.array([[10.0, 30, NAN]]))
    found = score(answer([[12, 24, 99]]), fold, np.ones((1, 3), dtype=bool))
    assert found.wape == pytest.approx(8 / 40)
    assert found.bias == pytest.approx(-4 / 40)


def test_rmsse_is_scaled_by_the_histories_change_from_period_to_period() -> None:
    fold = Fold(np.array([[1.0, 3, 1], [NAN, 5, 9]]), np.array([[10.0, 10], [10, 10]]))
    found = score(answer([[13, 13], [16, 16]]), fold, np.ones((2, 2), dtype=bool))
    assert found.rmsse == pytest.approx((np.sqrt(9 / 4) + np.sqrt(36 / 16)) / 2)


def test_coverage_counts_the_bounds_as_inside() -> None:
    fold = Fold(np.array([[1.0, 2]]), np.array([[0.0, 5, 10, 11]]))
    found = score(answer([[5, 5, 5, 5]], low=0, high=10), fold, np.ones((1, 4), dtype=bool))
    assert (found.coverage_80, found.coverage_95) == (0.75, 0.75)


def test_pinball_is_the_mean_over_the_five_levels_over_the_histories_change() -> None:
    fold = Fold(np.array([[0.0, 2]]), np.array([[10.0]]))
    found = score(answer([[8]], low=4, high=14), fold, np.ones((1, 1), dtype=bool))
    by_hand = [0.5 * 2, 0.1 * 6, 0.1 * 4, 0.025 * 6, 0.025 * 4]
    assert found.pinball == pytest.approx(np.mean(by_hand) / 2)


def test_a_series_that_never_changed_has_no_scale_and_takes_no_part_in_the_scaled_means() -> None:
    fold = Fold(np.array([[2.0, 2], [0, 2]]), np.array([[10.0], [10]]))
    found = score(answer([[0], [8]]), fold, np.ones((2, 1), dtype=bool))
    assert found.rmsse == pytest.approx(1)


def test_classes_are_those_of_syntetos_and_boylan() -> None:
    smooth, erratic = [5.0, 6, 5, 6, 5, 6], [1.0, 1, 1, 1, 1, 20]
    history = np.array([smooth, erratic, [0.0, 5, 0, 5, 0, 5], [0.0, 1, 0, 1, 0, 20]])
    assert demand_classes(history).tolist() == ["smooth", "erratic", "intermittent", "lumpy"]


def test_slices_are_all_then_the_classes_that_occur_then_the_weeks() -> None:
    fold = Fold(np.array([[5.0, 6, 5, 6]]), np.zeros((1, 10)))
    found = dict(slices(fold, 7))
    assert list(found) == ["all", "smooth", "week 1", "week 2"]
    assert found["week 2"].sum() == 3
