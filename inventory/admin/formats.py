"""CSV and XLSX for import and export: cells that a spreadsheet would run are made harmless, and sizes are bounded."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from import_export.formats.base_formats import CSV, XLSX
from tablib import Dataset

from invencare.lib.spreadsheets import RUNNABLE, escape_cell

LARGEST_UPLOAD_BYTES = 20 * 1024**2
LARGEST_UNPACKED_BYTES = 200 * 1024**2


class FileTooLarge(ValueError):
    """The file, or what it unpacks to, is larger than a catalogue ever is."""


def unescape_cell(value: Any) -> Any:
    """Take away the apostrophe that ``escape_cell`` put there, so that a round trip changes nothing."""
    if isinstance(value, str) and value.startswith("'") and value[1:].startswith(RUNNABLE):
        return value[1:]
    return value


def _escaped(dataset: Dataset) -> Dataset:
    rows = [[escape_cell(cell) for cell in row] for row in dataset]
    return Dataset(*rows, headers=dataset.headers, title=dataset.title)


def _unescaped(dataset: Dataset) -> Dataset:
    rows = [[unescape_cell(cell) for cell in row] for row in dataset]
    return Dataset(*rows, headers=dataset.headers, title=dataset.title)


def _refuse_larger(size: int, limit: int) -> None:
    if size > limit:
        raise FileTooLarge(f"The file is larger than {limit // 1024**2} MB. Split it into smaller files.")


class SafeCSV(CSV):
    def export_data(self, dataset: Dataset, **kwargs: Any) -> Any:
        return super().export_data(_escaped(dataset), **kwargs)

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> Dataset:
        _refuse_larger(len(in_stream), LARGEST_UPLOAD_BYTES)
        return _unescaped(super().create_dataset(in_stream, **kwargs))


class SafeXLSX(XLSX):
    def export_data(self, dataset: Dataset, **kwargs: Any) -> Any:
        return super().export_data(_escaped(dataset), **kwargs)

    def create_dataset(self, in_stream: bytes) -> Dataset:
        _refuse_larger(len(in_stream), LARGEST_UPLOAD_BYTES)
        with zipfile.ZipFile(io.BytesIO(in_stream)) as archive:  # what it says it unpacks to, before unpacking it
            _refuse_larger(sum(member.file_size for member in archive.infolist()), LARGEST_UNPACKED_BYTES)
        return _unescaped(super().create_dataset(in_stream))


SPREADSHEETS = [SafeCSV, SafeXLSX]
