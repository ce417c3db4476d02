"""Dates and times out of cells. Day before month, or after, is decided once for a column, never row by row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Literal

from inventory.calc.reading.cells import ReadingError

Order = Literal["", "day-first", "month-first"]
# A day (no time known), a local time of the store (naive), or an instant (aware).
Moment = date | datetime

SAMPLE_ROWS = 10_000
LONGEST_SAMPLE_ROWS = 1_000_000

CLOCK = (
    r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
YEAR_FIRST = re.compile(
    rf"(?P<year>[0-9]{{4}})(?:(?P<sign>[-/.])(?P<month>[0-9]{{1,2}})(?P=sign)(?P<day>[0-9]{{1,2}})"
    rf"|(?P<month2>[0-9]{{2}})(?P<day2>[0-9]{{2}}))(?:[T\s]\s*{CLOCK})?"
)
YEAR_LAST = re.compile(
    rf"(?P<first>[0-9]{{1,2}})(?P<sign>[-/.])(?P<second_part>[0-9]{{1,2}})(?P=sign)(?P<year>[0-9]{{4}}|[0-9]{{2}})"
    rf"(?:[T\s,]\s*{CLOCK})?"
)
NAMED_MONTH = re.compile(
    rf"(?P<day>[0-9]{{1,2}})[-/.\s]\s*(?P<name>[A-Za-z]{{3,9}})\.?[-/,\s]\s*(?P<year>[0-9]{{4}})(?:[T\s]\s*{CLOCK})?"
)
ONLY_CLOCK = re.compile(CLOCK)
MONTHS = {
    name: number
    for number, name in enumerate(
        "january february march april may june july august september october november december".split(), start=1
    )
}


@dataclass(frozen=True)
class DateReading:
    """How the dates of one column are read.

    ``order`` is for numeric dates with the year last; ``format`` is a ``strptime`` pattern that stands above all
    else; ``midnight_is_a_day``: every sampled time was 00:00, so that midnight means that no time is known.
    """

    order: Order = ""
    format: str = ""
    midnight_is_a_day: bool = False

    def moment_of(self, raw: Any) -> Moment:
        """The day, local time or instant in a cell; raises ``ValueError`` with the reason.

        ``DateReading(order="day-first").moment_of("3/4/2024 9:05")`` is ``datetime(2024, 4, 3, 9, 5)``.
        """
        moment = self._read(raw)
        if (
            self.midnight_is_a_day
            and isinstance(moment, datetime)
            and moment.tzinfo is None
            and moment.time() == time.min
        ):
            return moment.date()
        return moment

    def _read(self, raw: Any) -> Moment:
        if isinstance(raw, date):
            return raw
        if isinstance(raw, (int, float)) and not isinstance(raw, bool) and raw == raw // 1:
            raw = str(int(raw))
        text = "" if raw is None else str(raw).strip()
        if not text:
            raise ValueError("is missing")
        if self.format:
            return self._by_format(text)
        if text[4:5] == text[7:8] == "-":  # by far the most common, and the one that the standard library reads fast
            with suppress(ValueError):
                return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
        if found := YEAR_FIRST.fullmatch(text):
            return _moment(found, found["month"] or found["month2"], found["day"] or found["day2"])
        if found := YEAR_LAST.fullmatch(text):
            return self._year_last(found)
        if found := NAMED_MONTH.fullmatch(text):
            return _moment(found, str(_month_number(found["name"])), found["day"])
        raise ValueError("is not a full date")

    def _by_format(self, text: str) -> Moment:
        try:
            moment = datetime.strptime(text, self.format)  # noqa: DTZ007  (naive means the store's own time)
        except ValueError:
            raise ValueError(f"does not fit the date format {self.format}") from None
        return moment if re.search(r"%[HIcXMT]", self.format) else moment.date()

    def _year_last(self, found: re.Match[str]) -> Moment:
        if found["sign"] == "." or self.order == "day-first":
            return _moment(found, found["second_part"], found["first"])
        if self.order == "month-first":
            return _moment(found, found["first"], found["second_part"])
        raise ValueError("has its year last, unlike the rest of the column: say whether the day or the month is first")


def decide_reading(
    cells: Iterable[Any], *, order: Order = "", date_format: str = "", has_time_column: bool = False
) -> tuple[DateReading, str]:
    """How to read a column, and a sentence that says so.

    Looks at the first 10,000 rows, and on to a million while day and month could still be either. Raises
    :class:`ReadingError` where no value, or contradicting values, decide: a person has to say then. What was
    decided holds for the whole column; rows that do not fit it are rejected.
    """
    evidence = _Evidence()
    for seen, cell in enumerate(cells):
        if seen >= SAMPLE_ROWS and (order or date_format or not evidence.is_undecided):
            break
        if seen >= LONGEST_SAMPLE_ROWS:
            break
        evidence.add(cell)
    reading = DateReading(order=order or evidence.order, format=date_format)
    if not date_format and not order:
        evidence.refuse_doubt()
    reading = replace(reading, midnight_is_a_day=not evidence.has_clock(reading))
    times = "with the time of day"
    if reading.midnight_is_a_day:
        times = "the time from its own column" if has_time_column else "no time of day: sales are put at noon"
    return reading, f"Dates are read {_how(reading, evidence)}, {times}."


def clock_of(raw: Any) -> time | Moment:
    """A time of day, or a whole date and time, out of a time column; raises ``ValueError`` with the reason."""
    if isinstance(raw, (time, datetime)):
        return raw
    if isinstance(raw, timedelta):
        return (datetime(1, 1, 1) + raw).time()  # noqa: DTZ001  a time of day has no zone
    text = "" if raw is None else str(raw).strip()
    if not text:
        raise ValueError("is missing")
    if found := ONLY_CLOCK.fullmatch(text):
        return _clock(found)
    if found := YEAR_FIRST.fullmatch(text):
        return _moment(found, found["month"] or found["month2"], found["day"] or found["day2"])
    raise ValueError("is not a time")


class _Evidence:
    """What a sample of a date column proves."""

    def __init__(self) -> None:
        self.day_first = ""
        self.month_first = ""
        self.either = ""
        self._cells: set[Any] = set()

    def add(self, cell: Any) -> None:
        if len(self._cells) < SAMPLE_ROWS:
            self._cells.add(cell)
        found = YEAR_LAST.fullmatch(cell.strip()) if isinstance(cell, str) else None
        if found is None or found["sign"] == ".":
            return
        if int(found["first"]) > 12:
            self.day_first = self.day_first or cell
        elif int(found["second_part"]) > 12:
            self.month_first = self.month_first or cell
        else:
            self.either = self.either or cell

    @property
    def is_undecided(self) -> bool:
        return bool(self.either) and not (self.day_first or self.month_first)

    @property
    def order(self) -> Order:
        if self.day_first:
            return "day-first"
        return "month-first" if self.month_first else ""

    def refuse_doubt(self) -> None:
        if self.day_first and self.month_first:
            raise ReadingError(
                "date",
                f"The dates contradict each other: “{self.day_first}” has the day first, “{self.month_first}” the"
                " month. Say which holds; the other rows will be rejected.",
            )
        if self.is_undecided:
            raise ReadingError(
                "date", f"Nothing shows whether “{self.either}” has the day or the month first. Say which."
            )

    def has_clock(self, reading: DateReading) -> bool:
        for cell in self._cells:
            try:
                moment = reading.moment_of(cell)
            except ValueError:
                continue
            if isinstance(moment, datetime) and moment.time() != time.min:
                return True
        return False


def _how(reading: DateReading, evidence: _Evidence) -> str:
    if reading.format:
        return f"by the format {reading.format}"
    if not reading.order:
        return "with the year first or as typed dates"
    proof = evidence.day_first if reading.order == "day-first" else evidence.month_first
    return f"with the {reading.order.split('-')[0]} first" + (f" (as “{proof.strip()}” shows)" if proof else "")


def _month_number(name: str) -> int:
    for month, number in MONTHS.items():
        if month == name.casefold() or month[:3] == name.casefold():
            return number
    raise ValueError("is not a full date")


def _moment(found: re.Match[str], month: str, day: str) -> Moment:
    year = int(found["year"])
    if year < 100:
        year += 2000 if year < 69 else 1900
    try:
        on = date(year, int(month), int(day))
    except ValueError:
        raise ValueError("is no day of the calendar") from None
    return on if found["hour"] is None else datetime.combine(on, _clock(found))


def _clock(found: re.Match[str]) -> time:
    hour, half = int(found["hour"]), (found["half"] or "").casefold().replace(".", "")
    if half and not 1 <= hour <= 12:
        raise ValueError("is no time of the day")
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    fraction = (found["fraction"] or "").ljust(6, "0")[:6]
    try:
        return time(hour, int(found["minute"]), int(found["second"] or 0), int(fraction), tzinfo=_zone(found["zone"]))
    except ValueError:
        raise ValueError("is no time of the day") from None


def _zone(text: str | None) -> timezone | None:
    if not text:
        return None
    if text in {"Z", "z", "UTC"}:
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)
