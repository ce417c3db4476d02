"""Additions to ``daily_sales``: by arithmetic in SQL, so that writers of different levels never overwrite each other.

Each change leaves a note of its store and day, for the sums that are kept over days.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import connection

from inventory.calc.balances import DayChange, DayKey
from inventory.models import DailySales, SalesDayChange

_SUMS = "units returned_units revenue transactions promotion_lines out_of_stock_seconds".split()
_KEYS = "store_id product_id business_date".split()


def add_to_days(days: dict[DayKey, DayChange]) -> None:
    """Add each change to its day's row, making the row where there is none. Sorted, so that locks are taken in order."""
    adapted = {day: connection.ops.adapt_datefield_value(day) for day in {day for _, _, day in days}}
    rows = [
        (
            store_id,
            product_id,
            adapted[day],
            change.units,
            change.returned_units,
            change.revenue,
            change.transactions,
            change.promotion_lines,
            change.out_of_stock_seconds,
        )
        for (store_id, product_id, day), change in sorted(days.items())
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_upsert(connection.vendor), rows)
        note_changed({(store_id, day) for store_id, _, day in days})


def note_changed(store_days: Iterable[tuple[int, date]]) -> None:
    """Note these (store id, business date) as changed, in the caller's transaction."""
    SalesDayChange.objects.bulk_create(
        [SalesDayChange(store_id=store_id, business_date=day) for store_id, day in sorted(store_days)], batch_size=400
    )


def _upsert(vendor: str) -> str:
    table = DailySales._meta.db_table
    insert = (
        f"INSERT INTO {table} ({', '.join(_KEYS + _SUMS)}) "  # noqa: S608  our own names
        f"VALUES ({', '.join(['%s'] * len(_KEYS + _SUMS))}) "
    )
    if vendor == "mysql":
        return insert + "ON DUPLICATE KEY UPDATE " + ", ".join(f"{name} = {name} + VALUES({name})" for name in _SUMS)
    return insert + (
        f"ON CONFLICT ({', '.join(_KEYS)}) DO UPDATE SET "
        + ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in _SUMS)
    )
