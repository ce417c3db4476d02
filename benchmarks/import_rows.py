"""Import speed against the database's own: ``python -m benchmarks.import_rows [--rows N | --file PATH]``.

Makes a sales file from a seed (or takes one), imports it into a database of its own on the server of
``DATABASE_URL``, then writes the very same ledger rows again with the driver's multi-row insert, in batches and
transactions of the same size, into a copy of the ledger's table with the same indexes. Prints rows per second of
both and their ratio. The copy has no foreign keys and no triggers, which flatters the raw insert a little.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from benchmarks.stage import stage

SEED = 20_260_116
STORES, PRODUCTS, CUSTOMERS, DAYS = 8, 500, 5_000, 100
# Aims of the project: import over raw insert, by engine.
AIMS = {"MariaDB": 0.35, "SQLite": 0.25}


def main() -> int:
    arguments = _arguments()
    with stage("import_rows") as engine, tempfile.TemporaryDirectory() as folder:
        path = arguments.file or _sales_file(Path(folder) / "sales.csv", arguments.rows)
        return 0 if _measure(path, engine) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--file", type=Path)
    return parser.parse_args()


def _sales_file(path: Path, rows: int) -> Path:
    """Sales in the order of time; few products sell much, many sell little."""
    generator = random.Random(SEED)
    first = date(2025, 1, 1)
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["store", "product", "date", "quantity", "price", "customer", "invoice"])
        for row in range(rows):
            product = int(PRODUCTS * generator.random() ** 2)
            day = first + timedelta(days=row * DAYS // rows)
            at = f"{day} {generator.randrange(8, 20):02}:{generator.randrange(60):02}:{generator.randrange(60):02}"
            quantity = -1 if generator.random() < 0.02 else generator.randrange(1, 9)
            customer = f"C{generator.randrange(CUSTOMERS)}" if generator.random() < 0.75 else ""
            store = f"S{generator.randrange(STORES)}"
            writer.writerow(
                [store, f"P{product:04}", at, quantity, f"{1 + product * 0.07:.2f}", customer, f"I{row // 3}"]
            )
    return path


def _measure(path: Path, engine: str) -> bool:
    """Print both rates; whether the aim was met."""
    from invencare.lib import clock
    from inventory.services.sales_import import ImportOptions, import_sales_file

    started = time.perf_counter()
    sales_file = import_sales_file(
        path=path, name=path.name, options=ImportOptions(create_missing=True), now=clock.now()
    )
    import_seconds = time.perf_counter() - started
    rows = sales_file.rows_added
    raw_seconds = _raw_insert_seconds()
    ratio = raw_seconds / import_seconds
    aim = AIMS[engine]
    print(f"engine            {engine}")
    print(f"rows              {rows:,} ({sales_file.rows_rejected:,} rejected)")
    print(f"import            {rows / import_seconds:,.0f} rows/s ({import_seconds:.1f} s)")
    print(f"raw insert        {rows / raw_seconds:,.0f} rows/s ({raw_seconds:.1f} s)")
    print(f"import/raw        {ratio:.2f} (aim ≥ {aim:.2f}: {'met' if ratio >= aim else 'MISSED'})")
    print(f"largest memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    return ratio >= aim


def _raw_insert_seconds() -> float:
    """Seconds to write the imported ledger rows again, as the driver takes them, into a bare copy of the table."""
    from django.db import connection, transaction

    from inventory.models import InventoryTransaction
    from inventory.services.sales_import.importing import BATCH_ROWS

    table = InventoryTransaction._meta.db_table
    copy = f"raw_{table}"
    seconds = 0.0
    with connection.cursor() as cursor:
        _make_copy(cursor, connection.vendor, table, copy)
        columns = [column.column for column in InventoryTransaction._meta.concrete_fields]
        insert = f"INSERT INTO {copy} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
        last = 0
        while True:
            cursor.execute(
                f"SELECT {', '.join(columns)} FROM {table} WHERE id > %s ORDER BY id LIMIT {BATCH_ROWS}", [last]
            )
            rows = cursor.fetchall()
            if not rows:
                return seconds
            last = rows[-1][0]
            # The driver hands dates and decimals out in one form and takes them in another on SQLite.
            rows = [tuple(map(_taken, row)) for row in rows] if connection.vendor == "sqlite" else rows
            started = time.perf_counter()
            with transaction.atomic():
                cursor.executemany(insert, rows)
            seconds += time.perf_counter() - started


def _make_copy(cursor: Any, vendor: str, table: str, copy: str) -> None:
    if vendor == "mysql":
        cursor.execute(f"CREATE TABLE {copy} LIKE {table}")
        return
    cursor.execute("SELECT type, sql FROM sqlite_master WHERE tbl_name = %s AND type IN ('table', 'index')", [table])
    # The index of a UNIQUE has no statement of its own: it comes with the table.
    statements = [(kind, statement) for kind, statement in cursor.fetchall() if statement]
    for kind, statement in sorted(statements, reverse=True):
        own = statement.replace('INDEX "', 'INDEX "raw_', 1) if kind == "index" else statement
        cursor.execute(own.replace(f'"{table}"', f'"{copy}"').replace("%", "%%"))


def _taken(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


if __name__ == "__main__":
    sys.exit(main())
