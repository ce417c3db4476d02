"""Stock events through the whole intake, as ratios to the engine's own multi-row insert and to one event at a time.

``python -m benchmarks.events``. An event comes as a Kinesis record (base64, JSON) in a Lambda batch and goes through
``stock_events``: decoded, checked, judged under the locks of its level, with ledger row, level, day sum, alerts and its
own row, in one transaction a batch. The raw insert writes the same columns of the same two tables, 500 rows of each a
statement and a commit each, and does none of the rest. One at a time is what a first version does: a get_or_create of the
level, a save, a row in the ledger and one of the event, an event a transaction.
"""

from __future__ import annotations

import base64
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

from benchmarks.stage import load, stage

STORES = [f"S{i}" for i in range(4)]
PRODUCTS = [(f"P{i:03}", f"Product {i}") for i in range(500)]
EVENTS = 8_000
RAW_ROWS = 10_000
SINGLES = 300
ROUNDS = 3  # of all ways in turn, so that all meet the same noise; the middle one of each counts
CONSUMERS = 4
AIMS = "aims: batches ≥ 0.25 of raw and ≥ 15 × singly; p99 of 100 under 100 ms; 4 consumers ≥ 2 × 1"


def main() -> None:
    with stage("events") as engine:
        _make_catalogue()
        print(f"Stock events per second on {engine} ({len(STORES) * len(PRODUCTS):,} levels); load {load()}")
        print(f"  ({AIMS})")
        measured: dict[str, list[float]] = {}
        waits: list[float] = []
        for round_ in range(ROUNDS):
            for name, rate in _round(round_, waits):
                measured.setdefault(name, []).append(rate)
                print(f"  (round {round_ + 1}: {name} {rate:,.0f} events/s)", flush=True)
        rates = {name: statistics.median(found) for name, found in measured.items()}
        raw, singly, alone = rates["raw multi-row insert"], rates["one at a time"], rates["1 consumer, batches of 500"]
        for name, rate in rates.items():
            print(
                f"  {name:<30} {rate:>9,.0f} events/s   {rate / raw:>6.3f} of raw   {rate / singly:>6.1f} × singly"
                + (f"   {rate / alone:.2f} × 1 consumer" if name.startswith("4") else "")
            )
        print(f"  a batch of 100: median {_part(waits, 50):.1f} ms, p99 {_part(waits, 99):.1f} ms of {len(waits):,}")
        _prove_nothing_was_lost()


def _round(round_: int, waits: list[float]) -> Iterator[tuple[str, float]]:
    yield "raw multi-row insert", _raw(f"raw{round_}")
    yield "one at a time", _singly(round_)
    yield "batches of 100", _batches(_records(round_ * 10 + 1, EVENTS // 2), 100, waits)
    yield "batches of 500", _batches(_records(round_ * 10 + 2, EVENTS), 500, [])
    yield "1 consumer, batches of 500", _consumers(1, round_ * 10 + 3)
    yield f"{CONSUMERS} consumers, batches of 500", _consumers(CONSUMERS, round_ * 10 + 5)


def _part(waits: list[float], percent: int) -> float:
    return statistics.quantiles(waits, n=100)[percent - 1]


def _make_catalogue() -> None:
    from inventory.models import Product, Store

    Store.objects.bulk_create([Store(code=code, name=code) for code in STORES])
    Product.objects.bulk_create([Product(sku=sku, name=name) for sku, name in PRODUCTS])


def _records(seed: int, count: int, *, shard: int = 0, shards: int = 1) -> list[dict[str, Any]]:
    """Kinesis records of one shard, its own products; a later seed has later times, so that no event is stale."""
    from invencare.lib import clock
    from inventory.calc.events.generation import EventPlan, make_events

    plan = EventPlan(seed=seed * 100 + shard, stores=STORES, products=PRODUCTS[shard::shards])
    start = clock.now() - timedelta(hours=3) + timedelta(minutes=seed % 100)
    return [
        {
            "kinesis": {"data": base64.b64encode(made.data).decode(), "sequenceNumber": str(i)},
            "eventID": f"shard-{seed}-{shard}:{i}",
        }
        for i, made in enumerate(make_events(plan, count, start=start, step=timedelta(milliseconds=1)))
    ]


def _batches(records: list[dict[str, Any]], size: int, waits: list[float]) -> float:
    from invencare.entrypoints.stream import stock_events

    began = time.perf_counter()
    for first in range(0, len(records), size):
        before = time.perf_counter()
        if stock_events({"Records": records[first : first + size]}, None)["batchItemFailures"]:
            sys.exit("LOST: the intake handed events back")
        waits.append((time.perf_counter() - before) * 1000)
    return len(records) / (time.perf_counter() - began)


def _consumers(count: int, seed: int) -> float:
    """Events a second of so many processes, each with a shard of its own, counted from the start of the first."""
    with ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_start) as pool:
        list(pool.map(_ready, range(count)))
        began = time.perf_counter()
        done = sum(pool.map(_consume, [seed] * count, range(count), [count] * count))
        return done / (time.perf_counter() - began)


def _start() -> None:
    import django

    django.setup()


def _ready(_: int) -> None:
    from django.db import connection

    connection.ensure_connection()
    time.sleep(0.3)  # long enough that every process of the pool takes one


def _consume(seed: int, shard: int, shards: int) -> int:
    records = _records(seed, EVENTS // shards, shard=shard, shards=shards)
    _batches(records, 500, [])
    return len(records)


def _raw(key: str) -> float:
    """The same columns of the ledger and of the events, by two statements of 500 rows and a commit."""
    from django.db import connection, transaction

    from invencare.lib import clock
    from inventory.models import InventoryTransaction, Product, StockEvent, Store

    store, product, now = Store.objects.first(), Product.objects.first(), clock.now()
    movement = InventoryTransaction(
        store=store, product=product, movement_type="sale", quantity=1, stock_change=0, before_units=0, after_units=0,
        unit_price=3, total=3, occurred_at=now, business_date=now.date(), source="raw", recorded_at=now,
    )  # fmt: skip
    event = StockEvent(
        event_type="sale", outcome="stale", store=store, product=product, quantity=1, before_units=0, after_units=0,
        occurred_at=now, received_at=now, source="stream", sender="raw", sequence_number="1",
        payload='{"event_type": "sale", "store_id": "S0", "event_id": "gen-1-1000", "product": {"product_id": "P000", '
        '"product_name": "Product 0", "quantity": 1, "timestamp": "2026-03-16T09:00:00+00:00", "unit_price": "12.34"}}',
    )  # fmt: skip
    statements = [_raw_statement(movement, "idempotency_key"), _raw_statement(event, "identity")]
    began = time.perf_counter()
    for first in range(0, RAW_ROWS, 500):
        keys = [f"{key}:{i}" for i in range(first, first + 500)]
        with transaction.atomic(), connection.cursor() as cursor:
            for statement, row, place in statements:
                values = [value for name in keys for value in [*row[:place], name, *row[place + 1 :]]]
                cursor.execute(statement, values)
    return RAW_ROWS / (time.perf_counter() - began)


def _raw_statement(fixed: Any, key: str) -> tuple[str, list[Any], int]:
    from django.db import connection

    columns = [field for field in fixed._meta.concrete_fields if not field.primary_key]
    row = [field.get_db_prep_save(getattr(fixed, field.attname), connection) for field in columns]
    names = ", ".join(connection.ops.quote_name(field.column) for field in columns)
    one = f"({', '.join(['%s'] * len(columns))})"
    statement = f"INSERT INTO {fixed._meta.db_table} ({names}) VALUES {', '.join([one] * 500)}"
    return statement, row, [field.name for field in columns].index(key)


def _singly(round_: int) -> float:
    """A first version: an event a transaction, by objects."""
    from django.db import transaction

    from invencare.lib import clock
    from inventory.calc.events.records import read_batch
    from inventory.models import InventoryTransaction, Product, StockEvent, StockLevel, Store

    records = _records(90 + round_, SINGLES)
    latest = clock.now() + timedelta(minutes=5)
    began = time.perf_counter()
    for record in records:
        received = read_batch({"Records": [record]}, latest=latest)[0]
        event = received.event
        if event is None:
            continue
        with transaction.atomic():
            store, product = Store.objects.get(code=event.store_code), Product.objects.get(sku=event.product_code)
            level, _ = StockLevel.objects.select_for_update().get_or_create(store=store, product=product)
            before = level.on_hand_units
            change = -event.quantity if event.event_type == "sale" else event.quantity
            level.on_hand_units = before + change
            level.save()
            now = clock.now()
            InventoryTransaction.objects.create(
                store=store, product=product, movement_type="adjustment", quantity=abs(change), stock_change=change,
                before_units=before, after_units=level.on_hand_units, occurred_at=event.occurred_at,
                business_date=event.occurred_at.date(), source="single", idempotency_key=f"single:{received.identity}",
                recorded_at=now,
            )  # fmt: skip
            StockEvent.objects.create(
                identity=f"single:{received.identity}", event_type=event.event_type, outcome="applied", store=store,
                product=product, quantity=event.quantity, before_units=before, after_units=level.on_hand_units,
                occurred_at=event.occurred_at, received_at=now, source="stream", payload=received.payload,
            )  # fmt: skip
    return SINGLES / (time.perf_counter() - began)


def _prove_nothing_was_lost() -> None:
    from django.db.models import Sum

    from inventory.models import InventoryTransaction, StockEvent, StockLevel

    ledger = InventoryTransaction.objects.aggregate(units=Sum("stock_change"))["units"]
    levels = StockLevel.objects.aggregate(units=Sum("on_hand_units"))["units"]
    if ledger != levels:
        sys.exit(f"LOST: the ledger sums to {ledger}, the levels to {levels}")
    kept = StockEvent.objects.exclude(sender="raw").count()
    sent = ROUNDS * (EVENTS // 2 + 3 * EVENTS + SINGLES)
    if kept != sent:
        sys.exit(f"LOST: {sent:,} events were sent, {kept:,} are there")
    print(f"  the ledger's sum is the levels' sum, and each of {sent:,} events has its row: nothing was lost")


if __name__ == "__main__":
    main()
