"""The arithmetic of the ledger, without a database: units are conserved, time is conserved."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from invencare.lib import clock
from inventory.calc.balances import Balance, check_movements, post
from inventory.calc.movements import ADJUSTMENT, TYPES, Movement

ATHENS = ZoneInfo("Europe/Athens")
START = datetime(2026, 3, 27, 6, tzinfo=UTC)  # the clocks of Athens change on the 29th


def balance() -> Balance:
    return Balance(seconds_by_day=partial(clock.seconds_by_day, zone=ATHENS))


@st.composite
def days_of_movements(draw: st.DrawFn) -> list[Movement]:
    rows = []
    instant = START
    for number in range(draw(st.integers(1, 25))):
        instant += timedelta(seconds=draw(st.integers(0, 54_000)))
        kind = draw(st.sampled_from(sorted(TYPES)))
        quantity = draw(st.integers(-20, 20) if kind == ADJUSTMENT else st.integers(0, 20))
        rows.append(
            Movement(1, 2, kind, quantity, instant, clock.business_date(instant, ATHENS), f"k{number}", Decimal("1.5"))
        )
    return rows


@given(days_of_movements())
def test_units_are_conserved_and_the_chain_never_breaks(rows: list[Movement]) -> None:
    check_movements(rows)
    stock = {(1, 2): balance()}
    posting = post(rows, stock, is_history=lambda movement, held: False)
    assert stock[1, 2].on_hand == sum(row.stock_change for row in posting.rows)
    befores = [row.before for row in posting.rows]
    assert befores == [0, *(row.after for row in posting.rows[:-1])]
    sold = sum(row.quantity for row in posting.rows if row.movement.movement_type == "sale")
    assert sum(change.units for change in posting.days.values()) == sold


@given(days_of_movements(), st.integers(0, 48))
def test_closing_days_in_between_never_changes_the_out_of_stock_time(rows: list[Movement], hours: int) -> None:
    """An oracle walks the rows hour by hour; the incremental sums must agree, closed early or not."""
    stock = balance()
    total = 0
    before: Movement | None = None
    expected = 0
    on_hand = 0
    tracked = False
    for row in rows:
        if before is not None and tracked and on_hand <= 0:
            expected += int((row.occurred_at - before.occurred_at).total_seconds())
        posted = post([row], {(1, 2): stock}, is_history=lambda movement, held: False)
        total += sum(change.out_of_stock_seconds for change in posted.days.values())
        total += sum(stock.close_to(row.occurred_at + timedelta(hours=hours)).values())
        on_hand = stock.on_hand
        tracked = tracked or stock.tracked_from is not None
        before = row
    # What is still open was closed past the last row; take that much as expected.
    if stock.out_since is not None and before is not None and stock.out_closed_to is not None:
        expected += int((stock.out_closed_to - before.occurred_at).total_seconds())
    assert total == expected


def test_a_day_with_a_clock_change_has_23_hours() -> None:
    split = clock.seconds_by_day(
        clock.day_start(date(2026, 3, 29), ATHENS), clock.day_start(date(2026, 3, 30), ATHENS), ATHENS
    )
    assert split == {date(2026, 3, 29): 23 * 3600}


def test_an_interval_that_ends_before_it_starts_is_empty() -> None:
    assert clock.seconds_by_day(START, START - timedelta(hours=1), ATHENS) == {}


def test_the_business_day_is_the_store_s_own() -> None:
    late = datetime(2026, 3, 14, 23, 30, tzinfo=UTC)
    assert clock.business_date(late, ATHENS) == date(2026, 3, 15)
    assert clock.business_date(late, ZoneInfo("America/New_York")) == date(2026, 3, 14)


def test_time_taken_back_adds_up_with_instants_between_two_seconds() -> None:
    stock = balance()
    half = timedelta(milliseconds=500)
    day = date(2026, 3, 27)
    assert stock.record_stock(0, START + half, day) == {}
    closed = stock.close_to(clock.day_start(date(2026, 3, 28), ATHENS))
    back = stock.record_stock(5, START + timedelta(hours=2) + half, day)
    assert closed[day] + back[day] == 2 * 3600
