"""What is known of a file once it lies checked in DuckDB."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Calendar:
    """Periods of the file: ``start`` and ``end`` are the days (since 1970-01-01) of the first and last period.

    The start lies before the first row where the file is too short to hold two seasons.
    """

    period_days: int
    season: int
    start: int
    end: int

    @property
    def periods(self) -> int:
        return (self.end - self.start) // self.period_days + 1


@dataclass(frozen=True)
class Summary:
    """What was read. ``bad_fields`` were refused; ``merged_rows`` shared series and date with another and were added.

    ``ended_series`` have no row on the file's last date, ``short_series`` begin fewer than seven periods before it;
    ``is_complete``: the file writes its days without sales, too.
    """

    rows: int
    series: int
    first_day: int
    bad_fields: int
    merged_rows: int
    returned_days: int
    ended_series: int
    short_series: int
    is_complete: bool
    skipped_early_rows: int


class Staging:
    """The checked file: tables ``series`` (key from 0, in order of the ids) and ``periods``, sorted by series.

    ``columns`` gives the file's own name of each known column, ``kinds`` its type in DuckDB's words;
    ``plans_ahead`` whether there are rows past the last sale (without quantity: planned prices and promotions).
    """

    def __init__(self, connection: Any, source: Path) -> None:
        self.connection = connection
        self.source = source
        self.columns: dict[str, str] = {}
        self.kinds: dict[str, str] = {}
        self.calendar: Calendar
        self.summary: Summary
        self.plans_ahead = False

    def has(self, column: str) -> bool:
        return column in self.columns

    def one(self, statement: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self.connection.execute(statement).fetchall()[0]
        return row
