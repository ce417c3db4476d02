from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from insights.calc.inventory_theory.distributions import poisson
from insights.calc.inventory_theory.lost_sales import LostSales, optimal_cost, policy_cost
from insights.calc.replenishment import plan as steps_of
from insights.calc.replenishment import rows as reasons
from insights.calc.replenishment.config import BALANCED, COST, SERVICE_LEVEL, PolicyConfig
from insights.calc.replenishment.lead_times import likely_lead_times, observed_lead_times
from insights.calc.replenishment.plan import BINDINGS, Plan, Sharing, plan_orders
from tests.insights.replenishment.makers import make_rows, poisson_sums, sums_of

WAITING = PolicyConfig(goal=COST, has_backorders=True)


def plan(config: PolicyConfig | None = None, terms: Sharing | None = None, **changes: Any) -> Plan:
    return plan_orders(make_rows(**changes), config, terms)


def binding(found: Plan, row: int = 0) -> str:
    return BINDINGS[found.binding[row]]


def test_with_backorders_the_order_lifts_the_position_to_the_critical_quantile() -> None:
    """4 / (4 + 7 × 0.05) = 0.9195 of Poisson(56): 67; 20 on hand and 10 on order leave 37."""
    found = plan(WAITING, on_hand=20, arrivals=10)
    assert found.critical_ratio[0] == pytest.approx(4 / 4.35)
    assert stats.poisson(56).ppf(4 / 4.35) == 67
    assert found.quantity[0] == 37
    assert binding(found) == "demand"


def test_with_lost_sales_less_is_ordered_than_the_position_asks_for() -> None:
    lost = plan(PolicyConfig(goal=COST), on_hand=20, arrivals=10)
    assert lost.quantity[0] < 37
    assert lost.projected_level[0] > 2
    assert lost.consequences.lost_units_without[0] > 0


@pytest.mark.parametrize(("p", "lead_time"), [(4, 1), (4, 2), (9, 1), (9, 2)])
def test_the_policy_comes_within_two_percent_of_the_best_for_lost_sales(p: float, lead_time: int) -> None:
    """On every state of the exact model (Zipkin 2008: Poisson(5), h 1)."""
    system = LostSales(h=1, p=p, lead_time=lead_time, distribution=poisson(mean=5), most_stock=28, most_order=14)
    states = np.array(list(np.ndindex(system.shape)), dtype=float)
    lengths = [float(lead_time), lead_time + 1.0]
    demand = sums_of([[stats.poisson(5 * n) for n in lengths]] * len(states), [lengths] * len(states))
    rows = make_rows(
        demand,
        on_hand=states[:, 0],
        arrivals=states[:, 1:] if lead_time > 1 else np.zeros(len(states)),
        arrival_periods=np.ones(len(states)),
        margin=p,
        holding=1.0,
    )
    orders = plan_orders(rows, PolicyConfig(goal=COST)).quantity.reshape(system.shape).astype(int)
    assert policy_cost(system, orders) < 1.02 * optimal_cost(system)


def test_a_lead_time_that_varies_is_mixed_and_asks_for_more() -> None:
    demand = poisson_sums([4.0])
    steady = plan(WAITING, demand=demand)
    varied = plan(WAITING, demand=demand, lead_times=likely_lead_times(np.array([7.0]), np.array([4.0])))
    paths = np.random.default_rng(1).gamma((7 / 4) ** 2, 16 / 7, 200_000)
    mixed = np.quantile(np.random.default_rng(2).poisson(4 * (paths + 7)), 4 / 4.35)
    assert steady.quantity[0] == 67
    assert varied.quantity[0] == pytest.approx(mixed, rel=0.03)


def test_lead_times_keep_their_mean_and_deviation() -> None:
    lengths = likely_lead_times(np.array([7.0, 10.0]), np.array([3.0, 0.0]), 400)
    assert lengths.mean(axis=1) == pytest.approx([7, 10])
    assert lengths.std(axis=1) == pytest.approx([3, 0], rel=0.02)
    assert observed_lead_times(np.array([3.0, 3.0, np.nan, 9.0]), 3).tolist() == [3, 3, 7.0]
    with pytest.raises(ValueError) as refusal:
        observed_lead_times(np.array([0.0]))
    assert str(refusal.value) == "no lead time was observed"


def test_the_fill_rate_of_the_class_sets_the_level() -> None:
    config = PolicyConfig(goal=SERVICE_LEVEL, has_backorders=True)
    demand = sums_of([[stats.nbinom(4, 1 / 3), stats.nbinom(5, 1 / 3)]] * 4, [[4, 5]] * 4)
    config = replace(config, paths=4096, fill_rates={"AX": 0.99, "B": 0.981, "CZ": 0.95, "": 0.9})
    found = plan(config, demand=demand, abc_xyz=["AX", "BX", "CZ", "?"])
    assert found.fill_rate_target.tolist() == [0.99, 0.981, 0.95, 0.9]
    # 24 fills 0.9789: too near to 0.98 to be told from it by 256 known quantiles.
    assert found.quantity.tolist() == [27, 25, 21, 18]  # published: periodic review, mean 2, variance 6 a day


def test_balanced_lies_between_cost_and_service() -> None:
    asked = {"abc_xyz": "AX", "margin": 0.5}
    quantities = [plan(PolicyConfig(goal=goal), **asked).quantity[0] for goal in (COST, BALANCED, SERVICE_LEVEL)]
    assert quantities[0] < quantities[1] < quantities[2]


def test_the_steps_and_what_bound_the_order() -> None:
    cases = {
        "nothing is needed": {"on_hand": 500},
        "demand": {},
        "pack size": {"pack_size": 50},
        "minimum order": {"minimum_order": 80},
        "maximum stock": {"maximum_units": 40},
        "shelf life": {"shelf_life_periods": 2, "salvage": 6.0},
        "minimum stock": {"minimum_units": 200},
        "discontinued": {"discontinued": True},
    }
    found = {name: plan(WAITING, **changes) for name, changes in cases.items()}
    assert {name: binding(one) for name, one in found.items()} == {name: name for name in cases}
    assert found["pack size"].quantity[0] == 100
    assert found["minimum order"].quantity[0] == 80
    assert found["maximum stock"].quantity[0] == 40
    assert found["minimum stock"].quantity[0] == 200
    assert found["discontinued"].quantity[0] == found["nothing is needed"].quantity[0] == 0


def test_a_suppliers_minimum_draws_its_rows_up_together() -> None:
    demand = poisson_sums([4.0, 4.0, 4.0])
    alone = plan(WAITING, demand=demand, supplier=[1, 1, 2])
    drawn = plan(WAITING, Sharing({1: 840.0}), demand=demand, supplier=[1, 1, 2])
    assert alone.quantity.tolist() == [67, 67, 67]  # 804 a pair
    assert drawn.quantity.tolist() == [70, 70, 67]
    assert binding(drawn) == "supplier's minimum order value"


def test_a_suppliers_minimum_above_any_need_waits_and_says_so() -> None:
    found = plan(WAITING, Sharing({0: 50_000.0}))
    assert found.quantity[0] == 0
    assert found.reasons(0) == [reasons.SUPPLIER_MINIMUM_OVER_NEED]


def test_a_budget_is_kept_and_goes_to_the_rows_that_save_most() -> None:
    demand = poisson_sums([4.0, 4.0])
    found = plan(WAITING, Sharing(budget=300.0), demand=demand, margin=[4.0, 1.0])
    assert (found.quantity * 6).sum() <= 300
    assert found.quantity[0] > found.quantity[1]
    assert binding(found, 1) == "budget"


def test_the_consequences_of_ordering_and_of_not_ordering() -> None:
    found = plan(WAITING, on_hand=30).consequences
    assert found.stockout_without[0] > 0.99
    assert found.stockout_with[0] == pytest.approx(1 - 4 / 4.35, abs=0.02)
    assert found.runs_out_before[0] == pytest.approx(stats.poisson(28).sf(30), abs=0.03)
    assert found.lost_margin_without[0] == pytest.approx(4 * found.lost_units_without[0])
    assert found.saved[0] > 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lead_times": 0}, reasons.NO_LEAD_TIME),
        ({"lead_times": float("nan")}, reasons.NO_LEAD_TIME),
        ({"pack_size": 0}, reasons.NO_PACK),
        ({"minimum_order": 80, "maximum_units": 50}, reasons.MOQ_OVER_MAXIMUM),
        ({"supplier": -1}, reasons.NO_SUPPLIER),
        ({"on_hand": -5}, reasons.NEGATIVE_STOCK),
        ({"discontinued": True, "arrivals": 9}, reasons.DISCONTINUED_ON_ORDER),
        ({"discontinued": True}, reasons.DISCONTINUED),
        ({"margin": 0}, reasons.NO_COST),
        ({"holding": float("nan")}, reasons.NO_COST),
    ],
)
def test_odd_input_gives_a_named_reason_and_an_order_all_the_same(changes: dict[str, Any], reason: str) -> None:
    found = plan(**changes)
    assert found.reasons(0) == [reason]
    assert np.isfinite(found.quantity[0])
    assert (found.quantity[0] == 0) == bool(changes.get("discontinued"))


def test_a_forecast_of_nan_keeps_the_minimum_and_leaves_the_other_rows_alone() -> None:
    demand = poisson_sums([4.0, 4.0])
    demand.quantiles[0, 1, 3] = np.nan
    found = plan(demand=demand, minimum_units=12, fallback_units=20, on_hand=[5, 0])
    assert found.reasons(0) == [reasons.NO_FORECAST]
    assert found.quantity.tolist() == [15, plan().quantity[0]]


def test_a_minimum_order_above_the_maximum_passes_it_and_says_by_how_much() -> None:
    found = plan(minimum_order=80, maximum_units=50)
    assert (found.quantity[0], found.passes_maximum[0]) == (80, 30)


def test_no_rows_make_an_empty_plan() -> None:
    assert len(plan(demand=poisson_sums([])).quantity) == 0


def test_a_row_gets_the_same_order_alone_and_among_thousands() -> None:
    means = [0.05, 0.7, 4.0, 60.0] * 600
    on_hand = np.arange(len(means)) % 17
    together = plan(demand=poisson_sums(means[:4] * 600), on_hand=on_hand)
    for row in (0, 1, 2, 3, 1999, 2000):
        assert together.quantity[row] == plan(demand=poisson_sums([means[row]]), on_hand=int(on_hand[row])).quantity[0]


def test_ten_times_the_demand_and_stock_are_ten_times_the_order() -> None:
    small = sums_of([[stats.norm(280, 30), stats.norm(560, 45)]], [[7, 14]], whole=False)
    large = sums_of([[stats.norm(2800, 300), stats.norm(5600, 450)]], [[7, 14]], whole=False)
    needs = [
        plan(PolicyConfig(goal=COST), demand=demand, on_hand=on_hand).steps.raw[0]
        for demand, on_hand in ((small, 100), (large, 1000))
    ]
    assert needs[1] == pytest.approx(10 * needs[0], rel=1e-5)


def test_goals_and_targets_that_make_no_sense_are_refused() -> None:
    for wrong, message in (
        ({"goal": "speed"}, "the goal must be one of balanced, cost, service_level, not 'speed'"),
        (
            {"fill_rates": {"A": 0.9}},
            "fill rates must lie between 0 and 1, and there must be one for products without a class",
        ),
        ({"paths": 100}, "the number of paths must be a power of two, and at least 16"),
    ):
        with pytest.raises(ValueError) as refusal:
            PolicyConfig(**wrong)  # type: ignore[arg-type]
        assert str(refusal.value) == message


def test_the_steps_are_named_in_their_order() -> None:
    assert list(steps_of.Steps.__dataclass_fields__) == [
        "raw",
        "pack",
        "minimum_order",
        "supplier_minimum",
        "maximum",
        "shelf_life",
        "budget",
    ]
