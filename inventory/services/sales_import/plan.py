"""How a file will be read: its table, its columns, its dates and its decimal marks, decided before the first row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError

from inventory.calc.reading.cells import ReadingError
from inventory.calc.reading.columns import ColumnMap, map_columns
from inventory.calc.reading.dates import DateReading, decide_reading
from inventory.calc.reading.numbers import decimal_mark
from inventory.services.sales_import.options import ImportOptions
from inventory.services.sales_import.tables import Table, open_table

SAMPLE_ROWS = 10_000


@dataclass(frozen=True)
class ReadingPlan:
    """All that was decided about a file, and the sentences that tell a person so."""

    table: Table
    columns: ColumnMap
    dates: DateReading
    quantity_mark: str
    price_mark: str
    remarks: tuple[str, ...]

    def decisions(self) -> dict[str, Any]:
        """What a row's meaning hangs on, as JSON: two readings with equal decisions give equal rows."""
        return {
            "columns": self.columns.names(),
            "dates": [self.dates.order, self.dates.format, self.dates.midnight_is_a_day],
            "marks": [self.quantity_mark, self.price_mark],
        }


def plan_reading(path: Path, options: ImportOptions) -> ReadingPlan:
    """Open the file and decide. Raises ``ValidationError`` naming the option or column that a person must give."""
    with reading_errors_named():
        table = open_table(path, delimiter=options.delimiter, encoding=options.encoding, sheet=options.sheet)
        columns = map_columns(table.header, chosen=options.columns, constants=options.constants())
        dates, sentence = decide_reading(
            _column(table, columns.columns["date"]),
            order=options.date_order,
            date_format=options.date_format,
            has_time_column="time" in columns.columns,
        )
        return ReadingPlan(
            table=table,
            columns=columns,
            dates=dates,
            quantity_mark=_mark(table, columns, "quantity", options),
            price_mark=_mark(table, columns, "price", options),
            remarks=(*table.remarks, *columns.remarks, sentence),
        )


@contextmanager
def reading_errors_named() -> Iterator[None]:
    """Turn what the readers raise into what every door understands."""
    try:
        yield
    except ReadingError as error:
        raise ValidationError({error.field: error.message}) from error


def _mark(table: Table, columns: ColumnMap, field: str, options: ImportOptions) -> str:
    if options.decimal_mark or field not in columns.columns:
        return options.decimal_mark or "."
    return decimal_mark(islice(_column(table, columns.columns[field]), SAMPLE_ROWS))


def _column(table: Table, position: int) -> Iterator[Any]:
    """The cells of one column from the first row on; rows that are too short have none."""
    for batch in table.batches(SAMPLE_ROWS, wanted={position}):
        for row in batch.rows:
            if position < len(row):
                yield row[position]
