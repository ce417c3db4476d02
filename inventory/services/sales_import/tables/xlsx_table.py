"""XLSX as a table: one sheet, streamed, opened only when what it unpacks to is bounded."""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from inventory.calc.reading.cells import ReadingError, is_blank
from inventory.services.sales_import.tables.base import Batch

# A full sheet has 1,048,576 rows; one of 10 columns unpacks to about 500 MB.
LARGEST_UNPACKED_BYTES = 1024**3
# Only sheets are streamed; every other part is read whole (the table of texts is the big one).
LARGEST_TEXTS_BYTES = 128 * 1024**2
LARGEST_PART_BYTES = 16 * 1024**2
LARGEST_RATIO = 200
RATIO_MATTERS_BYTES = 20 * 1024**2
MOST_PARTS = 2_000
MOST_COLUMNS = 1_000
MOST_ROWS = 1_048_576


class XlsxTable:
    kind = "XLSX"

    def __init__(self, path: Path, *, sheet: str = "") -> None:
        self._path, self._sheet, self._claimed_rows = path, sheet, MOST_ROWS
        _refuse_bomb(path)
        with self._rows() as (title, titles, rows):
            header_line, header = next(
                ((line, row) for line, row in enumerate(rows, start=1) if not all(map(is_blank, row))), (0, ())
            )
        if not header_line:
            raise ReadingError("file", f"The sheet “{title}” is empty.")
        self._sheet, self._header_line = title, header_line
        while header and is_blank(header[-1]):
            header = header[:-1]
        self.header = tuple("" if cell is None else str(cell) for cell in header)
        others = [other for other in titles if other != title]
        self.remarks: tuple[str, ...] = (
            (f"The sheet “{title}” is read; not read: {', '.join(others)}.",) if others else ()
        )

    def batches(self, rows_per_batch: int, wanted: Collection[int] | None = None) -> Iterator[Batch]:
        width = len(self.header)
        with self._rows() as (_, _, rows):
            numbered = enumerate(islice(rows, self._header_line, None), start=self._header_line + 1)
            batch = Batch()
            for line, row in numbered:
                if not all(map(is_blank, row)):
                    batch.lines.append(line)
                    batch.rows.append([_cell(value) for value in _fitted(row, width)])
                if len(batch.rows) >= rows_per_batch:
                    batch.read_share = min(line / self._claimed_rows, 1.0)
                    yield batch
                    batch = Batch()
            batch.read_share = 1.0
            yield batch

    @contextmanager
    def _rows(self) -> Iterator[tuple[str, list[str], Iterator[tuple[Any, ...]]]]:
        """The sheet's title, all titles, and the rows; a broken workbook is a ``ReadingError``."""
        import openpyxl  # only an XLSX file needs it

        if not openpyxl.DEFUSEDXML:
            raise RuntimeError("defusedxml must be installed: workbooks of strangers are read")
        workbook = None
        stream = self._path.open("rb")  # by its bytes: openpyxl refuses a path whose name ends in another way
        try:
            workbook = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            sheet = _sheet_of(workbook, self._sheet)
            # What a sheet says of its own size serves the progress bar alone; it is not believed beyond that.
            self._claimed_rows = sheet.max_row or MOST_ROWS
            sheet.reset_dimensions()
            yield sheet.title, workbook.sheetnames, sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS)
        except (ReadingError, GeneratorExit):
            raise
        except Exception as error:  # openpyxl has no family of its own: KeyError, ValueError, ParseError, BadZipFile …
            raise ReadingError("file", f"The workbook cannot be read ({_root(error)}).") from error
        finally:
            if workbook is not None:
                workbook.close()
            stream.close()


def _sheet_of(workbook: Any, name: str) -> Any:
    if not workbook.worksheets:
        raise ReadingError("file", "The workbook has no sheet.")
    if not name:
        return workbook.worksheets[0]
    if name not in workbook.sheetnames:
        raise ReadingError("sheet", f"There is no sheet “{name}”; there are: {', '.join(workbook.sheetnames)}.")
    return workbook[name]


def _fitted(row: tuple[Any, ...], width: int) -> tuple[Any, ...]:
    """A sheet leaves empty cells at the end out, or adds formatted ones: neither is a different row."""
    if len(row) < width:
        return row + (None,) * (width - len(row))
    return row[:width] if all(map(is_blank, row[width:])) else row


def _root(error: BaseException) -> str:
    """What openpyxl wraps: the first line of the error that began it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


def _cell(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _refuse_bomb(path: Path) -> None:
    """Add up what the archive says it unpacks to; Python reads no part beyond what is said here."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ReadingError("file", f"The workbook cannot be opened: {error}.") from error
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise ReadingError("file", "This is a ZIP archive, not an XLSX workbook. Unpack it first.")
    unpacked = sum(part.file_size for part in parts)
    packed = max(path.stat().st_size, 1)
    if (
        len(parts) > MOST_PARTS
        or unpacked > LARGEST_UNPACKED_BYTES
        or (unpacked > RATIO_MATTERS_BYTES and unpacked / packed > LARGEST_RATIO)
        or any(part.file_size > _largest(part.filename) for part in parts)
    ):
        raise ReadingError(
            "file", f"The workbook unpacks from {packed:,} to {unpacked:,} bytes; it is not opened. Save it as CSV."
        )


def _largest(name: str) -> int:
    if name.startswith("xl/worksheets/sheet"):
        return LARGEST_UNPACKED_BYTES
    return LARGEST_TEXTS_BYTES if name.startswith("xl/sharedStrings") else LARGEST_PART_BYTES
