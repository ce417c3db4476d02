"""The best price: textbook closed forms, bounds that say so, uncertainty that reaches the profit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.calc.pricing.optimum import (
    Demand,
    NoOptimumError,
    PriceRules,
    best_price,
    constant_elasticity_price,
    linear_price,
    logit_price,
)

FREE = PriceRules(lowest=0.01, highest=1000.0, most_step=100.0)
DEMAND = Demand(price=6.0, quantity=100.0, unit_cost=4.0, elasticity=-2.5, error=0.2)


def test_constant_elasticity() -> None:
    assert constant_elasticity_price(unit_cost=4, elasticity=-2.5) == pytest.approx(20 / 3)


@pytest.mark.parametrize(("elasticity", "over_cost"), [(-3.37753, 1.4206), (-3.32074, 1.4309), (-2.71177, 1.58419)])
def test_markups_of_the_orange_juice_brands(elasticity: float, over_cost: float) -> None:
    assert constant_elasticity_price(unit_cost=1, elasticity=elasticity) == pytest.approx(over_cost, abs=1e-5)


def test_linear_demand() -> None:
    price = linear_price(intercept=10_000, slope=-800, unit_cost=5)
    demand = 10_000 - 800 * price
    assert (price, demand, (price - 5) * demand) == (8.75, 3000, 11_250)


def test_logit_demand() -> None:
    assert logit_price(a=5, b=0.5, unit_cost=4) == pytest.approx(9.114291, abs=1e-6)


@given(st.floats(0.1, 100), st.floats(-20, -1.05))
def test_lerners_identity(cost: float, elasticity: float) -> None:
    price = constant_elasticity_price(unit_cost=cost, elasticity=elasticity)
    assert (price - cost) / price == pytest.approx(-1 / elasticity)


@given(st.floats(-20, -1.2), st.floats(0.5, 50))
def test_no_price_nearby_earns_more(elasticity: float, cost: float) -> None:
    answer = best_price(replace(DEMAND, elasticity=elasticity, unit_cost=cost, price=cost * 1.5), FREE)
    price = answer.best.price
    at = [(one - cost) * (one / price) ** elasticity for one in (price * 0.99, price, price * 1.01)]
    assert at[1] >= max(at) - 1e-9


def test_inelastic_demand_ends_at_the_bound_and_says_so() -> None:
    answer = best_price(replace(DEMAND, elasticity=-0.7), PriceRules(lowest=5, highest=6.5))
    assert answer.free_price is None
    assert answer.best.price == pytest.approx(7.15)  # 10 % over the highest price observed
    assert answer.binding == (
        "demand is inelastic, so that the best price is the bound: 10% over the highest price observed"
    )
    with pytest.raises(NoOptimumError):
        constant_elasticity_price(unit_cost=4, elasticity=-1.0)


def test_the_largest_step_binds() -> None:
    answer = best_price(DEMAND, replace(FREE, most_step=0.05))
    assert answer.best.price == pytest.approx(6.3)
    assert answer.binding == "a step of 5% up"


def test_the_margin_floor_binds() -> None:
    answer = best_price(replace(DEMAND, elasticity=-8.0), replace(FREE, least_margin=0.4))
    assert answer.best.price == pytest.approx(4 / 0.6)
    assert answer.binding == "a margin of 40%"


def test_rules_that_no_price_fits_are_refused_with_both_sides() -> None:
    with pytest.raises(ValueError, match=r"at least 8.00 \(a margin of 50%\), at most 6.30 \(a step of 5% up\)"):
        best_price(DEMAND, replace(FREE, least_margin=0.5, most_step=0.05))


def test_the_price_has_its_ending_within_the_bounds() -> None:
    answer = best_price(DEMAND, replace(FREE, ending=0.99))
    assert answer.best.price == pytest.approx(6.99)
    near = best_price(DEMAND, replace(FREE, ending=0.99, most_step=0.12))
    assert near.best.price == pytest.approx(5.99)  # 6.99 would be too long a step


def test_a_wider_elasticity_widens_quantity_and_profit() -> None:
    narrow, wide = (best_price(replace(DEMAND, error=error), FREE).best for error in (0.1, 0.8))
    assert wide.profit_bounds[0] < narrow.profit_bounds[0] < narrow.profit < narrow.profit_bounds[1]
    assert wide.quantity_bounds[1] > narrow.quantity_bounds[1]


@pytest.mark.parametrize(
    ("field", "value"), [("price", 0.0), ("quantity", -1.0), ("quantity", float("nan")), ("unit_cost", -1.0)]
)
def test_bad_input_is_refused_by_name(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field.replace("unit_cost", "cost per unit")):
        best_price(replace(DEMAND, **{field: value}), FREE)
