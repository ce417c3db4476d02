"""Dates of a column: decided once, never guessed row by row."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from inventory.calc.reading import dates
from inventory.calc.reading.cells import ReadingError
from inventory.calc.reading.dates import DateReading, clock_of, decide_reading


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2024-01-31", date(2024, 1, 31)),
        ("2024/1/31", date(2024, 1, 31)),
        ("2024.01.31", date(2024, 1, 31)),
        ("20240131", date(2024, 1, 31)),
        (20240131, date(2024, 1, 31)),
        (" 31.1.2024 ", date(2024, 1, 31)),
        ("31-Jan-2024", date(2024, 1, 31)),
        ("31 January 2024", date(2024, 1, 31)),
        (date(2024, 1, 31), date(2024, 1, 31)),
        ("2024-01-31 23:59", datetime(2024, 1, 31, 23, 59)),
        ("2024-01-31T23:59:30.5", datetime(2024, 1, 31, 23, 59, 30, 500_000)),
        ("2024-01-31T23:59:30Z", datetime(2024, 1, 31, 23, 59, 30, tzinfo=UTC)),
        ("2024-01-31 23:59:30+05:30", datetime(2024, 1, 31, 23, 59, 30, tzinfo=timezone(timedelta(hours=5.5)))),
        ("2024/01/31 11:05 pm", datetime(2024, 1, 31, 23, 5)),
    ],
)
def test_dates_that_can_be_read_in_one_way_need_no_decision(cell: object, moment: object) -> None:
    assert DateReading().moment_of(cell) == moment


@pytest.mark.parametrize(
    ("order", "moment"), [("day-first", datetime(2010, 1, 12, 8, 26)), ("month-first", datetime(2010, 12, 1, 8, 26))]
)
def test_the_decided_order_holds_for_dates_with_the_year_last(order: dates.Order, moment: datetime) -> None:
    assert DateReading(order=order).moment_of("12/1/2010 8:26") == moment
    assert DateReading(order=order).moment_of("12/1/10 8:26") == moment


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "is missing"),
        (None, "is missing"),
        ("2024-02-30", "is no day of the calendar"),
        ("2024-01", "is not a full date"),
        ("yesterday", "is not a full date"),
        ("2024-01-31 25:00", "is no time of the day"),
        ("2024-01-31 13:00 pm", "is no time of the day"),
    ],
)
def test_what_is_no_date_says_why(cell: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DateReading().moment_of(cell)


def test_a_year_last_in_a_column_with_the_year_first_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="has its year last, unlike the rest"):
        DateReading().moment_of("03/04/2024")


def test_one_value_above_twelve_decides_for_the_column_and_is_named() -> None:
    reading, sentence = decide_reading(["03/04/2024", "25/04/2024", "01/02/2024"])
    assert reading == DateReading(order="day-first", midnight_is_a_day=True)
    assert "25/04/2024" in sentence
    assert decide_reading(["03/04/2024", "04/25/2024"])[0].order == "month-first"


def test_a_column_that_nothing_decides_asks_a_person() -> None:
    with pytest.raises(ReadingError, match="Nothing shows whether “03/04/2024”") as caught:
        decide_reading(["03/04/2024", "01/02/2024", "2024-01-15"])
    assert caught.value.field == "date"


def test_a_column_that_contradicts_itself_asks_a_person() -> None:
    with pytest.raises(ReadingError, match=r"contradict each other: “25/04/2024” .* “04/25/2024”"):
        decide_reading(["25/04/2024", "04/25/2024"])


def test_a_said_order_is_not_argued_with() -> None:
    reading, _ = decide_reading(["25/04/2024", "04/25/2024"], order="month-first")
    assert reading.order == "month-first"
    with pytest.raises(ValueError, match="is no day of the calendar"):
        reading.moment_of("25/04/2024")


def test_the_search_goes_on_beyond_the_sample_while_day_and_month_could_be_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dates, "SAMPLE_ROWS", 5)
    cells = iter(["01/02/2024"] * 50 + ["25/02/2024", "26/02/2024", "27/02/2024"])
    assert decide_reading(cells)[0].order == "day-first"
    # It stopped looking one row after the value that decided.
    assert list(cells) == ["27/02/2024"]


def test_a_format_stands_above_all() -> None:
    reading, _ = decide_reading(["5 of Jan 2024"], date_format="%d of %b %Y")
    assert reading.moment_of("5 of Jan 2024") == date(2024, 1, 5)
    with pytest.raises(ValueError, match="does not fit the date format %d of %b %Y"):
        reading.moment_of("2024-01-05")


def test_midnight_means_no_time_only_where_every_time_is_midnight() -> None:
    days, _ = decide_reading([datetime(2024, 1, 5), datetime(2024, 1, 6)])
    assert days.moment_of(datetime(2024, 1, 5)) == date(2024, 1, 5)
    assert type(days.moment_of(datetime(2024, 1, 5))) is date
    times, _ = decide_reading([datetime(2024, 1, 5), datetime(2024, 1, 6, 9, 30)])
    assert times.moment_of(datetime(2024, 1, 5)) == datetime(2024, 1, 5, 0, 0)


@pytest.mark.parametrize(
    ("cell", "at"),
    [("13:45", time(13, 45)), ("1:45 PM", time(13, 45)), ("12:00 am", time(0, 0)), (time(9, 5), time(9, 5))],
)
def test_times_of_day_are_read(cell: object, at: time) -> None:
    assert clock_of(cell) == at


def test_a_time_column_may_hold_whole_timestamps() -> None:
    assert clock_of("2024-01-05 13:45") == datetime(2024, 1, 5, 13, 45)
