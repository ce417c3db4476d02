"""How large a report may be, and how its rows are read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError

MOST_JSON_ROWS = 10_000
MOST_FILE_ROWS = 200_000
ROWS_AT_ONCE = 2_000


def check_size(rows: int, *, is_file: bool) -> None:
    """Raises ``ValidationError`` (field ``store_id``) for a report that is too long, with what to do about it."""
    most = MOST_FILE_ROWS if is_file else MOST_JSON_ROWS
    if rows > most:
        other = "" if is_file else ", or take it as CSV or XLSX (`file_format`)"
        raise ValidationError(
            {"store_id": f"The report has {rows:,} rows, more than {most:,}: narrow it to a store or category{other}."}
        )


def counted(rows: Any) -> int:
    """How many rows there are, counted no further than a report may be long."""
    return int(rows.order_by().values("pk")[: MOST_FILE_ROWS + 1].count())


def read(rows: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of a ``values_list``, some at a time."""
    return iter(rows.iterator(chunk_size=ROWS_AT_ONCE))
