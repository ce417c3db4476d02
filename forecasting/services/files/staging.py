"""A long-form file of any size, checked and sorted by series in DuckDB, which goes to disk where memory ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.exceptions import ValidationError

from forecasting.services.files.bad_rows import count_bad_fields
from forecasting.services.files.lines import read_lines
from forecasting.services.files.options import FREQUENCIES, WEEK_DAYS, FileOptions, season_of
from forecasting.services.files.stage import Calendar, Staging, Summary

MEMORY = "1GB"
# Of a file of weeks, the share of rows that may lie on another week day before it is taken for a file of days.
MOST_OFF_WEEK_DAY = 0.01
# From this share of days with a row on, the file is taken to write its days without sales, too.
COMPLETE_SHARE = 0.99
# More history than this is not read: it says little of the next weeks, and one mistyped year must not fill memory.
LONGEST_HISTORY_DAYS = 3_653
# A panel is at least so long, and two seasons; what lies before the first row is unknown.
SHORTEST_PANEL_PERIODS = 14
SHORTEST_MONTH_DAYS = 28
# Fewer periods than these are too few to forecast a series from itself.
SHORT_PERIODS = 7


@contextmanager
def staged(source: Path, options: FileOptions) -> Iterator[Staging]:
    """Read and check the whole file. Raises ``ValidationError`` where it cannot be understood as a whole."""
    duckdb = _duckdb()
    with TemporaryDirectory(prefix="invencare-forecast-") as folder:
        connection = duckdb.connect(f"{folder}/staging.duckdb")
        try:
            connection.execute(f"SET memory_limit = '{MEMORY}'; SET temp_directory = '{folder}'")
            connection.execute(f"SET threads = {options.jobs}; SET enable_progress_bar = false")
            staging = Staging(connection, source)
            try:
                read_lines(staging)
            except duckdb.Error as error:
                raise ValidationError({"in": f"{source.name} cannot be read: {_first_line(error)}"}) from error
            staging.calendar = _calendar(staging, options)
            _sort_by_series(staging)
            yield staging
        finally:
            connection.close()


def _duckdb() -> Any:
    try:
        import duckdb  # the extra "analysis": the light installation does without
    except ImportError as error:
        raise ValidationError(
            {"in": "Reading files needs DuckDB, part of the extra “analysis”: pip install 'invencare[analysis]'."}
        ) from error
    return duckdb


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def _calendar(staging: Staging, options: FileOptions) -> Calendar:
    counted = staging.connection.execute(
        "SELECT (day + 3) % 7 AS week_day, count(*), min(day), max(day) FROM lines"
        " WHERE quantity IS NOT NULL AND day IS NOT NULL AND series_id IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    if not counted:
        raise ValidationError({"in": f"{staging.source.name} has no row with a series, a date and a quantity."})
    first, last = min(row[2] for row in counted), max(row[3] for row in counted)
    is_weekly = len(counted) == 1 and last > first
    frequency = options.frequency or ("W" if is_weekly else "D")
    period_days = FREQUENCIES[frequency]
    if frequency == "W":
        first, last = _weeks(staging, counted)
    else:
        _refuse_months(staging, first, last)
    season = season_of(options, period_days)
    shortest = (max(2 * season, SHORTEST_PANEL_PERIODS) - 1) * period_days
    longest = max(LONGEST_HISTORY_DAYS // period_days * period_days, shortest)
    return Calendar(period_days, season, max(min(first, last - shortest), last - longest), last)


def _weeks(staging: Staging, counted: list[tuple[int, int, int, int]]) -> tuple[int, int]:
    """First and last day on the week day of nearly all rows; the others lose their date and are reported."""
    week_day, on_it, first, last = counted[0]
    rows = sum(row[1] for row in counted)
    if rows - on_it > MOST_OFF_WEEK_DAY * rows:
        raise ValidationError({"freq": "The dates are not a week apart: they fall on several week days. Try --freq D."})
    staging.connection.execute(
        "UPDATE lines SET week_day_bad = (DATE '1970-01-01' + day)::VARCHAR, day = NULL"
        f" WHERE day IS NOT NULL AND (day + 3) % {WEEK_DAYS} <> {week_day}"
    )
    return first, last


def _refuse_months(staging: Staging, first: int, last: int) -> None:
    dates = staging.one("SELECT count(DISTINCT day) FROM lines WHERE quantity IS NOT NULL")[0]
    if dates > 2 and (last - first) / (dates - 1) >= SHORTEST_MONTH_DAYS:
        raise ValidationError({"freq": "The dates lie a month or more apart; files are of days (D) or weeks (W)."})


def _sort_by_series(staging: Staging) -> None:
    """Tables ``series`` and ``periods``: rows of one series and date become one, quantities added."""
    run = staging.connection.execute
    calendar = staging.calendar
    good = "series_id IS NOT NULL AND day IS NOT NULL"
    past = f"{good} AND day BETWEEN {calendar.start} AND {calendar.end}"
    numeric = staging.kinds["series_id"] != "VARCHAR"
    order = f"TRY_CAST(series_id AS {staging.kinds['series_id']}), series_id" if numeric else "series_id"
    run(
        "CREATE TABLE series AS WITH known AS ("
        " SELECT series_id, min(day) AS first, max(day) AS last, count(DISTINCT day) AS days,"
        " max(store) AS store, max(category) AS category"
        f" FROM lines WHERE {past} GROUP BY series_id)"
        f" SELECT (row_number() OVER (ORDER BY {order}) - 1)::INTEGER AS key, *,"
        " (dense_rank() OVER (ORDER BY category) - 1)::INTEGER AS category_code,"
        " (dense_rank() OVER (ORDER BY store) - 1)::INTEGER AS store_code FROM known ORDER BY key"
    )
    run(
        "CREATE TABLE periods AS SELECT key,"
        f" ((day - {calendar.start}) // {calendar.period_days})::INTEGER AS period,"
        " CASE WHEN bool_or(quantity IS NULL) THEN 'nan'::DOUBLE ELSE greatest(sum(quantity), 0) END AS quantity,"
        " coalesce(avg(price), 'nan')::FLOAT AS price, coalesce(max(promotion), 0)::FLOAT AS promotion,"
        " coalesce(avg(in_stock), 1)::FLOAT AS in_stock, count(*)::INTEGER AS rows, sum(quantity) < 0 AS is_returned"
        f" FROM lines JOIN series USING (series_id) WHERE {good} AND day >= {calendar.start}"
        " GROUP BY key, period ORDER BY key, period"
    )
    staging.plans_ahead = staging.one(f"SELECT count(*) FROM periods WHERE period >= {calendar.periods}")[0] > 0
    staging.summary = _summary(staging)


def _summary(staging: Staging) -> Summary:
    calendar = staging.calendar
    newest = calendar.end - (SHORT_PERIODS - 1) * calendar.period_days
    series, first, ended, short, days, span = staging.one(
        f"SELECT count(*), min(first), count(*) FILTER (last < {calendar.end}), count(*) FILTER (first > {newest}), sum(days),"
        f" sum((last - first) // {calendar.period_days} + 1) FROM series"
    )
    merged, returned = staging.one(
        f"SELECT coalesce(sum(rows - 1), 0), count(*) FILTER (is_returned) FROM periods WHERE period < {calendar.periods}"
    )
    early = staging.one(f"SELECT count(*) FROM lines WHERE series_id IS NOT NULL AND day < {calendar.start}")[0]
    return Summary(
        rows=staging.one("SELECT count(*) FROM lines")[0],
        series=series,
        first_day=first,
        bad_fields=count_bad_fields(staging),
        merged_rows=int(merged),
        returned_days=returned,
        ended_series=ended,
        short_series=short,
        is_complete=days >= COMPLETE_SHARE * span,
        skipped_early_rows=early,
    )
