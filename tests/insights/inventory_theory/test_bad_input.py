from __future__ import annotations

from collections.abc import Callable

import pytest

from insights.calc.inventory_theory import economic_order, fill_rate, joint_replenishment, lot_sizing, newsvendor
from insights.calc.inventory_theory.distributions import lognormal, negative_binomial, normal, poisson
from insights.calc.inventory_theory.lost_sales import LostSales


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: economic_order.economic_order(K=0, h=1, demand=1), "K must be above 0, not 0"),
        (lambda: economic_order.economic_order(K=1, h=float("nan"), demand=1), "h must be above 0, not nan"),
        (
            lambda: economic_order.economic_production(K=1, h=1, demand=2, production_rate=2),
            "the production rate must be above the demand",
        ),
        (
            lambda: economic_order.economic_order_all_units_discount(
                K=1, i=1, demand=1, breakpoints=[1], unit_costs=[1]
            ),
            "one unit cost per breakpoint, the first breakpoint being 0",
        ),
        (
            lambda: economic_order.economic_order_incremental_discount(
                K=1, i=1, demand=1, breakpoints=[0, 5], unit_costs=[1, 2]
            ),
            "breakpoints must rise and unit costs must not",
        ),
        (lambda: newsvendor.critical_ratio(h=0, p=1), "both costs of the newsvendor must be above 0"),
        (lambda: normal(mean=1, sd=0), "the standard deviation must be above 0"),
        (lambda: poisson(mean=-1), "the mean of a Poisson distribution must be at least 0"),
        (
            lambda: negative_binomial(mean=2, variance=2),
            "a negative binomial's variance must be above its mean, and its mean above 0",
        ),
        (lambda: lognormal(mu=0, sigma=0), "sigma must be above 0"),
        (
            lambda: fill_rate.order_up_to_for_fill_rate_normal(1, mean=1, sd=1, lead_time=1, review=1),
            "a fill rate must be between 0 and 1",
        ),
        (lambda: lot_sizing.wagner_whitin(h=1, K=1, demand=[1, -1]), "demand must be at least 0"),
        (
            lambda: joint_replenishment.joint_replenishment(K_major=1, K_minor=[], h=[], demand=[]),
            "each item needs a minor cost, and holding cost and demand above 0",
        ),
        (
            lambda: LostSales(1, 1, 4, poisson(mean=1), 5, 5),
            "exact lost sales are for lead times of 1 to 3 periods: the states are too many beyond",
        ),
    ],
)
def test_what_has_no_answer_is_refused_by_name(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        call()
    assert str(refusal.value) == message


def test_known_demand_that_is_empty_or_zero_costs_nothing() -> None:
    assert lot_sizing.wagner_whitin(h=1, K=5, demand=[]) == lot_sizing.LotSizes((), 0.0)
    assert lot_sizing.wagner_whitin(h=1, K=5, demand=[0, 0]) == lot_sizing.LotSizes((0.0, 0.0), 0.0)
    assert lot_sizing.wagner_whitin(h=1, K=5, demand=[0, 3]) == lot_sizing.LotSizes((0.0, 3.0), 5.0)
