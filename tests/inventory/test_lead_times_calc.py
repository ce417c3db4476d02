"""Lead times from deliveries: the mixture that is drawn to what was stated, its moments, fill and punctuality."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.calc.lead_times import (
    DeliveredLine,
    LeadTimes,
    StatedLeadTime,
    around,
    drawn_to,
    measure_supplier,
)

DAY = date(2026, 1, 5)
TODAY = date(2026, 3, 16)


def line(order: int, *arrivals: tuple[int, int], product: int = 1, **changes: Any) -> DeliveredLine:
    """Ordered on DAY, expected after 5 days, 12 units wanted; arrivals as (days later, units)."""
    values = {
        "order_id": order,
        "product_id": product,
        "ordered_on": DAY,
        "expected_on": DAY + timedelta(days=5),
        "wanted_units": 12,
        "is_over": True,
        "arrivals": tuple((DAY + timedelta(days=days), units) for days, units in arrivals),
    }
    return DeliveredLine(**{**values, **changes})


def test_five_deliveries_of_nine_days_against_a_stated_five_say_seven() -> None:
    """The docstring's worked number: (5·5 + 5·9) / 10 = 7, and all of it lies 2 from there."""
    mixed = drawn_to(around(5, 0), {9.0: 5.0}, weight=5)
    assert (mixed.mean, mixed.sd) == (pytest.approx(7), pytest.approx(2))
    assert dict(mixed.pairs()) == {5.0: pytest.approx(0.5), 9.0: pytest.approx(0.5)}


@given(st.floats(-50, 50), st.floats(0, 30))
def test_three_points_have_the_mean_and_the_deviation_they_were_made_of(mean: float, sd: float) -> None:
    points = around(mean, sd)
    assert (points.mean, points.sd) == (pytest.approx(mean, abs=1e-4), pytest.approx(sd, abs=1e-4))


@given(
    st.dictionaries(st.integers(0, 60).map(float), st.floats(0.1, 50), max_size=12),
    st.floats(0, 20),
    st.floats(0, 5),
    st.floats(0.1, 30),
)
def test_the_mixture_is_the_formula_and_the_slow_sum(
    observed: dict[float, float], mean: float, sd: float, weight: float
) -> None:
    mixed = drawn_to(around(mean, sd), observed, weight=weight)
    count = sum(observed.values())
    expected = (weight * mean + sum(day * n for day, n in observed.items())) / (weight + count)
    second = weight * (sd**2 + mean**2) + sum(day**2 * n for day, n in observed.items())
    assert math.fsum(mixed.shares) == pytest.approx(1)
    assert mixed.mean == pytest.approx(expected, abs=1e-4)
    assert mixed.sd == pytest.approx(math.sqrt(max(second / (weight + count) - expected**2, 0)), abs=1e-2)
    assert list(mixed.days) == sorted(set(mixed.days))


def test_without_an_observation_it_is_what_was_stated() -> None:
    assert drawn_to(around(5, 1), {}, weight=5) == around(5, 1)


def test_quantiles_are_the_fewest_days_that_hold_the_share() -> None:
    days = LeadTimes((3.0, 5.0, 9.0), (0.5, 0.4, 0.1))
    assert [days.quantile(level) for level in (0, 0.5, 0.51, 0.9, 0.91, 1)] == [3, 3, 5, 5, 9, 9]
    with pytest.raises(ValueError, match="between 0 and 1"):
        days.quantile(1.5)


def test_whole_days_keep_the_total_and_never_lie_before_the_order() -> None:
    spread = around(1.0, 2.0).later(0.4)
    assert [day for day, _ in spread.in_whole_days()] == [0, 1, 5]
    assert sum(share for _, share in spread.in_whole_days()) == pytest.approx(1)


@pytest.mark.parametrize(("mean", "sd"), [(math.nan, 1), (1, math.nan), (1, -1), (math.inf, 1)])
def test_numbers_that_are_none_are_refused_by_name(mean: float, sd: float) -> None:
    with pytest.raises(ValueError, match="finite mean"):
        around(mean, sd)


def test_nothing_at_all_is_refused_not_answered_with_zero() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        drawn_to(around(5, 0), {}, weight=0)


def test_a_supplier_without_a_delivery_is_not_measured() -> None:
    assert measure_supplier([line(1)], {1: StatedLeadTime(5, 1)}, today=TODAY) is None
    assert measure_supplier([], {}, today=TODAY) is None


def test_the_lines_of_one_order_are_one_delivery_for_the_supplier() -> None:
    """Twenty lines on one truck say no more of the road than one."""
    truck = [line(1, (9, 12), product=n) for n in range(20)]
    stated = {n: StatedLeadTime(5, 0) for n in range(20)}
    measures = measure_supplier(truck, stated, today=TODAY)
    assert measures is not None
    assert measures.supplier.observations == 1
    assert measures.supplier.lead_times.mean == pytest.approx((5 * 5 + 9) / 6)


def test_a_delivery_in_two_parts_counts_by_its_units() -> None:
    measures = measure_supplier([line(1, (4, 9), (8, 3))], {1: StatedLeadTime(5, 0)}, today=TODAY)
    assert measures is not None
    assert measures.supplier.lead_times.mean == pytest.approx((5 * 5 + (4 * 9 + 8 * 3) / 12) / 6)


def test_a_product_goes_from_its_suppliers_delay_to_its_own_as_its_deliveries_add_up() -> None:
    """The supplier comes 2 days late on all but product 2, which is on time; each keeps its own stated time."""
    late = [line(n, (12, 12), product=1) for n in range(400)]
    own = [line(1000 + n, (30, 12), product=2) for n in range(20)]
    stated = {1: StatedLeadTime(10, 0), 2: StatedLeadTime(30, 0), 3: StatedLeadTime(3, 0)}
    measures = measure_supplier([*late, *own], stated, today=TODAY)
    assert measures is not None
    delay = (400 * 2 + 20 * 0) / (5 + 420)
    means = {product: measured.lead_times.mean for product, measured in measures.items.items()}
    assert means == {
        1: pytest.approx(10 + (20 * delay + 400 * 2) / 420),
        2: pytest.approx(30 + (20 * delay + 20 * 0) / 40),
        3: pytest.approx(3 + delay),  # nothing of its own yet: the supplier's habit
    }
    assert [measures.items[product].observations for product in (1, 2, 3)] == [400, 20, 0]


def test_no_lead_time_is_negative_however_early_the_supplier() -> None:
    measures = measure_supplier(
        [line(n, (0, 12)) for n in range(50)], {1: StatedLeadTime(10, 0), 2: StatedLeadTime(1, 0)}, today=TODAY
    )
    assert measures is not None
    assert min(measures.items[2].lead_times.days) == 0


def test_many_draws_recover_their_distribution_whatever_was_stated() -> None:
    days = np.random.default_rng(3).gamma(9, 1.0, size=2_000).round()  # mean 9, deviation 3
    lines = [line(n, (int(day), 12)) for n, day in enumerate(days)]
    measures = measure_supplier(lines, {1: StatedLeadTime(4, 0.5)}, today=TODAY)
    assert measures is not None
    found = measures.supplier.lead_times
    assert found.mean == pytest.approx(days.mean(), abs=0.02)
    assert found.sd == pytest.approx(days.std(), abs=0.05)
    assert found.quantile(0.9) == np.quantile(days, 0.9)


def test_fill_and_punctuality() -> None:
    lines = [
        line(1, (4, 12)),  # in full, in time
        line(2, (5, 12)),  # on the very day
        line(3, (4, 6), (9, 6)),  # half of it late
        line(4, (4, 8)),  # 4 never came
        line(5, (4, 20)),  # more than wanted is not better
        line(6, is_over=False),  # still out, and past its day
        line(7, is_over=False, expected_on=TODAY),  # today is not past
        line(8, wanted_units=0),  # we gave it up ourselves
        line(9, (40, 12), expected_on=None),  # nobody said when
    ]
    measures = measure_supplier(lines, {1: StatedLeadTime(5, 0)}, today=TODAY)
    assert measures is not None
    assert measures.fill_rate == pytest.approx((12 * 5 + 8) / (12 * 6))
    assert measures.on_time_share == pytest.approx(3 / 6)


def test_what_is_not_over_says_nothing_of_the_fill_rate() -> None:
    measures = measure_supplier(
        [line(1, (4, 3), is_over=False, expected_on=TODAY)], {1: StatedLeadTime(5, 0)}, today=TODAY
    )
    assert measures is not None
    assert (measures.fill_rate, measures.on_time_share) == (None, None)


def test_a_product_that_is_on_no_list_still_counts_for_its_supplier() -> None:
    measures = measure_supplier([line(1, (7, 12), product=9)], {1: StatedLeadTime(5, 0)}, today=TODAY)
    assert measures is not None
    assert measures.supplier.lead_times.mean == pytest.approx(5 + 2 / 6)
    assert set(measures.items) == {1}
    unlisted = measure_supplier([line(1, (7, 12))], {}, today=TODAY)
    assert unlisted is not None
    assert (unlisted.items, unlisted.supplier.observations) == ({}, 1)
