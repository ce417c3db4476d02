"""A short form of the study in ``benchmarks.fill_rates``; its table is in benchmarks/README.md."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.fill_rates import Demand, demands, simulate


@pytest.mark.parametrize("name", ["Poisson, 120 a day", "negative binomial, 2 a day", "intermittent, 2.1 a day"])
@pytest.mark.parametrize(("lead_time", "target"), [(1, 0.98), (7, 0.95), (14, 0.9)])
def test_fill_rates_are_held_with_backorders(name: str, lead_time: int, target: float) -> None:
    demand = next(one for one in demands() if one.name == name)
    study = simulate(demand, lead_time, target, has_backorders=True, days=600, stores=400, seed=3)
    assert study.is_held, study


@pytest.mark.parametrize(("lead_time", "target"), [(1, 0.95), (3, 0.9)])
def test_fill_rates_are_not_missed_with_lost_sales(lead_time: int, target: float) -> None:
    demand = Demand("negative binomial", stats.nbinom.pmf(np.arange(60), 1, 1 / 3))
    study = simulate(demand, lead_time, target, has_backorders=False, days=60, stores=150, seed=3)
    assert target - 0.002 <= study.achieved < target + 0.04
