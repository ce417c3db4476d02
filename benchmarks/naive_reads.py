"""What the sums over days save: the dashboard's and the API's reads beside the same numbers asked of the transactions.

``DATABASE_URL=mysql://… python -m benchmarks.naive_reads [--rows 1000000 | --full] [--keep FOLDER]``. The data is that of
``benchmarks.company``; ``--full`` is 10 million transactions, 500 stores and 2,000 products. Naive is what one would write
without derived tables: GROUP BY over ``inventory_transactions``, joined to what it needs. Each pair must give the
same numbers, or the run fails. The pages follow: *cold* with nothing kept in the process, *kept* as the next reader gets
them; their ratio is to all naive queries of their period together. The aim is 50 ×.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from benchmarks.company import FULL, Size, today
from benchmarks.dashboard_rows import make_dashboard_rows
from benchmarks.pages import ANEW, ask, make_company_once, signed_in
from benchmarks.stage import load, stage

ROUNDS, NAIVE_ROUNDS = 20, 3
AIM = 50
MONTH, QUARTER = 28, 91
SOLD = "movement_type IN ('sale', 'return')"
UNITS = "SUM(CASE movement_type WHEN 'sale' THEN quantity ELSE -quantity END)"

Numbers = dict[Any, tuple[int, float]]
"""Net units and money by day, product, category or store."""


@dataclass(frozen=True)
class Pair:
    """The same numbers from the sums and from the transactions."""

    name: str
    ours: Callable[[], Numbers]
    naive: Callable[[], Numbers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="ledger rows of 40 stores and 500 products")
    parser.add_argument("--full", action="store_true", help="10 million rows, 500 stores, 2,000 products")
    parser.add_argument("--keep", default="", metavar="FOLDER", help="keep the data, and take it up the next time")
    given = parser.parse_args()
    with stage("reads", keep=given.keep) as engine:
        size = make_company_once(FULL if given.full else Size(rows=given.rows))
        make_dashboard_rows(today())
        print(f"Reads on {engine} at {size.rows:,} transactions, {size.levels:,} stock levels; load {load()}")
        print(f"  {'milliseconds':<44} {'naive':>10} {'ours':>8} {'p95':>8} {'ratio':>8}")
        together = {days: sum(measure(pair) for pair in pairs(days)) for days in (MONTH, QUARTER)}
        measure_pages(together)
        print(f"  load at the end {load()}")


def pairs(days: int) -> list[Pair]:
    from analytics.models import CategoryDailyMetrics, ProductDailyMetrics, StoreDailyMetrics
    from inventory.models import Store

    last = today() - timedelta(days=1)
    first = last - timedelta(days=days - 1)
    store = Store.objects.earliest("pk").pk
    one = StoreDailyMetrics.objects.filter(store_id=store)

    def pair(name: str, rows: Any, column: str, naive: str, *, join: str = "", where: str = "") -> Pair:
        return Pair(
            f"{name}, {days} days",
            lambda: _ours(rows, column, first, last),
            lambda: _naive(naive, first, last, join=join, where=where),
        )

    return [
        pair("days of all stores", StoreDailyMetrics.objects.all(), "business_date", "business_date"),
        pair("days of one store", one, "business_date", "business_date", where=f"AND store_id = {store}"),
        pair("stores beside each other", StoreDailyMetrics.objects.all(), "store_id", "store_id"),
        pair("products", ProductDailyMetrics.objects.all(), "product_id", "product_id"),
        pair(
            "categories",
            CategoryDailyMetrics.objects.all(),
            "category",
            "products.category",
            join="JOIN products ON products.id = inventory_transactions.product_id",
        ),
    ]


def _ours(rows: Any, column: str, first: date, last: date) -> Numbers:
    sums = rows.between(first, last).totals_by(column)
    return {row[column]: (int(row["net_units"]), float(row["money"])) for row in sums}


def _naive(column: str, first: date, last: date, *, join: str, where: str) -> Numbers:
    from django.db import connection

    statement = f"""SELECT {column}, {UNITS}, SUM(total) FROM inventory_transactions {join}
        WHERE {SOLD} AND business_date BETWEEN %s AND %s {where} GROUP BY {column}"""
    with connection.cursor() as cursor:
        cursor.execute(statement, [first, last])
        return {key: (int(units), float(money)) for key, units, money in cursor.fetchall()}


def measure(pair: Pair) -> float:
    """Prints the pair; the naive query's median in milliseconds. Raises where the numbers differ."""
    if _plain(pair.ours()) != _plain(pair.naive()):
        raise AssertionError(f"{pair.name}: the sums and the transactions differ")
    ours = [_milliseconds(pair.ours) for _ in range(ROUNDS)]
    naive = statistics.median(_milliseconds(pair.naive) for _ in range(NAIVE_ROUNDS))
    _show(pair.name, naive, ours)
    return naive


def measure_pages(naive: dict[int, float]) -> None:
    from inventory.models import Store

    store = Store.objects.earliest("pk").code
    addresses = {
        "/admin/?period=month": MONTH,
        "/admin/?period=quarter": QUARTER,
        "/api/v1/dashboard?period=monthly": MONTH,
        f"/api/v1/metrics?store_id={store}": MONTH,
    }
    asked = ask(signed_in(), [name for address in addresses for name in (f"{address}{ANEW}", address)])
    for address, days in addresses.items():
        _show(f"{address} cold", naive[days], asked[f"{address}{ANEW}"].wall)
        _show(f"{address} kept", naive[days], asked[address].wall)


def _plain(numbers: Numbers) -> dict[str, tuple[int, float]]:
    """Days as text, which SQLite gives, and without what netted to nothing at all."""
    return {str(key): (units, round(money, 2)) for key, (units, money) in numbers.items()}


def _milliseconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _show(name: str, naive: float, ours: list[float]) -> None:
    middle, p95 = statistics.median(ours), statistics.quantiles(ours, n=20)[-1]
    verdict = "" if naive / middle >= AIM else f"   under the aim of {AIM} ×"
    print(f"  {name:<44} {naive:>10.1f} {middle:>8.1f} {p95:>8.1f} {naive / middle:>7.0f} ×{verdict}", flush=True)


if __name__ == "__main__":
    main()
