"""Ledger writes per second with 1 and with 8 writers, as ratios to the engine's own multi-row insert.

``python -m benchmarks.ledger``. A write is one movement through ``record_movements``: row, level, day sum, alerts,
in one transaction with its locks. All writers work on the same 2,000 levels. The raw insert writes the same columns
into the same table, 500 rows a statement and a commit each, and does none of the rest.
"""

from __future__ import annotations

import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING

from benchmarks.stage import load, stage

if TYPE_CHECKING:
    from inventory.calc.movements import Movement

STORES, PRODUCTS = 4, 500
BATCH = 500  # as the import sends them
BATCHES = 40
SINGLES = 400  # one movement a transaction, as a till sends them
# Writers, and how many levels each begins after the one before. In step, all want the same row at every moment, and
# each waits until the one before has its commit on the disk: the worst there is. Apart is what tills do.
WAYS = {"1 writer": (1, 0), "8 in step": (8, 0), "8 apart": (8, STORES * PRODUCTS // 8)}
ROUNDS = 3  # of all ways in turn, so that all meet the same noise; the middle one of each counts
RAW_ROWS = 20_000


def main() -> None:
    with stage("ledger") as engine:
        _stock_the_shelves()
        print(
            f"Ledger writes per second on {engine} ({STORES * PRODUCTS} levels, all writers on the same); load {load()}"
        )
        raw = _raw_rows_per_second()
        print(f"  {'raw multi-row insert':<30} {raw:>9,.0f} rows/s   1.000")
        for rows, calls, what in ((BATCH, BATCHES, "batches of 500"), (1, SINGLES, "one at a time")):
            for way, rate in _rates(rows, calls).items():
                print(f"  {what:<15} {way:<14} {rate:>9,.0f} rows/s   {rate / raw:.3f}", flush=True)
        _prove_nothing_was_lost()


def _rates(rows: int, calls: int) -> dict[str, float]:
    """Rows a second of each way of writing."""
    measured: dict[str, list[float]] = {way: [] for way in WAYS}
    for round_ in range(ROUNDS):
        for way, (writers, apart) in WAYS.items():
            key = f"{round_}:{way}:{rows}"
            measured[way].append(_writes_per_second(writers, rows=rows, calls=calls // writers, key=key, apart=apart))
    return {way: statistics.median(rates) for way, rates in measured.items()}


def _stock_the_shelves() -> None:
    from invencare.lib import clock
    from inventory.calc.movements import COUNT
    from inventory.models import Product, Store
    from inventory.services.ledger import record_movements

    Store.objects.bulk_create([Store(code=f"B{i}", name=f"Bench {i}") for i in range(STORES)])
    Product.objects.bulk_create([Product(sku=f"P{i:04}", name=f"Product {i}", price=3) for i in range(PRODUCTS)])
    counts = [
        movement._replace(movement_type=COUNT, quantity=1_000_000, unit_price=None)
        for movement in _movements(0, STORES * PRODUCTS, key="count")
    ]
    record_movements(counts, source="bench", now=clock.now())


def _movements(first: int, rows: int, *, key: str) -> list[Movement]:
    """Sales over all levels in turn, so that any two writers meet on the same rows."""
    from decimal import Decimal

    from invencare.lib import clock
    from inventory.calc.movements import SALE, Movement
    from inventory.models import Product, Store

    now = clock.now()
    stores = list(Store.objects.order_by("pk").values_list("pk", flat=True))
    products = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    return [
        Movement(
            store_id=stores[i // PRODUCTS % STORES],
            product_id=products[i % PRODUCTS],
            movement_type=SALE,
            quantity=1,
            occurred_at=now + timedelta(microseconds=i),
            business_date=now.date(),
            idempotency_key=f"{key}:{i}",
            unit_price=Decimal(3),
        )
        for i in range(first, first + rows)
    ]


def _writes_per_second(writers: int, *, rows: int, calls: int, key: str, apart: int) -> float:
    with ProcessPoolExecutor(writers, mp_context=get_context("spawn"), initializer=_start_writer) as pool:
        list(pool.map(_ready, range(writers)))  # processes and their connections are there before the clock starts
        began = time.perf_counter()
        keys = [f"{key}:{writer}" for writer in range(writers)]
        firsts = [writer * apart for writer in range(writers)]
        written = sum(pool.map(_write, keys, firsts, [rows] * writers, [calls] * writers))
        return written / (time.perf_counter() - began)


def _start_writer() -> None:
    import django

    django.setup()


def _ready(_: int) -> None:
    from django.db import connection

    connection.ensure_connection()
    time.sleep(0.3)  # long enough that every process of the pool takes one


def _write(key: str, first_level: int, rows: int, calls: int) -> int:
    from invencare.lib import clock
    from inventory.services.ledger import record_movements

    everything = _movements(first_level, rows * calls, key=key)
    return sum(
        record_movements(everything[first : first + rows], source="bench", now=clock.now()).added
        for first in range(0, rows * calls, rows)
    )


def _raw_rows_per_second() -> float:
    from django.db import connection

    from invencare.lib import clock
    from inventory.models import InventoryTransaction, Product, Store

    columns = [field for field in InventoryTransaction._meta.concrete_fields if not field.primary_key]
    store, product, now = Store.objects.first(), Product.objects.first(), clock.now()
    fixed = InventoryTransaction(
        store=store, product=product, movement_type="sale", quantity=1, stock_change=0, before_units=0, after_units=0,
        unit_price=3, total=3, occurred_at=now, business_date=now.date(), source="raw", recorded_at=now,
    )  # fmt: skip
    row = [field.get_db_prep_save(getattr(fixed, field.attname), connection) for field in columns]
    key = [field.name for field in columns].index("idempotency_key")
    names = ", ".join(connection.ops.quote_name(field.column) for field in columns)
    one = f"({', '.join(['%s'] * len(columns))})"
    batches = [
        [value for i in range(first, first + BATCH) for value in [*row[:key], f"raw:{i}", *row[key + 1 :]]]
        for first in range(0, RAW_ROWS, BATCH)
    ]
    statement = f"INSERT INTO inventory_transactions ({names}) VALUES {', '.join([one] * BATCH)}"
    began = time.perf_counter()
    with connection.cursor() as cursor:
        for batch in batches:
            cursor.execute(statement, batch)
    return RAW_ROWS / (time.perf_counter() - began)


def _prove_nothing_was_lost() -> None:
    from django.db.models import Sum

    from inventory.models import InventoryTransaction, StockLevel

    ledger = InventoryTransaction.objects.aggregate(units=Sum("stock_change"))["units"]
    levels = StockLevel.objects.aggregate(units=Sum("on_hand_units"))["units"]
    if ledger != levels:
        sys.exit(f"LOST: the ledger sums to {ledger}, the levels to {levels}")
    print("  the ledger's sum is the levels' sum: nothing was lost")


if __name__ == "__main__":
    main()
