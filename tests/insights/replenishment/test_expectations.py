from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.calc.replenishment import expectations, limits
from insights.calc.replenishment.expectations import Needs, UnitCosts
from insights.calc.replenishment.projection import project
from tests.insights.replenishment import slow_twin

needs_of_a_row = st.lists(st.integers(-20, 60), min_size=2, max_size=40)


def costs(missed: float, held: float, wasted: float = 0.0) -> UnitCosts:
    return UnitCosts(np.array([missed]), np.array([held]), np.array([wasted]))


def sorted_row(needs: list[int]) -> np.ndarray:
    return np.sort(np.array([needs], dtype=np.float64), axis=1)


def test_stock_on_arrival_with_lost_sales_is_more_than_position_less_demand() -> None:
    """Worked: 5 on hand, 4 come in after a period, demand 8 and 3: (5 - 8)+ + 4 - 3 = 1 left, 3 lost; position less demand is -2."""
    demand = np.array([[[8.0], [11.0], [15.0]]])
    found = project(np.array([5.0]), np.array([[4.0]]), demand)
    assert (found.left[0, 0], found.lost[0, 0], found.need[0, 0]) == (1, 3, 3)
    owed = project(np.array([5.0]), np.array([[4.0]]), demand, has_backorders=True)
    assert (owed.left[0, 0], owed.lost[0, 0], owed.need[0, 0]) == (-2, 0, 6)


@given(
    st.integers(0, 30),
    st.lists(st.integers(0, 20), max_size=3),
    st.lists(st.integers(0, 15), min_size=5, max_size=5),
    st.booleans(),
)
def test_the_projection_agrees_with_its_slow_twin(
    on_hand: int, arrivals: list[int], steps: list[int], has_backorders: bool
) -> None:
    until = np.cumsum(steps[: len(arrivals) + 2]).astype(float)
    found = project(
        np.array([float(on_hand)]),
        np.array([arrivals], dtype=float).reshape(1, -1),
        until[None, :, None],
        has_backorders=has_backorders,
    )
    left, lost = slow_twin.stock_on_arrival(on_hand, arrivals, until[:-1].tolist(), has_backorders=has_backorders)
    assert (found.left[0, 0], found.lost[0, 0], found.cover[0, 0]) == (left, lost, until[-1] - until[-2])


@given(needs_of_a_row, st.floats(0.1, 20), st.floats(0.1, 5), st.integers(-5, 40))
def test_the_expected_cost_agrees_with_its_slow_twin(
    needs: list[int], missed: float, held: float, quantity: int
) -> None:
    found = expectations.expected_cost(Needs(sorted_row(needs)), costs(missed, held), np.array([float(quantity)]))
    assert found[0] == pytest.approx(slow_twin.expected_cost(needs, missed, held, quantity))


@given(needs_of_a_row, st.floats(0.1, 20), st.floats(0.1, 5), st.integers(1, 12))
def test_packs_of_the_least_cost_are_found_by_looking_at_two(
    needs: list[int], missed: float, held: float, pack: int
) -> None:
    known = Needs(sorted_row(needs))
    raw = expectations.least_cost_quantity(known, costs(missed, held))
    found = limits.to_packs(raw, np.array([float(pack)]), known, costs(missed, held))
    best = slow_twin.cheapest(needs, missed, held, pack)
    assert slow_twin.expected_cost(needs, missed, held, found[0]) == pytest.approx(
        slow_twin.expected_cost(needs, missed, held, best)
    )


@given(needs_of_a_row, st.floats(0.1, 10), st.floats(0.5, 0.99))
def test_the_quantity_of_a_fill_rate_agrees_with_its_slow_twin(needs: list[int], demand: float, target: float) -> None:
    owed = [need - 3 for need in needs]
    found = expectations.fill_rate_quantity(sorted_row(needs), sorted_row(owed), np.array([demand]), np.array([target]))
    assert found[0] == slow_twin.fill_rate_quantity(needs, owed, demand, target)


def test_waste_lowers_the_quantity_that_pays() -> None:
    needs = Needs(np.arange(0.0, 100)[None], np.arange(0.0, 100)[None])
    plain = expectations.least_cost_quantity(Needs(needs.until_next), costs(9, 1, 0))
    perishable = expectations.least_cost_quantity(needs, costs(9, 1, 8))
    assert (plain[0], perishable[0]) == (89, 49)  # 9 / 10 and 9 / 18 of 100 paths


def test_packs_are_rounded_down_where_that_costs_less() -> None:
    needs = Needs(np.array([[9.0, 10.0, 11.0, 12.0]]))
    assert limits.to_packs(np.array([12.0]), np.array([10.0]), needs, costs(1, 0.05))[0] == 20
    assert limits.to_packs(np.array([12.0]), np.array([10.0]), needs, costs(1, 0.5))[0] == 10


def test_a_minimum_order_that_costs_more_than_nothing_is_not_placed() -> None:
    needs = Needs(np.array([[2.0, 2.0]]))
    asked = (np.array([2.0]), np.array([50.0]), np.array([1.0]), needs, costs(1, 0.1))
    assert limits.to_minimum_order(*asked, np.array([False]))[0] == 0
    assert limits.to_minimum_order(*asked, np.array([True]))[0] == 50
