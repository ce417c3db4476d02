"""CSV as a table: any usual delimiter and encoding, and no line long enough to fill the memory."""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from inventory.calc.reading.cells import ReadingError, shown
from inventory.services.sales_import.tables.base import Batch, Damage, Row
from inventory.services.sales_import.tables.detection import encoding_of

DELIMITERS = (",", ";", "\t", "|")
DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
CHUNK_CHARACTERS = 256 * 1024
LONGEST_LINE = 1_000_000
MOST_COLUMNS = 1_000
# Excel's own way to name the delimiter, as a first line.
SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)


class CsvTable:
    kind = "CSV"

    def __init__(self, path: Path, *, delimiter: str = "", encoding: str = "") -> None:
        self._path = path
        self._size_bytes = max(path.stat().st_size, 1)
        self._encoding, encoding_remark = encoding_of(path, encoding)
        self._delimiter, self._lines_before_rows = "", 0
        self.header = self._read_header(delimiter)
        self.remarks = tuple(
            remark
            for remark in (encoding_remark, f"Columns are parted by {DELIMITER_NAMES.get(self._delimiter, 'a sign')}s.")
            if remark and (remark == encoding_remark or self._delimiter != ",")
        )

    def batches(self, rows_per_batch: int, wanted: Collection[int] | None = None) -> Iterator[Batch]:
        with self._path.open("rb") as raw:
            records = _Records(raw, self._encoding, self._delimiter, skip_lines=self._lines_before_rows)
            for batch in records.batches(rows_per_batch):
                batch.read_share = raw.tell() / self._size_bytes
                yield batch

    def _read_header(self, delimiter: str) -> tuple[Any, ...]:
        with self._path.open("rb") as raw:
            lines = _Lines(raw, self._encoding)
            for line in lines:
                self._lines_before_rows += 1
                if lines.overlong:
                    raise ReadingError("file", f"The first line is longer than {LONGEST_LINE:,} characters.")
                if found := SEPARATOR_LINE.fullmatch(line):
                    delimiter = delimiter or found[1]
                elif line.strip():
                    self._delimiter = delimiter or _likeliest_delimiter(line)
                    return tuple(_header_cells(line, self._delimiter))
        raise ReadingError("file", "The file holds no text.")


class _Lines:
    """The lines of a stream without their ends. An overlong line is passed over, never held: an empty one stands
    in for it, and its start is left in ``overlong``."""

    def __init__(self, raw: BinaryIO, encoding: str) -> None:
        self.overlong: list[str] = []
        self._stream = io.TextIOWrapper(raw, encoding=encoding, newline=None)

    def __iter__(self) -> Iterator[str]:
        carry, is_overlong = "", False
        while chunk := self._stream.read(CHUNK_CHARACTERS):
            pieces = chunk.split("\n")
            if len(pieces) > 1:
                pieces[0] = "" if is_overlong else carry + pieces[0]
                carry, is_overlong = pieces.pop(), False
                yield from pieces
            elif not is_overlong:
                carry += chunk
            if len(carry) > LONGEST_LINE:
                self.overlong.append(carry[:200])
                carry, is_overlong = "", True
        if carry or is_overlong:
            yield carry
        self._stream.detach()  # the caller closes the file


@dataclass
class _Records:
    """The records of a CSV stream. A record that breaks the rules costs its first line alone: the lines that a
    stray quote had swallowed are read again, each for itself."""

    raw: BinaryIO
    encoding: str
    delimiter: str
    skip_lines: int
    _held: list[str] = field(default_factory=list)
    _again: deque[str] = field(default_factory=deque)

    def batches(self, rows_per_batch: int) -> Iterator[Batch]:
        lines = _Lines(self.raw, self.encoding)
        source = iter(lines)
        for _ in range(self.skip_lines):
            next(source, None)
        line_number = self.skip_lines + 1
        batch = Batch()
        reader = self._reader(source)
        while True:
            try:
                row: Row | None = next(reader, None)
            except csv.Error as error:
                batch.damages.append(Damage(line_number, shown(self._held[0]), _csv_reason(error)))
                self._again.extendleft(reversed(self._held[1:]))
                line_number += 1
                reader = self._reader(source)
                continue
            if lines.overlong:
                reason = f"is longer than {LONGEST_LINE:,} characters"
                batch.damages.extend(Damage(line_number, shown(start), reason) for start in lines.overlong)
                lines.overlong.clear()
            if row is None:
                break
            if row:
                batch.lines.append(line_number)
                batch.rows.append(row)
            line_number += len(self._held)
            self._held.clear()
            if len(batch.rows) + len(batch.damages) >= rows_per_batch:
                yield batch
                batch = Batch()
        yield batch

    def _reader(self, source: Iterator[str]) -> Iterator[list[str]]:
        self._held.clear()
        return csv.reader(self._watched(source), delimiter=self.delimiter, strict=True)

    def _watched(self, source: Iterator[str]) -> Iterator[str]:
        while self._again:
            line = self._again.popleft()
            self._held.append(line)
            yield line
        for line in source:
            self._held.append(line)
            # The end of a line matters inside quotes, and only there.
            yield line + "\n"


def _csv_reason(error: csv.Error) -> str:
    if "field larger" in str(error) or "unexpected end" in str(error):
        return "opens a quote and does not close it"
    return f"has quotes that do not match ({error})"


def _likeliest_delimiter(line: str) -> str:
    return max(DELIMITERS, key=lambda delimiter: len(_header_cells(line, delimiter)))


def _header_cells(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        raise ReadingError("file", f"The first line cannot be read: {error}.") from None
    except TypeError:
        raise ReadingError("delimiter", "A delimiter is one sign.") from None
    if len(cells) > MOST_COLUMNS:
        raise ReadingError("file", f"The file has more than {MOST_COLUMNS:,} columns.")
    return cells
