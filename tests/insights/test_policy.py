from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.calc.policy import NEVER_SOLD, NEW_PRODUCT, Order, OrderInputs, PolicyConfig, plan_order

# 4 units a day; 12 days to protect, of which 5 until an order arrives.
STEADY = OrderInputs(
    on_hand_units=20,
    is_counted=True,
    on_order_units=10,
    in_transit_units=0,
    minimum_units=0,
    maximum_units=0,
    abc_class="B",
    demand_basis="forecast",
    protection_days=12,
    lead_days=5,
    lead_time_sd_days=0.0,
    demand_per_day=4.0,
    protection={"0.1": 40.0, "0.5": 48.0, "0.9": 56.0, "0.95": 60.2, "0.98": 64.0},
    lead_time={"0.1": 14.0, "0.5": 20.0, "0.9": 26.0, "0.95": 28.0, "0.98": 30.0},
    sold_units=0,
    pack_size=6,
    minimum_order_quantity=6,
    unit_cost=3.0,
    unit_price=5.0,
)
WITHOUT_FORECAST = {"protection": {}, "lead_time": {}, "demand_per_day": 0.0}


def plan(**changes: Any) -> Order:
    return plan_order(replace(STEADY, **changes))


def test_the_order_step_by_step() -> None:
    order = plan()
    assert order.position_units == 30
    assert (order.service_level, order.demand_target_units, order.order_up_to_units) == (0.95, 60.2, 60.2)
    assert (order.need_units, order.quantity) == (31, 36)  # 60.2 - 30, up; 6 packs


@pytest.mark.parametrize(("abc_class", "target"), [("A", 64.0), ("B", 60.2), ("C", 56.0), ("", 56.0)])
def test_the_class_sets_the_service_level(abc_class: str, target: float) -> None:
    assert plan(abc_class=abc_class).demand_target_units == target


def test_stock_in_transit_and_on_order_counts_once_each() -> None:
    assert plan(on_order_units=10, in_transit_units=15).need_units == 16
    assert plan(on_order_units=40, in_transit_units=1).quantity == 0


def test_negative_stock_is_ordered_on_top() -> None:
    order = plan(on_hand_units=-8, on_order_units=0)
    assert (order.position_units, order.need_units, order.quantity) == (-8, 69, 72)
    assert order.days_of_cover == 0


def test_stock_that_was_never_counted_is_taken_as_zero_with_low_confidence() -> None:
    order = plan(on_hand_units=-500, is_counted=False, on_order_units=0)
    assert (order.counted_on_hand_units, order.need_units, order.confidence) == (0, 61, "low")
    assert order.urgency == "medium"


def test_the_minimum_is_kept_where_demand_needs_less() -> None:
    assert plan(minimum_units=75).order_up_to_units == 75
    assert plan(minimum_units=75).need_units == 45
    assert plan(minimum_units=60).order_up_to_units == 60.2


def test_the_maximum_caps_the_order_and_zero_is_none() -> None:
    order = plan(maximum_units=48)
    assert (order.order_up_to_units, order.is_capped_by_maximum, order.quantity) == (48, True, 18)
    assert not plan(maximum_units=0).is_capped_by_maximum


def test_packs_are_rounded_down_where_rounding_up_would_pass_the_maximum() -> None:
    order = plan(maximum_units=50)  # need 20: 24 would make 54, 18 make 48
    assert (order.need_units, order.quantity, order.passes_maximum_by_units) == (20, 18, 0)


def test_a_pack_may_pass_the_maximum_where_less_would_break_the_minimum() -> None:
    order = plan(maximum_units=50, minimum_units=50)
    assert (order.quantity, order.passes_maximum_by_units) == (24, 4)


def test_the_minimum_order_comes_before_the_packs() -> None:
    assert plan(minimum_order_quantity=40, pack_size=1).quantity == 40
    assert plan(minimum_order_quantity=40, pack_size=6).quantity == 42
    assert plan(on_hand_units=100, minimum_order_quantity=40).quantity == 0


def test_a_lead_time_that_varies_raises_the_target() -> None:
    # 95 %: 48 + √(12.2² + (1.6449 × 4 × 2)²) = 48 + 17.95
    assert plan(lead_time_sd_days=2.0).demand_target_units == pytest.approx(65.95, abs=0.01)


def test_a_new_product_replaces_what_it_sold_and_keeps_the_minimum() -> None:
    new = {"demand_basis": NEW_PRODUCT, "sold_units": 25, "on_hand_units": 3, "on_order_units": 0, **WITHOUT_FORECAST}
    assert (plan(**new).need_units, plan(**new).quantity, plan(**new).confidence) == (22, 24, "low")
    assert plan(**new, minimum_units=40).need_units == 37
    assert plan(**new).stockout_probability is None


def test_what_never_sold_is_filled_to_the_minimum_only() -> None:
    never = {"demand_basis": NEVER_SOLD, "on_hand_units": 0, "on_order_units": 0, **WITHOUT_FORECAST}
    assert plan(**never).quantity == 0
    assert plan(**never, minimum_units=5).quantity == 6


@pytest.mark.parametrize(
    ("on_hand", "urgency"),
    [
        (0, "critical"),  # sure to run out before an order arrives
        (20, "critical"),  # one time in two
        (21, "high"),
        (24, "high"),  # 23 %
        (25, "medium"),  # 17 %; lasts for the lead time and not for the 12 days
        (47, "medium"),
        (48, "low"),
    ],
)
def test_urgency_is_the_chance_to_run_out_before_an_order_arrives(on_hand: int, urgency: str) -> None:
    assert plan(on_hand_units=on_hand, on_order_units=0).urgency == urgency


def test_without_a_forecast_an_empty_shelf_is_high_and_the_rest_medium() -> None:
    never = {"demand_basis": NEVER_SOLD, "minimum_units": 9, "on_order_units": 0, **WITHOUT_FORECAST}
    assert [plan(**never, on_hand_units=units).urgency for units in (-1, 0, 1)] == ["high", "high", "medium"]


def test_money_at_risk_is_the_margin_of_the_units_that_would_be_lost() -> None:
    order = plan(protection={"0.1": 50.0, "0.95": 50.0, "0.5": 50.0}, on_hand_units=40, on_order_units=0)
    assert (order.expected_lost_units, order.money_at_risk) == (10, 20)
    assert plan(unit_cost=9.0).money_at_risk == 0  # sold under cost: no margin to lose


def test_an_order_beyond_what_a_line_can_hold_is_refused() -> None:
    with pytest.raises(ValueError) as refused:
        plan(on_hand_units=-3_000_000_000)
    assert "is more than an order line can hold" in str(refused.value)


def test_the_levels_can_be_chosen() -> None:
    config = PolicyConfig(service_levels={"B": 0.5})
    assert plan_order(STEADY, config).demand_target_units == 48


def test_a_page_that_explains_a_quantity_loads_no_numeric_library() -> None:
    program = "import sys, insights.services.dossier; print('numpy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


amounts = st.lists(st.floats(0, 1e5), min_size=5, max_size=5).map(sorted)


@st.composite
def cases(draw: st.DrawFn) -> OrderInputs:
    minimum = draw(st.integers(0, 5000))
    room = draw(st.none() | st.integers(0, 5000))
    return replace(
        STEADY,
        on_hand_units=draw(st.integers(-1000, 10**5)),
        is_counted=draw(st.booleans()),
        on_order_units=draw(st.integers(0, 10**4)),
        minimum_units=minimum,
        maximum_units=0 if room is None else minimum + room,
        abc_class=draw(st.sampled_from(["A", "B", "C", ""])),
        lead_time_sd_days=draw(st.floats(0, 10)),
        protection=dict(zip(STEADY.protection, draw(amounts), strict=True)),
        pack_size=draw(st.integers(1, 100)),
        minimum_order_quantity=draw(st.integers(0, 500)),
    )


@given(cases())
def test_every_order_is_whole_packs_and_covers_the_need_within_the_maximum(inputs: OrderInputs) -> None:
    order = plan_order(inputs)
    pack, least = inputs.pack_size, inputs.minimum_order_quantity
    assert order.quantity >= 0
    assert order.quantity % pack == 0
    assert (order.quantity == 0) == (order.need_units == 0)
    if order.quantity:
        assert order.quantity >= least
        assert order.position_units + order.quantity >= inputs.minimum_units
        assert order.quantity < max(order.need_units, least) + pack
        if not inputs.maximum_units:
            assert order.quantity >= order.need_units
        if order.passes_maximum_by_units:  # then no smaller order was possible
            smaller = order.quantity - pack
            assert smaller < max(least, 1) or order.position_units + smaller < inputs.minimum_units


@given(st.integers(-100, 200), st.integers(0, 100))
def test_more_stock_never_makes_the_order_larger(on_hand: int, more: int) -> None:
    assert plan(on_hand_units=on_hand + more).quantity <= plan(on_hand_units=on_hand).quantity
