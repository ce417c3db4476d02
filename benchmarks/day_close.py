"""The close of one day of a big company: every sum over the day, from the daily sales of all stores and products.

``DATABASE_URL=mysql://… python -m benchmarks.day_close [--stores 500] [--products 2000]``. Aim: a million rows of daily
sales under 60 s and 1 GB, on MariaDB. The ratio is to reading the same rows once through the ORM, row by row.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, date, datetime, timedelta

from benchmarks.stage import load, stage, timed

DAY = date(2026, 3, 15)
NOW = datetime(2026, 3, 16, 2, tzinfo=UTC)
SLOWEST_SECONDS, MOST_MEGABYTES = 60, 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stores", type=int, default=500)
    parser.add_argument("--products", type=int, default=2000)
    given = parser.parse_args()
    with stage("day_close") as engine:
        from analytics.services.metrics import refresh_metrics

        with timed("the day's sales made"):
            make_day(given.stores, given.products)
        rows = given.stores * given.products
        print(f"Close of a day on {engine}: {rows:,} rows of daily sales; load {load()}")
        naive = read_row_by_row()
        began = time.perf_counter()
        refresh_metrics(now=NOW)
        close = time.perf_counter() - began
        sell_one_more()
        began = time.perf_counter()
        refresh_metrics(now=NOW)
        again = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"  close            {close:6.1f} s   {naive / close:5.1f} × faster than row by row   aim {SLOWEST_SECONDS} s"
        )
        print(f"  after one sale   {again:6.1f} s")
        print(f"  peak memory      {peak:6.0f} MB  aim {MOST_MEGABYTES} MB (with the making of the data)")


def make_day(stores: int, products: int) -> None:
    from django.db import connection, transaction

    from inventory.models import DailySales, Product, Store
    from inventory.services.day_sums import note_changed

    Store.objects.bulk_create(Store(code=f"S{n:04}", name=f"Store {n}") for n in range(stores))
    Product.objects.bulk_create(
        (Product(sku=f"P{n:05}", name=f"Product {n}", category=f"Category {n % 40}", price=5) for n in range(products)),
        batch_size=500,
    )
    product_ids = list(Product.objects.values_list("pk", flat=True))
    insert = (
        f"INSERT INTO {DailySales._meta.db_table} (store_id, product_id, business_date, units, returned_units, revenue, "
        "transactions, promotion_lines, out_of_stock_seconds) VALUES (%s, %s, %s, %s, 0, %s, 1, 0, 0)"
    )
    day = connection.ops.adapt_datefield_value(DAY)
    with transaction.atomic(), connection.cursor() as cursor:
        for store_id in Store.objects.values_list("pk", flat=True):
            cursor.executemany(insert, [(store_id, pk, day, 1 + pk % 7, 5 * (1 + pk % 7)) for pk in product_ids])
    note_changed((store_id, DAY) for store_id in Store.objects.values_list("pk", flat=True))


def read_row_by_row() -> float:
    """Seconds to read every row of the day as a model object and add its units up: what a loop would cost."""
    from inventory.models import DailySales

    began = time.perf_counter()
    units = 0
    for row in DailySales.objects.filter(business_date=DAY).iterator(chunk_size=5000):
        units += row.units
    if not units:
        raise AssertionError("the day has no sales")
    return time.perf_counter() - began


def sell_one_more() -> None:
    from inventory.models import Store
    from inventory.services.day_sums import note_changed

    store_id = Store.objects.values_list("pk", flat=True)[0]
    note_changed([(store_id, DAY), (store_id, DAY - timedelta(days=1))])


if __name__ == "__main__":
    main()
