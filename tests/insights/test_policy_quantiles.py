from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.calc.demand_quantiles import DemandQuantiles

KNOWN = DemandQuantiles((0.1, 0.5, 0.9), (4.0, 10.0, 20.0))
NONE = DemandQuantiles((0.1, 0.5, 0.9), (0.0, 0.0, 0.0))


@pytest.mark.parametrize(
    ("level", "units"), [(0.05, 4), (0.1, 4), (0.3, 7), (0.5, 10), (0.7, 15), (0.9, 20), (0.99, 20)]
)
def test_a_quantile_between_two_known_ones_lies_on_their_line(level: float, units: float) -> None:
    assert KNOWN.at(level) == pytest.approx(units)


@pytest.mark.parametrize(
    ("stock", "chance"),
    [(-1, 1), (0, 1), (2, 0.95), (4, 0.9), (10, 0.5), (15, 0.3), (20, 0.1), (22, 0.02), (25, 0), (1000, 0)],
)
def test_the_chance_of_more_demand_than_stock(stock: float, chance: float) -> None:
    assert KNOWN.chance_above(stock) == pytest.approx(chance)


def test_no_demand_never_passes_a_stock_and_always_a_debt() -> None:
    assert (NONE.chance_above(0), NONE.chance_above(5), NONE.chance_above(-1)) == (0, 0, 1)
    assert NONE.expected_above(0) == 0


def test_demand_that_is_nothing_half_of_the_time_passes_an_empty_shelf_the_other_half() -> None:
    assert DemandQuantiles((0.25, 0.5, 0.75), (0.0, 0.0, 4.0)).chance_above(0) == 0.5


def test_the_expected_shortage_is_the_area_over_the_stock() -> None:
    certain = DemandQuantiles((0.1, 0.9), (10.0, 10.0))
    assert (certain.expected_above(4), certain.expected_above(10), certain.expected_above(-7)) == (6, 0, 10)
    # Over a stock of 10: half of the time nothing, then a line to 20 at 90 %, and 20 from there on.
    assert KNOWN.expected_above(10) == pytest.approx(0.4 * 5 + 0.1 * 10)


def test_a_second_source_of_variation_adds_up_as_roots_of_squares() -> None:
    demand = DemandQuantiles((0.025, 0.5, 0.975), (70.0, 100.0, 130.0))
    widened = demand.widened(40 / 1.959964)
    assert widened.units == pytest.approx((50, 100, 150))
    assert demand.widened(0) == demand
    assert demand.widened(1000).units[0] == 0


@pytest.mark.parametrize(("levels", "units"), [((), ()), ((0.1,), (1.0, 2.0)), ((0.1, 0.5), (2.0, 1.0))])
def test_what_is_no_distribution_is_refused(levels: tuple[float, ...], units: tuple[float, ...]) -> None:
    with pytest.raises(ValueError):
        DemandQuantiles(levels, units)


@given(
    st.lists(st.floats(0, 1e6), min_size=3, max_size=3).map(sorted),
    st.floats(-10, 2e6),
    st.floats(0, 1e6),
    st.floats(0, 1e5),
)
def test_more_stock_never_makes_a_shortage_likelier(
    units: list[float], stock: float, more: float, deviation: float
) -> None:
    demand = DemandQuantiles((0.1, 0.5, 0.9), tuple(units)).widened(deviation)
    assert 0 <= demand.chance_above(stock + more) <= demand.chance_above(stock) <= 1
    assert 0 <= demand.expected_above(stock + more) <= demand.expected_above(stock)
    assert list(demand.units) == sorted(demand.units)
