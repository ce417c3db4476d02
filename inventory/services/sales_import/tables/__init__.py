"""Files as tables: a header and bounded batches of rows, whatever the format."""

from __future__ import annotations

from pathlib import Path

from inventory.services.sales_import.tables.base import Batch, Damage, Table
from inventory.services.sales_import.tables.csv_table import CsvTable
from inventory.services.sales_import.tables.detection import Kind, kind_of
from inventory.services.sales_import.tables.parquet_table import ParquetTable
from inventory.services.sales_import.tables.xlsx_table import XlsxTable

__all__ = ["Batch", "Damage", "Table", "open_table"]


def open_table(path: Path, *, delimiter: str = "", encoding: str = "", sheet: str = "") -> Table:
    """The file as a table, by what is in it and not by its name. Raises ``ReadingError``."""
    kind = kind_of(path)
    if kind is Kind.PARQUET:
        return ParquetTable(path)
    if kind is Kind.XLSX:
        return XlsxTable(path, sheet=sheet)
    return CsvTable(path, delimiter=delimiter, encoding=encoding)
