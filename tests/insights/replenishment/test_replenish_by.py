from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from insights.calc.replenishment.config import PolicyConfig
from insights.calc.replenishment.demand import DemandSums
from insights.calc.replenishment.replenish_by import LONGEST_WAIT, TOO_LATE, URGENCIES, periods_to_wait, urgency
from tests.insights.replenishment.makers import make_rows, poisson_sums

LEVELS = np.array([0.1, 0.5, 0.9])


def exactly(per_period: float, count: int = 1) -> DemandSums:
    """Demand without any spread: 7 and 14 periods."""
    mean = np.tile(np.array([7.0, 14.0]) * per_period, (count, 1))
    return DemandSums(
        periods=np.tile([7.0, 14.0], (count, 1)),
        levels=LEVELS,
        quantiles=np.repeat(mean[:, :, None], 3, axis=2),
        mean=mean,
        whole=np.ones(count, dtype=bool),
    )


@pytest.mark.parametrize(
    ("on_hand", "arrivals", "arrival_periods", "wait"),
    [
        (20, 0, 0, 3),  # 20 cover 10 periods, an order takes 7
        (14, 0, 0, 0),
        (13, 0, 0, TOO_LATE),
        (1000, 0, 0, LONGEST_WAIT),
        (14, 6, 3, 3),  # what comes in between counts
        (14, 6, 30, 0),  # what comes in later does not
    ],
)
def test_the_last_period_in_which_to_order(on_hand: int, arrivals: int, arrival_periods: int, wait: int) -> None:
    rows = make_rows(exactly(2), on_hand=on_hand, arrivals=arrivals, arrival_periods=arrival_periods)
    assert periods_to_wait(rows, 0.9).tolist() == [wait]


def test_the_surer_the_sooner() -> None:
    """Poisson of 4 a period and 60 on hand: 15, 12 and 11 periods are served with 53, 96 and 99 %; 13 with 88 %."""
    rows = make_rows(poisson_sums([4.0]), on_hand=60)
    assert stats.poisson.cdf(60, [60, 48, 52, 44]).round(2).tolist() == [0.53, 0.96, 0.88, 0.99]
    assert [periods_to_wait(rows, level)[0] for level in (0.5, 0.9)] == [15 - 7, 12 - 7]
    assert periods_to_wait(rows, 0.99)[0] in (10 - 7, 11 - 7)  # 99.1 % is too near for 64 points


def test_no_rows_wait_for_nothing() -> None:
    assert periods_to_wait(make_rows(exactly(1, 0)), 0.9).tolist() == []


def test_urgency_is_of_running_out_and_of_the_next_chance_to_order() -> None:
    rows = make_rows(exactly(2, 7), on_hand=np.array([5.0, 5, 5, 5, 5, 0, 5]))
    found = urgency(
        rows,
        np.array([0.5, 0.2, 0.1, 0.1, 0.9, 0.9, 0.0]),
        np.array([TOO_LATE, TOO_LATE, 6, 7, 0, 0, 0]),
        is_forecast=np.array([True, True, True, True, True, False, False]),
        is_counted=np.array([True, True, True, True, False, True, True]),
        config=PolicyConfig(),
    )
    assert [URGENCIES[place] for place in found] == ["critical", "high", "medium", "low", "medium", "high", "medium"]
