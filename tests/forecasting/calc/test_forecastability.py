"""XYZ: the error of weeks, by backtest or by variability, on one scale."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.calc.forecastability import forecastability, variability, xyz_class

NAN = float("nan")


def weeks(*units: float) -> np.ndarray:
    """Daily demand of one series whose weeks sum to ``units``."""
    return np.repeat(np.array(units, dtype=float) / 7, 7)[None]


def test_bounds_belong_to_the_better_class_and_nothing_known_has_none() -> None:
    assert [xyz_class(error) for error in (0, 0.4, 0.41, 0.8, 0.81, 9, NAN)] == ["X", "X", "Y", "Y", "Z", "Z", ""]


def test_variability_is_the_error_of_the_mean_of_the_other_weeks() -> None:
    error, count = variability(weeks(10, 20, 10, 20))
    assert (error[0], count[0]) == (pytest.approx(4 / 3 * 20 / 60), 4)
    by_hand = [abs(y - (60 - y) / 3) for y in (10, 20, 10, 20)]
    assert error[0] == pytest.approx(sum(by_hand) / 60)


def test_variability_ignores_how_much_is_sold() -> None:
    few, many = weeks(1, 4, 2, 2, 5), weeks(100, 400, 200, 200, 500)
    assert variability(few)[0] == pytest.approx(variability(many)[0])


def test_a_week_with_unknown_days_is_scaled_up_or_left_out() -> None:
    steady = weeks(14, 14, 14, 14, 14)
    steady[0, :3] = NAN  # four days known: 8 of 14 units, scaled up
    steady[0, 7:11] = NAN  # three days known: left out
    error, count = variability(steady)
    assert (error[0], count[0]) == (pytest.approx(0), 4)


@pytest.mark.parametrize("demand", [weeks(1, 2, 3), weeks(0, 0, 0, 0, 0), np.full((1, 40), NAN), np.zeros((1, 0))])
def test_too_few_weeks_or_no_demand_is_not_known(demand: np.ndarray) -> None:
    assert np.isnan(variability(demand)[0][0])
    found = forecastability(errors=np.full((1, 1, 28), NAN), origins=np.array([0]), demand=demand)
    assert (found.classes, found.from_backtest[0], found.weeks[0]) == ([""], False, 0)


def test_the_backtest_is_measured_by_weeks_so_that_noise_of_days_cancels() -> None:
    demand = weeks(*[70] * 8)
    errors = np.tile([5.0, -5.0, 5.0, -5.0, 5.0, -5.0, 7.0], 4)[None, None]  # 7 of 70 each week; days err by half
    found = forecastability(errors=errors, origins=np.array([28]), demand=demand)
    assert found.error[0] == pytest.approx(0.1)
    assert (found.classes, bool(found.from_backtest[0]), found.weeks[0]) == (["X"], True, 4)


def test_days_that_are_not_known_count_neither_as_error_nor_as_demand() -> None:
    demand = weeks(*[70] * 8)
    errors = np.full((1, 1, 28), 2.0)
    errors[0, 0, ::7] = NAN
    found = forecastability(errors=errors, origins=np.array([28]), demand=demand)
    assert found.error[0] == pytest.approx(4 * 12 / (4 * 60))


def test_weeks_past_the_end_are_not_measured_and_variability_stands_in() -> None:
    demand = weeks(*[70] * 6)
    found = forecastability(errors=np.full((1, 1, 28), 30.0), origins=np.array([28]), demand=demand)
    assert not found.from_backtest[0]
    assert (found.error[0], found.weeks[0]) == (pytest.approx(0), 6)


def test_a_wild_forecast_of_steady_demand_is_z() -> None:
    found = forecastability(errors=np.full((1, 1, 28), 30.0), origins=np.array([28]), demand=weeks(*[70] * 8))
    assert found.classes == ["Z"]
