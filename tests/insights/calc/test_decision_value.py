"""The replay of covered days: worked numbers, a plain twin as oracle, and what must always hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights.calc.decision_value import (
    Periods,
    cost_of_the_rest,
    filled_demand,
    forecast_value_added,
    needed_units,
    replay,
)


def periods(**changes: Any) -> Periods:
    """The docstring's example: 5 on hand, 4 wanted on each of 3 days, the order comes whole on the second."""
    values = {
        "opening_units": [5],
        "demand_units": [[4, 4, 4]],
        "other_units": [[0, 0, 0]],
        "delivered_share": [[0, 1, 0]],
        "unit_cost": [3],
        "unit_margin": [2],
        "holding_per_day": [0.01],
        "rate_per_day": [2],
        "shelf_life_days": [0],
        **changes,
    }
    days = values.pop("days", [len(values["demand_units"][0])])
    return Periods(**{name: np.array(value, dtype=float) for name, value in values.items()}, days=np.array(days))


def test_the_worked_example() -> None:
    played = replay(periods(), np.array([[8.0, 4.0, 0.0]]))
    assert played.lost_units.tolist() == [[0, 3, 7]]
    assert played.stockout_days.tolist() == [[0, 1, 2]]
    assert played.left_units.tolist() == [[1, 0, 0]]
    # 1 + 5 + 1 unit-days and the last unit for half a day; 1 + 1; 1.
    assert played.holding[0] == pytest.approx([0.075, 0.02, 0.01])
    assert played.cost[0] == pytest.approx([0.075, 6.02, 14.01])
    assert needed_units(periods()).tolist() == [7]


def test_the_needed_order_loses_nothing_and_one_unit_less_loses_one() -> None:
    played = replay(periods(), np.array([[7.0, 6.0]]))
    assert played.lost_units.tolist() == [[0, 1]]


def test_an_order_in_two_parts_comes_in_two_parts() -> None:
    played = replay(periods(delivered_share=[[0, 0.5, 0.5]]), np.array([[8.0]]))
    assert played.lost_units.tolist() == [[0]]
    late = replay(periods(delivered_share=[[0, 0.25, 0.75]]), np.array([[8.0]]))
    assert late.lost_units.tolist() == [[1]]


def test_an_order_that_never_came_is_worth_nothing_either_way() -> None:
    never = periods(delivered_share=[[0, 0, 0]])
    played = replay(never, np.array([[8.0, 0.0]]))
    assert played.cost[0, 0] == played.cost[0, 1]
    assert needed_units(never).tolist() == [0]


def test_what_else_came_and_went_counts_and_stock_never_falls_under_nothing() -> None:
    written_off = periods(other_units=[[-9, 0, 0]])
    assert replay(written_off, np.array([[0.0]])).lost_units.tolist() == [[12]]
    delivered = periods(other_units=[[0, 0, 7]])
    assert replay(delivered, np.array([[0.0]])).lost_units.tolist() == [[3]]
    assert needed_units(delivered).tolist() == [3]


def test_days_after_the_period_are_not_read() -> None:
    longer = periods(
        demand_units=[[4, 4, 4, 99]], other_units=[[0, 0, 0, -50]], delivered_share=[[0, 1, 0, 0]], days=[3]
    )
    assert replay(longer, np.array([[8.0]])).cost[0, 0] == pytest.approx(0.075)
    assert needed_units(longer).tolist() == [7]


def test_excess_is_what_another_such_period_does_not_sell() -> None:
    played = replay(periods(rate_per_day=[2]), np.array([[20.0]]))
    assert (played.left_units[0, 0], played.excess_units[0, 0]) == (13, 7)


def test_what_is_left_is_held_until_it_is_sold() -> None:
    ten = np.array([[10.0]])
    assert cost_of_the_rest(ten, periods())[0, 0] == pytest.approx(55 / 2 * 0.01)


def test_what_nobody_wants_costs_what_it_was_bought_for_and_no_more() -> None:
    ten = np.array([[10.0]])
    assert cost_of_the_rest(ten, periods(rate_per_day=[0]))[0, 0] == pytest.approx(30)
    slow = cost_of_the_rest(ten, periods(rate_per_day=[1e-9]))[0, 0]
    assert slow == pytest.approx(30)


def test_what_spoils_before_it_is_sold_is_written_off() -> None:
    ten = np.array([[10.0]])
    fresh = cost_of_the_rest(ten, periods(shelf_life_days=[3]))[0, 0]  # 6 are sold within 3 days
    assert fresh == pytest.approx(21 / 2 * 0.01 + 4 * 3)


def test_forecast_value_added_is_how_much_nearer_it_was() -> None:
    added = forecast_value_added(
        recommended=np.array([12.0, 12.0, 12.0]),
        decided=np.array([18.0, 0.0, 12.0]),
        needed=np.array([20.0, 20.0, 3.0]),
    )
    assert added.tolist() == [6, -12, 0]


def test_an_unknown_day_is_given_the_mean_of_its_weekday_and_never_less_than_was_sold() -> None:
    nan = np.nan
    demand = np.array([[4.0, 2.0, 2, 2, 2, 2, 2, nan, nan, 2.0]])
    sold = np.array([[4.0, 2, 2, 2, 2, 2, 2, 1, 3, 2]])
    filled, unseen = filled_demand(demand, sold, first_weekday=np.array([0]))
    assert filled[0, 7:].tolist() == [4, 3, 2]
    assert unseen[0, 7:].tolist() == [3, 0, 0]


def test_without_any_known_day_nothing_more_than_the_sales_is_wanted() -> None:
    filled, unseen = filled_demand(np.full((1, 3), np.nan), np.array([[0.0, 2.0, 0.0]]), first_weekday=np.array([4]))
    assert (filled.tolist(), unseen.tolist()) == ([[0, 2, 0]], [[0, 0, 0]])


def plain_replay(p: Periods, i: int, quantity: float) -> tuple[float, int, float, float]:
    """The slow twin: one period, one quantity, day by day."""
    stock, lost, days, unit_days = max(p.opening_units[i], 0.0), 0.0, 0, 0.0
    for day in range(p.days[i]):
        stock = max(stock + p.other_units[i, day] + quantity * p.delivered_share[i, day], 0.0)
        wanted = p.demand_units[i, day]
        missing = max(wanted - stock, 0.0)
        lost, days = lost + missing, days + (missing >= 0.5)
        stock = max(stock - wanted, 0.0)
        unit_days += stock
    return lost, days, stock, unit_days


@st.composite
def some_periods(draw: Any) -> Periods:
    n, length = draw(st.integers(1, 4)), draw(st.integers(1, 8))
    units = st.integers(0, 30).map(float)

    def grid(values: Any) -> Any:
        return draw(st.lists(st.lists(values, min_size=length, max_size=length), min_size=n, max_size=n))

    def column(values: Any) -> Any:
        return draw(st.lists(values, min_size=n, max_size=n))

    return periods(
        opening_units=column(st.integers(-5, 40).map(float)),
        demand_units=grid(units),
        other_units=grid(st.integers(-6, 12).map(float)),
        delivered_share=grid(st.sampled_from([0.0, 0.0, 0.5, 1.0])),
        unit_cost=column(st.just(3.0)),
        unit_margin=column(st.just(2.0)),
        holding_per_day=column(st.just(0.01)),
        rate_per_day=column(st.sampled_from([0.0, 0.5, 4.0])),
        shelf_life_days=column(st.sampled_from([0.0, 5.0])),
        days=column(st.integers(1, length)),
    )


@given(some_periods(), st.lists(st.integers(0, 60).map(float), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_it_agrees_with_the_plain_twin(p: Periods, quantities: list[float]) -> None:
    grid = np.tile(quantities, (len(p.days), 1))
    played = replay(p, grid)
    for i in range(len(p.days)):
        for k, quantity in enumerate(quantities):
            lost, days, left, unit_days = plain_replay(p, i, quantity)
            assert played.lost_units[i, k] == pytest.approx(lost)
            assert played.stockout_days[i, k] == days
            assert played.left_units[i, k] == pytest.approx(left)
            rest = cost_of_the_rest(np.array([[left]]), periods_of(p, i))[0, 0]
            assert played.holding[i, k] == pytest.approx(unit_days * 0.01 + rest)


def periods_of(p: Periods, i: int) -> Periods:
    return Periods(**{name: getattr(p, name)[i : i + 1] for name in Periods.__dataclass_fields__})


@given(some_periods())
@settings(max_examples=100, deadline=None)
def test_more_units_never_lose_more_and_cost_is_never_negative(p: Periods) -> None:
    grid = np.tile([0.0, 10.0, 40.0], (len(p.days), 1))
    played = replay(p, grid)
    assert (np.diff(played.lost_units, axis=1) <= 1e-9).all()
    assert (played.cost >= 0).all()
