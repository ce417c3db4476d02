from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calc.abc import NOT_RANKED, Standing
from analytics.calc.performance import PeriodFacts, lost_sales, measure, movement_of, period_type, stock_status
from analytics.calc.stock_days import closing_stock, days_on_shelf

DAY = date(2026, 3, 15)
# The worked example of ``measure``: 60 sold in 30 days of which 6 without stock, 20 on the shelf on average.
SIXTY = PeriodFacts(
    days_on_shelf=30,
    sold_units=64,
    returned_units=4,
    revenue=Decimal("240.00"),
    transactions=50,
    stock_out_days=6.0,
    closing_stock=[40] * 10 + [20] * 10 + [0] * 10,
    on_hand_units=0,
    minimum_units=10,
    maximum_units=50,
    standing=Standing(share=0.1, share_before=0.25, abc_class="A"),
    unit_cost=Decimal(3),
    days_since_sale=1,
    days_tracked=400,
)
NOTHING = PeriodFacts(
    days_on_shelf=None,
    sold_units=0,
    returned_units=0,
    revenue=Decimal(0),
    transactions=0,
    stock_out_days=0.0,
    closing_stock=[],
    on_hand_units=0,
    minimum_units=0,
    maximum_units=0,
    standing=NOT_RANKED,
)


def test_the_worked_example() -> None:
    figures = measure(SIXTY)
    assert figures.net_units == 60
    assert figures.average_price == Decimal(4)
    assert figures.velocity == 2.5
    assert figures.average_stock_units == 20
    assert figures.turnover == pytest.approx(36.5)
    assert figures.days_of_stock == 10
    assert figures.sell_through == 1
    assert (figures.lost_units, figures.lost_revenue) == (15, 60)
    assert figures.gross_margin == 60
    assert figures.gross_margin_return == pytest.approx(60 / 30 * 365 / (20 * 3))
    assert (figures.stock_value, figures.movement) == (0, "")


def test_the_score_is_the_sum_of_its_parts() -> None:
    figures = measure(SIXTY)
    assert {name: (part["points"], part["of"]) for name, part in figures.score_parts.items()} == {
        "revenue": (30.0, 40.0),  # 1 - 0.25
        "availability": (24.0, 30.0),  # 24 of 30 days in stock
        "stock": (20.0, 20.0),  # 10 days of stock
        "returns": (9.38, 10.0),  # 4 of 64
    }
    assert figures.score == 83.38
    assert figures.score_parts["availability"]["why"] == "out of stock on 6.0 of 30 days"


def test_a_part_that_is_not_known_neither_helps_nor_harms() -> None:
    figures = measure(replace(SIXTY, closing_stock=[]))
    assert "stock" not in figures.score_parts
    assert figures.score == round(100 * (30 + 24 + 9.38) / 80, 2)
    assert (figures.average_stock_units, figures.turnover, figures.days_of_stock) == (None, None, None)


def test_stock_for_half_a_year_earns_no_points_for_stock_and_105_days_half_of_them() -> None:
    assert measure(replace(SIXTY, closing_stock=[360])).score_parts["stock"]["points"] == 0
    assert measure(replace(SIXTY, closing_stock=[210])).score_parts["stock"]["points"] == 10


def test_an_empty_history_is_answered() -> None:
    figures = measure(NOTHING)
    assert (figures.net_units, figures.score) == (0, 0)
    assert figures.average_price is None
    assert (figures.velocity, figures.turnover, figures.days_of_stock) == (None, None, None)
    assert list(figures.score_parts) == ["revenue"]


def test_zero_stock_all_the_time_has_no_turnover_and_no_velocity() -> None:
    figures = measure(replace(SIXTY, closing_stock=[0] * 30, stock_out_days=30.0))
    assert (figures.velocity, figures.turnover) == (None, None)
    assert figures.days_of_stock == 0
    assert figures.score_parts["availability"]["points"] == 0


def test_stock_that_does_not_sell_has_a_turnover_of_zero_and_no_days() -> None:
    figures = measure(replace(SIXTY, sold_units=0, returned_units=0))
    assert (figures.velocity, figures.turnover, figures.days_of_stock) == (0, 0, None)
    assert figures.score_parts["stock"] == {"points": 0.0, "of": 20.0, "why": "in stock, and nothing sold"}


def test_a_period_of_returns_alone_sells_nothing() -> None:
    figures = measure(replace(SIXTY, sold_units=0, returned_units=9, revenue=Decimal(-36), standing=NOT_RANKED))
    assert figures.net_units == -9
    assert (figures.velocity, figures.turnover, figures.average_price) == (0, 0, None)
    assert figures.score_parts["returns"]["points"] == 0
    assert figures.score_parts["revenue"]["points"] == 0


def test_negative_stock_counts_as_none_in_the_average() -> None:
    assert measure(replace(SIXTY, closing_stock=[-10, 10])).average_stock_units == 5


@given(
    sold=st.integers(0, 10**6),
    returned=st.integers(0, 10**6),
    out=st.floats(0, 40),
    stock=st.lists(st.integers(-100, 10**6), max_size=5),
    before=st.floats(0, 1),
    shelf=st.none() | st.integers(1, 31),
)
def test_the_score_lies_between_0_and_100_and_is_explained_by_its_parts(
    sold: int, returned: int, out: float, stock: list[int], before: float, shelf: int | None
) -> None:
    figures = measure(
        replace(
            SIXTY,
            sold_units=sold,
            returned_units=returned,
            stock_out_days=out,
            closing_stock=stock,
            days_on_shelf=shelf,
            standing=Standing(0.1, before, "B"),
        )
    )
    assert 0 <= figures.score <= 100
    parts = figures.score_parts.values()
    assert all(0 <= part["points"] <= part["of"] for part in parts)
    points = sum(part["points"] for part in parts)
    assert figures.score == pytest.approx(100 * points / sum(part["of"] for part in parts), abs=0.006)


@pytest.mark.parametrize(
    ("on_hand", "minimum", "maximum", "expected"),
    [
        (-3, 10, 100, ("Out of Stock", "Critical")),
        (0, 0, 0, ("Out of Stock", "Critical")),
        (10, 10, 100, ("Low Stock", "High")),
        (11, 10, 100, ("Normal", "Low")),
        (89, 10, 100, ("Normal", "Low")),
        (90, 10, 100, ("Overstocked", "Medium")),
        (10, 10, 11, ("Low Stock", "High")),
        (5, 0, 0, ("Normal", "Low")),
    ],
)
def test_status_and_risk_of_pa3(on_hand: int, minimum: int, maximum: int, expected: tuple[str, str]) -> None:
    assert stock_status(on_hand_units=on_hand, minimum_units=minimum, maximum_units=maximum) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(1, "daily"), (6, "daily"), (7, "weekly"), (27, "weekly"), (28, "monthly"), (365, "monthly")]
)
def test_period_types_of_pa2(days: int, expected: str) -> None:
    assert period_type(days) == expected


def stock(changes: dict[int, int], *, on_hand: int, tracked_days_ago: int | None, days: int = 3) -> list[int]:
    """``changes`` by days before the last one; negative days lie after it."""
    return closing_stock(
        on_hand_units=on_hand,
        changes={DAY - timedelta(days=ago): units for ago, units in changes.items()},
        tracked_from=None if tracked_days_ago is None else DAY - timedelta(days=tracked_days_ago),
        first_day=DAY - timedelta(days=days - 1),
        last_day=DAY,
    )


def test_closing_stock_is_worked_back_from_now() -> None:
    assert stock({0: 4, 1: -3}, on_hand=5, tracked_days_ago=90) == [4, 1, 5]


def test_what_happened_after_the_period_is_taken_back() -> None:
    assert stock({-1: -2, -2: 100, 0: -1}, on_hand=103, tracked_days_ago=90) == [6, 6, 5]


def test_days_before_the_first_count_are_left_out() -> None:
    assert stock({1: 8}, on_hand=8, tracked_days_ago=1) == [8, 8]
    assert stock({}, on_hand=8, tracked_days_ago=None) == []
    assert stock({-1: 8}, on_hand=8, tracked_days_ago=-1) == []


@pytest.mark.parametrize(
    ("before", "first_sale_ago", "tracked_ago", "days"),
    [
        (True, None, None, 30),
        (False, None, None, None),
        (False, 4, None, 5),
        (False, 4, 9, 10),
        (False, 4, 60, 30),
        (False, None, -1, None),
    ],
)
def test_days_on_the_shelf_begin_with_the_first_sale_or_count(
    before: bool, first_sale_ago: int | None, tracked_ago: int | None, days: int | None
) -> None:
    assert (
        days_on_shelf(
            first_day=DAY - timedelta(days=29),
            last_day=DAY,
            was_there_before=before,
            first_sale=None if first_sale_ago is None else DAY - timedelta(days=first_sale_ago),
            tracked_from=None if tracked_ago is None else DAY - timedelta(days=tracked_ago),
        )
        == days
    )


def test_without_a_unit_cost_neither_margin_nor_money_is_known() -> None:
    figures = measure(replace(SIXTY, unit_cost=Decimal(0), on_hand_units=9))
    assert (figures.gross_margin, figures.gross_margin_return, figures.stock_value) == (None, None, None)


def test_selling_under_cost_has_a_negative_margin() -> None:
    figures = measure(replace(SIXTY, unit_cost=Decimal(5)))
    assert figures.gross_margin == -60
    assert figures.gross_margin_return is not None
    assert figures.gross_margin_return < 0


def test_sell_through_is_of_what_there_was_to_sell() -> None:
    assert measure(replace(SIXTY, closing_stock=[90, 20])).sell_through == pytest.approx(60 / 80)
    assert measure(replace(SIXTY, closing_stock=[90, -5])).sell_through == 1
    assert measure(replace(SIXTY, sold_units=0, returned_units=3, closing_stock=[8])).sell_through == 0
    assert measure(replace(SIXTY, sold_units=0, returned_units=0, closing_stock=[0])).sell_through is None
    assert measure(replace(SIXTY, closing_stock=[])).sell_through is None


def test_lost_sales_need_a_pace_to_go_by() -> None:
    assert [lost_sales(2.5, 6.0), lost_sales(None, 0.0), lost_sales(None, 6.0), lost_sales(0.0, 6.0)] == [
        15,
        0,
        None,
        0,
    ]
    never_in_stock = measure(replace(SIXTY, stock_out_days=30.0))
    assert (never_in_stock.lost_units, never_in_stock.lost_revenue) == (None, None)
    only_returns = measure(replace(SIXTY, sold_units=0, returned_units=9, revenue=Decimal(-36)))
    assert (only_returns.lost_units, only_returns.lost_revenue) == (0, 0)


@pytest.mark.parametrize(
    ("on_hand", "since_sale", "tracked", "per_day", "expected"),
    [
        (0, 400, 400, 0.0, ""),
        (-2, 0, 400, 2.0, ""),
        (10, 0, 400, 2.0, "moving"),
        (360, 0, 400, 2.0, "moving"),
        (361, 0, 400, 2.0, "slow"),
        (10, 45, 400, 0.0, "slow"),
        (10, 89, 400, 0.0, "slow"),
        (10, 90, 400, 0.0, "dead"),
        (10, None, 27, None, "new"),
        (10, None, 28, 0.0, "slow"),
        (10, None, 90, 0.0, "dead"),
        (10, None, None, None, "new"),
        (10, 2, None, 1.0, "moving"),
    ],
)
def test_what_is_in_stock_moves_is_slow_dead_or_new(
    on_hand: int, since_sale: int | None, tracked: int | None, per_day: float | None, expected: str
) -> None:
    facts = replace(SIXTY, on_hand_units=on_hand, days_since_sale=since_sale, days_tracked=tracked)
    assert movement_of(facts, per_day=per_day) == expected
