"""Published answers of inventory theory. P: published (Snyder and Shen's book and their stockpyl, Chopra and Meindl,
Zipkin 2008, OCA's DDMRP tests) and computed anew; C: computed anew by independent code; M: textbook, computed anew."""

from __future__ import annotations

import math

import numpy as np
import pytest

from insights.calc.inventory_theory import (
    ddmrp,
    economic_order,
    fill_rate,
    joint_replenishment,
    lost_sales,
    lot_sizing,
    newsvendor,
    reorder_point,
    safety_stock,
)
from insights.calc.inventory_theory.distributions import lognormal, negative_binomial, normal, poisson
from insights.calc.inventory_theory.loss import (
    discrete_loss,
    lognormal_loss,
    normal_loss,
    normal_second_loss,
    poisson_loss,
    standard_normal_loss,
    standard_normal_second_loss,
)

NORMAL_DEMAND = reorder_point.NormalDemand(h=0.225, p=7.5, K=8, mean=1300, sd=150, lead_time=1 / 12)


def exactly(value: float) -> object:
    return pytest.approx(value, rel=1e-6)


def to_digits(value: float, digits: int) -> object:
    return pytest.approx(value, abs=0.5 * 10.0**-digits)


def test_the_economic_order_quantity() -> None:  # P
    order = economic_order.economic_order(K=8, h=0.225, demand=1300)
    assert (order.quantity, order.cost) == (exactly(304.0467800264368), exactly(68.41052550594829))


def test_one_and_a_half_times_the_economic_quantity_costs_a_twelfth_more() -> None:  # P
    assert economic_order.cost_of_other_quantity(1.5) == exactly(1.0833333333333333)


def test_the_economic_order_quantity_with_backorders() -> None:  # P
    order = economic_order.economic_order_with_backorders(K=8, h=0.225, p=5, demand=1300)
    assert order.quantity == exactly(310.81255515896464)
    assert order.backordered_share == exactly(0.0430622009569378)
    assert order.cost == exactly(66.92136355097325)


def test_a_discount_on_all_units_draws_the_order_up_to_its_breakpoint() -> None:  # P
    order = economic_order.economic_order_all_units_discount(
        K=200, i=0.2, demand=1000, breakpoints=[0, 200, 500], unit_costs=[500, 475, 450]
    )
    assert (order.quantity, order.region, order.cost) == (500, 2, exactly(472900))


def test_a_discount_on_the_units_past_a_breakpoint() -> None:  # P
    order = economic_order.economic_order_incremental_discount(
        K=150, i=0.25, demand=2400, breakpoints=[0, 300, 600], unit_costs=[100, 90, 80]
    )
    assert (order.quantity, order.cost) == (exactly(1481.8906842274164), exactly(222762.8136845483))


def test_the_economic_production_quantity() -> None:  # P
    order = economic_order.economic_production(K=8, h=0.225, demand=1300, production_rate=1700)
    assert (order.quantity, order.cost) == (exactly(626.8084945889684), exactly(33.183979125298336))


@pytest.mark.parametrize(
    ("h", "p", "mean", "sd", "order_up_to", "cost"),
    [
        (0.18, 0.7, 50, 8, 56.60395592743389, 1.9976051931766445),
        (2, 18, 120, 10, 132.815515655446, 35.09966638649737),
    ],
)
def test_the_newsvendor_of_normal_demand(  # P
    h: float, p: float, mean: float, sd: float, order_up_to: float, cost: float
) -> None:
    answer = newsvendor.newsvendor_normal(h=h, p=p, mean=mean, sd=sd)
    assert (answer.order_up_to, answer.cost) == (exactly(order_up_to), exactly(cost))


def test_the_newsvendor_of_poisson_demand() -> None:  # P
    answer = newsvendor.newsvendor_poisson(h=0.18, p=0.7, mean=50)
    assert (answer.order_up_to, answer.cost) == (56, exactly(1.797235211809178))


def test_the_newsvendor_of_discrete_demand() -> None:  # P
    answer = newsvendor.newsvendor_discrete(h=1, p=4, distribution=poisson(mean=6))
    assert (answer.order_up_to, answer.cost) == (8, exactly(3.5701069457709416))
    assert newsvendor.newsvendor_cost(5, h=1, p=4, distribution=poisson(mean=6)) == exactly(6.590296024616343)


def test_the_newsvendor_of_lognormal_demand() -> None:  # P
    answer = newsvendor.newsvendor_lognormal(h=1, p=0.1765, mu=6, sigma=0.3)
    assert (answer.order_up_to, answer.cost) == (exactly(295.6266448071368), exactly(29.44254351324322))


def test_the_exact_reorder_point_and_quantity_of_poisson_demand() -> None:  # P
    answer = reorder_point.reorder_point_poisson(h=20, p=150, K=100, demand=1.5, lead_time=2)
    assert (answer.r, answer.Q, answer.cost) == (3, 5, exactly(107.92358063314975))


def test_the_reorder_point_by_the_expected_inventory_level() -> None:  # P
    answer = reorder_point.expected_inventory_level(NORMAL_DEMAND)
    assert (answer.r, answer.Q, answer.cost) == (to_digits(213.9704, 4), to_digits(318.5902, 4), to_digits(95.4511, 4))


@pytest.mark.parametrize(
    ("method", "r", "quantity"),
    [
        (reorder_point.economic_quantity_with_backorders, 128.6378, 308.5738),
        (reorder_point.economic_quantity_with_safety_stock, 190.337, 304.0468),
        (reorder_point.loss_function_approximation, 126.8671, 328.4491),
    ],
)
def test_other_approximations_of_the_reorder_point(method: object, r: float, quantity: float) -> None:  # P
    answer = method(NORMAL_DEMAND)  # type: ignore[operator]
    assert (answer.r, answer.Q) == (to_digits(r, 4), to_digits(quantity, 4))


def test_the_exact_order_levels_of_poisson_demand() -> None:  # P
    answer = lot_sizing.order_levels(h=1, p=4, K=5, distribution=poisson(mean=6))
    assert (answer.s, answer.S, answer.cost) == (4, 10, exactly(8.034111561471642))


def test_the_power_approximation_of_order_levels() -> None:  # P
    answer = lot_sizing.power_approximation(h=0.18, p=0.7, K=2.5, mean=50, sd=8)
    assert (answer.s, answer.S) == (exactly(40.19461695647407), exactly(74.29017010980579))


def test_the_cheapest_plan_for_known_demand() -> None:  # P
    plan = lot_sizing.wagner_whitin(h=2, K=500, demand=[90, 120, 80, 70])
    assert (plan.orders, plan.cost) == ((210, 0, 150, 0), 1380)


def test_joint_replenishment_by_silvers_heuristic() -> None:  # P
    answer = joint_replenishment.joint_replenishment(
        K_major=600, K_minor=[120, 840, 300], h=[160, 20, 50], demand=[1, 1, 1]
    )
    assert answer.interval == exactly(3.103164454170876)
    assert (answer.multiples, answer.cost) == ((1, 3, 1), exactly(837.8544026261366))


def test_the_loss_functions() -> None:  # P
    assert standard_normal_loss(1.3) == exactly(0.04552796208651397)
    assert poisson_loss(18, mean=15) == exactly(0.5176095282584724)
    assert discrete_loss(18, poisson(mean=15)) == exactly(0.5176095282584724)


def test_closed_forms_of_the_loss_agree_with_the_integral() -> None:
    for stock in (20.0, 60.0, 95.0):
        for demand, closed in (
            (normal(mean=50, sd=20), normal_loss(stock, mean=50, sd=20)),
            (lognormal(mu=4, sigma=0.5), lognormal_loss(stock, mu=4, sigma=0.5)),
        ):
            assert demand.expect(lambda units, x=stock: units - x, lb=stock) == pytest.approx(closed, rel=1e-6)
    second = normal(mean=50, sd=20).expect(lambda units: (units - 60) ** 2 / 2, lb=60)
    assert normal_second_loss(60, mean=50, sd=20) == pytest.approx(second, rel=1e-6)
    assert standard_normal_second_loss(0.0) == exactly(0.25)


def test_less_than_nothing_in_stock_leaves_all_demand_and_what_is_owed() -> None:
    assert discrete_loss(-2, poisson(mean=3)) == poisson_loss(-2, mean=3) == 5
    assert lognormal_loss(-1, mu=0, sigma=1) == pytest.approx(math.exp(0.5) + 1)


def test_the_fill_rate_of_continuous_review() -> None:  # P Chopra and Meindl, example 11-4
    answer = fill_rate.continuous_fill_rate(mean=250, sd=150, lead_time=2, order_quantity=1000, reorder_point=600)
    assert (answer.safety_stock, answer.sd_lead_time) == (100, to_digits(212.132, 3))
    assert answer.cycle_service_level == to_digits(0.6813, 4)
    assert answer.expected_shortage_per_cycle == to_digits(43.86, 2)
    assert answer.fill_rate == to_digits(0.9561, 4)


def test_a_varying_lead_time_is_most_of_the_safety_stock() -> None:  # M
    sd = safety_stock.sd_of_lead_time_demand(demand_per_day=2500, sd_per_day=500, lead_time_days=7, lead_time_sd=7)
    assert sd == to_digits(17549.9, 1)
    assert safety_stock.safety_stock(sd=sd, cycle_service_level=0.9) == to_digits(22491, 0)
    steady = safety_stock.sd_of_lead_time_demand(demand_per_day=2500, sd_per_day=500, lead_time_days=7)
    assert safety_stock.safety_stock(sd=steady, cycle_service_level=0.9) == pytest.approx(1695, abs=1)


def test_type_2_service_needs_less_than_type_1() -> None:  # M Nahmias
    answer = fill_rate.reorder_point_for_fill_rate(mean=100, sd=25, order_quantity=100, fill_rate=0.98)
    assert (answer.shortage, answer.loss) == (pytest.approx(2), pytest.approx(0.08))
    assert (answer.z, answer.reorder_point) == (to_digits(1.0212, 4), to_digits(125.5, 1))
    type_1 = safety_stock.order_up_to_for_cycle_service(mean=100, sd=25, cycle_service_level=0.98)
    assert type_1 == to_digits(151.3, 1)


def test_order_up_to_levels_of_periodic_review() -> None:  # C
    sd = 20 * math.sqrt(3)
    in_stock = safety_stock.order_up_to_for_cycle_service(mean=120, sd=sd, cycle_service_level=0.98)
    assert in_stock == to_digits(191.14, 2)
    # The published 175.52 leaves the second term out; with it 175.47 is enough.
    one_term = fill_rate.reorder_point_for_fill_rate(mean=120, sd=sd, order_quantity=40, fill_rate=0.98)
    assert one_term.reorder_point == to_digits(175.52, 2)
    exact = fill_rate.order_up_to_for_fill_rate_normal(0.98, mean=40, sd=20, lead_time=2, review=1)
    assert exact == to_digits(175.47, 2)
    assert 120 - 120 + normal_loss(120, mean=120, sd=sd) == to_digits(13.82, 2)  # expected on hand at S = 120
    fill = {
        level: fill_rate.periodic_fill_rate_normal(level, mean=40, sd=20, lead_time=2, review=1) for level in (120, 200)
    }
    assert fill == {120: to_digits(0.6796, 4), 200: to_digits(0.9969, 4)}
    assert 1 - normal_loss(120, mean=120, sd=sd) / 40 == to_digits(0.6545, 4)  # the one-term form counts twice


NB_TARGETS = [0.9, 0.95, 0.98, 0.99]


def test_exact_fill_rates_of_negative_binomial_demand() -> None:  # C
    protection = negative_binomial(mean=10, variance=30)
    lead_time = negative_binomial(mean=8, variance=24)
    levels = [
        fill_rate.order_up_to_for_fill_rate_discrete(target, protection=protection, lead_time=lead_time)
        for target in NB_TARGETS
    ]
    assert levels == [18, 21, 25, 27]
    fills = [
        fill_rate.periodic_fill_rate_discrete(level, protection=protection, lead_time=lead_time) for level in levels
    ]
    assert fills == [to_digits(value, 4) for value in (0.9038, 0.9538, 0.9839, 0.9907)]


def test_the_normal_rule_misses_its_target_on_skewed_demand() -> None:  # C
    levels = [
        math.ceil(safety_stock.order_up_to_for_cycle_service(mean=10, sd=math.sqrt(30), cycle_service_level=target))
        for target in NB_TARGETS
    ]
    assert levels == [18, 20, 22, 23]
    protection, lead_time = negative_binomial(mean=10, variance=30), negative_binomial(mean=8, variance=24)
    fills = [
        fill_rate.periodic_fill_rate_discrete(level, protection=protection, lead_time=lead_time) for level in levels
    ]
    assert fills == [to_digits(value, 4) for value in (0.9038, 0.9406, 0.9642, 0.9725)]


@pytest.mark.parametrize(("level", "fill"), [(18, 0.9375), (21, 0.969), (25, 0.9888), (27, 0.9935)])
def test_lost_sales_fill_more_than_the_formula_for_backorders_says(level: int, fill: float) -> None:  # C
    assert _simulated_lost_sales_fill(level) == pytest.approx(fill, abs=0.002)


def _simulated_lost_sales_fill(level: int) -> float:
    """Base stock, 4 days of lead time, 200 stores × 2,500 days of negative binomial demand (mean 2, variance 6)."""
    demand = negative_binomial(mean=2, variance=6).rvs((2500, 200), random_state=np.random.default_rng(5))
    on_hand, pipeline = np.full(200, level), np.zeros((4, 200), int)
    served = asked = 0
    for day, units in enumerate(demand):
        sold = np.minimum(on_hand, units)
        on_hand = on_hand - sold + pipeline[0]
        pipeline = np.concatenate([pipeline[1:], [level - on_hand - pipeline[1:].sum(axis=0)]])
        if day >= 100:
            served, asked = served + sold.sum(), asked + units.sum()
    return float(served / asked)


def test_the_demand_driven_buffer() -> None:  # P OCA
    buffer = ddmrp.size_buffer(
        average_daily_usage=4, decoupled_lead_time_days=10, lead_time_factor=0.5, variability_factor=0.5
    )
    assert (buffer.red, buffer.top_of_yellow, buffer.top_of_green) == (30, 70, 90)
    flow = ddmrp.net_flow(on_hand=200, incoming=0, qualified_demand=150)
    assert (flow, ddmrp.buffer_order(buffer, flow), ddmrp.buffer_order(buffer, 71)) == (50, 40, 0)


# C, the optimum agrees with Zipkin 2008: Poisson(5), h 1; p, lead time, optimal, best base stock, capped, projected level.
LOST_SALES = [
    (4, 1, 4.041, 4.163, 4.065, 4.066),
    (4, 2, 4.395, 4.639, 4.406, 4.406),
    (9, 1, 5.438, 5.547, 5.481, 5.458),
    (9, 2, 6.094, 6.316, 6.119, 6.122),
    (19, 1, 6.676, 6.728, 6.688, 6.681),
    (19, 2, 7.664, 7.842, 7.721, 7.727),
]


@pytest.mark.parametrize(("p", "lead_time", "optimal", "base_stock", "capped", "projected"), LOST_SALES)
def test_the_projected_inventory_level_comes_within_a_percent_of_the_best_for_lost_sales(
    p: float, lead_time: int, optimal: float, base_stock: float, capped: float, projected: float
) -> None:
    system = lost_sales.LostSales(
        h=1, p=p, lead_time=lead_time, distribution=poisson(mean=5), most_stock=28, most_order=14
    )
    levels = range(5 * lead_time + 5, 5 * lead_time + 16)
    costs = {
        "optimal": lost_sales.optimal_cost(system),
        "base stock": min(
            lost_sales.policy_cost(system, lost_sales.base_stock_orders(system, level)) for level in levels
        ),
        "capped": min(
            lost_sales.policy_cost(system, lost_sales.capped_base_stock_orders(system, level, cap))
            for level in levels
            for cap in range(5, 10)
        ),
        "projected": min(
            lost_sales.policy_cost(system, lost_sales.projected_inventory_orders(system, level))
            for level in np.arange(6, 11, 0.25)
        ),
    }
    assert costs == {
        "optimal": to_digits(optimal, 3),
        "base stock": to_digits(base_stock, 3),
        "capped": to_digits(capped, 3),
        "projected": to_digits(projected, 3),
    }
    assert costs["projected"] < 1.01 * costs["optimal"]
