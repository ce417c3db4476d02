"""Parquet as a table, streamed by the embedded engine within a fixed memory."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inventory.calc.reading.cells import ReadingError
from inventory.services.sales_import.tables.base import Batch

MEMORY = "256MB"
# Types whose Python values the cell readers know; everything else is read as the text that it prints as.
PLAIN_TYPES = re.compile(
    r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL\(.*\)|BOOLEAN|VARCHAR|DATE|TIME|TIMESTAMP(_NS|_MS|_S)?)"
)


class ParquetTable:
    kind = "Parquet"
    remarks: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        # DuckDB reads * ? [ in a path as a pattern.
        self._source = re.sub(r"([*?\[])", r"[\1]", str(path))
        with self._engine() as engine:
            columns = engine.execute("DESCRIBE SELECT * FROM read_parquet(?)", [self._source]).fetchall()
            (self._row_count,) = engine.execute(
                "SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata(?)", [self._source]
            ).fetchone()
        self._types = [str(column[1]) for column in columns]
        self.header = tuple(column[0] for column in columns)

    def batches(self, rows_per_batch: int, wanted: Collection[int] | None = None) -> Iterator[Batch]:
        line = 1
        with self._engine() as engine:
            result = engine.execute(f"SELECT {self._selected(wanted)} FROM read_parquet(?)", [self._source])  # noqa: S608
            while rows := result.fetchmany(rows_per_batch):
                lines = list(range(line, line + len(rows)))
                line += len(rows)
                yield Batch(lines=lines, rows=rows, read_share=min((line - 1) / max(self._row_count, 1), 1.0))

    def _selected(self, wanted: Collection[int] | None) -> str:
        return ", ".join(
            _expression(name, kind) if wanted is None or position in wanted else "NULL"
            for position, (name, kind) in enumerate(zip(self.header, self._types, strict=True))
        )

    @contextmanager
    def _engine(self) -> Iterator[Any]:
        import duckdb  # heavy, and native: only a Parquet file needs it, and the web process mostly has none

        engine = duckdb.connect(config={"memory_limit": MEMORY, "threads": 1})
        try:
            yield engine
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise ReadingError("file", f"The Parquet file cannot be read: {reason}") from error
        finally:
            engine.close()


def _expression(name: str, kind: str) -> str:
    """The SQL that reads one column into a Python value that the cell readers know."""
    quoted = '"' + name.replace('"', '""') + '"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        # As text with its zone: the engine's own conversion would need pytz.
        return f"strftime(make_timestamp(epoch_us({quoted})), '%Y-%m-%dT%H:%M:%S.%fZ')"
    return quoted if PLAIN_TYPES.fullmatch(kind) else f"CAST({quoted} AS VARCHAR)"
