from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from forecasting.calc.demand import history_days, observed_demand
from forecasting.calc.protection import lead_days, protection_days


def one(
    sold: list[float],
    *,
    returned: list[float] | None = None,
    out: list[float] | None = None,
    started: bool = True,
) -> Any:
    """The demand of one series."""
    zeros = [0.0] * len(sold)
    return observed_demand(
        sold_units=np.array([sold]),
        returned_units=np.array([returned or zeros]),
        out_of_stock_share=np.array([out or zeros]),
        started=np.array([started]),
    )[0].tolist()


def test_days_before_the_first_sale_are_unknown_and_days_after_it_are_zero() -> None:
    assert one([0, 0, 3, 0, 2], started=False) == pytest.approx([np.nan, np.nan, 3, 0, 2], nan_ok=True)


def test_a_series_that_sold_before_the_window_starts_with_known_zeros() -> None:
    assert one([0, 0, 3]) == [0, 0, 3]


def test_a_sale_undone_on_the_same_day_was_no_demand_and_returns_never_make_it_negative() -> None:
    assert one([5, 0, 2], returned=[5, 4, 1]) == [0, 0, 1]


def test_a_day_mostly_out_of_stock_is_unknown_and_not_zero() -> None:
    assert one([4, 0, 1], out=[0, 1, 0.6]) == pytest.approx([4, np.nan, np.nan], nan_ok=True)


def test_a_day_partly_out_of_stock_is_raised_to_the_whole_day() -> None:
    assert one([6], returned=[1], out=[0.25]) == pytest.approx([5 / 0.75])
    assert one([6], out=[0.5]) == [12]


def test_a_25_hour_stock_out_day_is_unknown() -> None:
    assert one([1, 0], out=[0, 90_000 / 86_400]) == pytest.approx([1, np.nan], nan_ok=True)


def test_the_history_runs_from_the_first_known_day() -> None:
    demand = np.array([[np.nan, np.nan, 1, np.nan, 0], [np.nan] * 5, [0, 0, 0, 0, 0]])
    assert history_days(demand).tolist() == [3, 0, 5]


def test_an_empty_window_has_no_history() -> None:
    assert history_days(np.zeros((2, 0))).tolist() == [0, 0]


@pytest.mark.parametrize(("lead", "review", "days"), [(4.5, 7, 12), (5, 7, 12), (0, 1, 1), (200, 30, 91)], ids=str)
def test_the_protection_interval_is_lead_time_plus_review_in_whole_days(lead: float, review: int, days: int) -> None:
    assert protection_days(lead_time_days=lead, review_days=review) == days


def test_an_order_takes_at_least_a_day() -> None:
    assert [lead_days(days) for days in (0, 0.2, 1, 1.5)] == [1, 1, 1, 2]
