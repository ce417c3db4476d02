"""What was refused: line, field, value and reason, in a file of its own."""

from __future__ import annotations

import csv
from bisect import bisect_right
from pathlib import Path

from forecasting.services.files.lines import opened
from forecasting.services.files.options import is_parquet
from forecasting.services.files.stage import Staging

REASONS = {
    "series_id": "is empty: the row is left out",
    "date": "is not a date (YYYY-MM-DD): the row is left out",
    "quantity": "is not a finite number: the day counts as unknown, not as zero",
    "price": "is not a number from 0 on: the price counts as unknown",
    "promotion": "is not a number from 0 on, true or false: counts as no promotion",
    "in_stock": "is not a share from 0 to 1, true or false: the day counts as in stock",
}
EMPTY_QUANTITY = "is empty: the day counts as unknown, not as zero"
OTHER_WEEK_DAY = "falls on another week day than the weeks of the file: the row is left out"


def count_bad_fields(staging: Staging) -> int:
    count: int = staging.one(f"SELECT count(*) FROM ({_bad_fields(staging)})")[0]
    return count + len(_broken_lines(staging))


def write_bad_rows(staging: Staging, target: Path) -> None:
    """Write ``line,field,value,reason`` of everything refused, lines counted from 1 with the header."""
    broken = _broken_lines(staging)
    fields = staging.connection.execute(f"{_bad_fields(staging)} ORDER BY 1, 2").fetchall()
    if not is_parquet(staging.source):
        lines = _lines_of([place for place, *_ in fields], _skipped_lines(staging.source, [line for line, _ in broken]))
        fields = [(line, *rest) for line, (_, *rest) in zip(lines, fields, strict=True)]
    rows = [(line, "", "", f"{reason} The row is left out.") for line, reason in broken]
    rows += [(line, field, value, _reason(field, value)) for line, field, value in fields]
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("line", "field", "value", "reason"))
        writer.writerows(sorted(rows))


def _bad_fields(staging: Staging) -> str:
    """SQL: place, field, value, reason of every field that was refused."""
    parts = ["SELECT place, 'series_id' AS field, '' AS value FROM lines WHERE series_id IS NULL"]
    parts += [
        f"SELECT place, '{column}', {column}_bad FROM lines WHERE {column}_bad IS NOT NULL"
        for column in ("date", "week_day", "quantity", "price", "promotion", "in_stock")
        if column == "week_day" or staging.has(column)
    ]
    # Rows past the end without a quantity are plans; before it, a day of which nobody knows what was sold.
    parts.append(
        "SELECT place, 'quantity', '' FROM lines WHERE quantity IS NULL AND quantity_bad IS NULL"
        f" AND series_id IS NOT NULL AND day <= {staging.calendar.end}"
    )
    return " UNION ALL ".join(parts)


def _broken_lines(staging: Staging) -> list[tuple[int, str]]:
    """(line, reason) of lines with too few or too many fields, which DuckDB sets aside."""
    if is_parquet(staging.source):
        return []
    found = staging.connection.execute(
        "SELECT line, min(error_message) FROM reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    return [(int(line), str(message)) for line, message in found]


def _skipped_lines(source: Path, broken: list[int]) -> list[int]:
    """Lines of the file that no row was made of: broken ones and empty ones."""
    with opened(source) as lines:
        empty = [number for number, line in enumerate(lines, start=1) if not line.strip()]
    return sorted({*broken, *empty})


def _lines_of(places: list[int], skipped: list[int]) -> list[int]:
    """The line of the n-th row: one for the header, and one more for each skipped line before it.

    Worked: with line 3 skipped, row 1 is on line 2 and row 2 on line 4.
    """
    rows_before = [line - 2 - earlier for earlier, line in enumerate(skipped)]
    return [place + 1 + bisect_right(rows_before, place - 1) for place in places]


def _reason(field: str, value: str) -> str:
    if field == "quantity" and not value:
        return EMPTY_QUANTITY
    if field == "week_day":
        return OTHER_WEEK_DAY
    return REASONS[field]
