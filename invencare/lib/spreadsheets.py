"""Tables that people open in a spreadsheet: CSV in a stream, XLSX on disk, and no cell that would run."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

RUNNABLE = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet program read a cell as a formula."""
LINES_AT_ONCE = 500
IN_MEMORY_BYTES = 2 * 1024**2
Row = Sequence[Any]


def escape_cell(value: Any) -> Any:
    """Put an apostrophe before text that a spreadsheet would run; numbers such as ``-5`` stay numbers.

    >>> escape_cell("=1+1")
    "'=1+1"
    """
    if isinstance(value, str) and value.startswith(RUNNABLE) and not _is_number(value):
        return f"'{value}"
    return value


def csv_lines(header: Row, rows: Iterable[Row]) -> Iterator[str]:
    """The table as pieces of CSV, ``LINES_AT_ONCE`` lines each; it begins with the mark that tells Excel of UTF-8."""
    buffer = io.StringIO("\ufeff")
    buffer.seek(0, io.SEEK_END)
    writer = csv.writer(buffer)
    writer.writerow(header)
    for count, row in enumerate(rows, start=1):
        writer.writerow([escape_cell(_plain(cell)) for cell in row])
        if count % LINES_AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def xlsx_file(title: str, header: Row, rows: Iterable[Row]) -> IO[bytes]:
    """The table as an open XLSX file at its beginning, on disk from 2 MiB on; closing it deletes it.

    Rows are written as they come and never all held. Characters that XLSX has no place for are left out.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    sheet.append(list(header))
    for row in rows:
        sheet.append([_cell(cell) for cell in row])
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115  the caller's to close
    book.save(file)
    file.seek(0)
    return file


def _cell(value: Any) -> Any:
    """A number stays one; instants lose their zone, which XLSX does not know: they are in UTC."""
    if isinstance(value, str):
        return escape_cell(ILLEGAL_CHARACTERS_RE.sub("", value))
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return float(value) if isinstance(value, Decimal) else value


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "\t" not in text and "\r" not in text
