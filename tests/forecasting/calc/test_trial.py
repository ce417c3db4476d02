from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from forecasting.calc.direct_features import DirectFeatures
from forecasting.calc.refitted import Refitted
from forecasting.calc.sales_history import History
from forecasting.calc.trial import MOST_SERIES, Trial, try_model


@dataclass
class Says:
    """An estimator that answers one number everywhere."""

    units: float
    learned_before_day_: int = 0
    is_trained: bool = True

    def predict(self, features: DirectFeatures, origins: Any, periods: int) -> Any:
        return np.full((len(features.history.demand), len(origins), periods), self.units)


def trial(units: float, demand: Any, origins: list[int] | None = None, periods: int = 7) -> Trial:
    history = History(np.asarray(demand, dtype=float), first_day=0)
    model = Refitted(Says(units), (), np.zeros(1), 0, ())
    return try_model(model, history, np.array(origins or [14, 21]), periods)


def test_a_model_is_held_against_the_same_day_last_week() -> None:
    """Tens on every day but one week of twelves: of 14 days 9 errs by 1 and 3; the naive by 2 in that week alone."""
    demand = np.full((1, 28), 10.0)
    demand[0, 21:] = 12
    found = trial(9, demand)
    assert found == Trial(14, round(28 / 154, 4), round(28 / 154, 4), round(14 / 154, 4))
    assert not found.is_passed
    assert trial(11, demand).is_passed  # errs by 1 on every day: by 14 in all, as the naive
    assert not trial(12.5, demand).is_passed
    assert (trial(9.9, np.full((1, 28), 10.0)).is_passed, trial(9.8, np.full((1, 28), 10.0)).is_passed) == (True, False)


@pytest.mark.parametrize("demand", [np.zeros((2, 28)), np.full((2, 28), np.nan)])
def test_without_demand_nothing_is_tried_and_nothing_is_refused(demand: Any) -> None:
    found = trial(5, demand)
    assert (found.wape, found.bias, found.naive_wape, found.is_passed) == (None, None, None, True)


def test_unknown_days_and_those_after_the_end_do_not_count() -> None:
    demand = np.full((1, 28), 10.0)
    demand[0, 24] = np.nan
    assert trial(9, demand, [21], periods=28).points == 6


def test_a_large_panel_is_tried_on_some_of_its_series() -> None:
    assert trial(9, np.full((1000, 28), 10.0), [21]).points == 7 * MOST_SERIES
