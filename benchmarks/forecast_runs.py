"""Forecasting from the database and back: ``python -m benchmarks.forecast_runs [--series N] [--days D] [--chunk C]``.

Makes seeded daily sales of N series over D days in a database of its own, forecasts them all as the nightly run does,
chunk by chunk, and says where the time went: reading, the engine, writing. The same arrays then go through the engine
alone, in the same process: the ratio says what the database costs. Half of the series sell every day, half seldom.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from benchmarks.company import today, without_indexes
from benchmarks.stage import stage, timed

SEED = 20_261_125
PRODUCTS_PER_STORE = 500
ROWS_A_STATEMENT = 20_000
# Aims of the project: the whole over the engine alone, by engine of the database.
AIMS = {"MariaDB": 3.0, "SQLite": 3.0}


@dataclass
class Clock:
    """Seconds by part, and the panels that went through the engine."""

    seconds: dict[str, float] = field(default_factory=dict)

    def around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed_function(*arguments: Any, **options: Any) -> Any:
            began = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                self.seconds[part] = self.seconds.get(part, 0.0) + time.process_time() - began

        return timed_function


def main() -> int:
    arguments = _arguments()
    with stage("forecast_runs") as engine:
        with timed(f"{arguments.series:,} series × {arguments.days} days of sales"):
            make_sales(arguments.series, arguments.days)
        return 0 if _measure(engine, arguments.chunk) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--chunk", type=int, default=120)
    return parser.parse_args()


def make_sales(series: int, days: int) -> None:
    import numpy as np
    from django.db import connection, transaction

    from inventory.models import Product, Store

    products = min(series, PRODUCTS_PER_STORE)
    stores = -(-series // products)
    Store.objects.bulk_create([Store(code=f"S{i:03}", name=f"Store {i}") for i in range(stores)])
    Product.objects.bulk_create(
        [
            Product(sku=f"P{i:04}", name=f"Product {i}", category=f"Category {i % 12}", price=9, unit_cost=5)
            for i in range(products)
        ]
    )
    ids = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    generator = np.random.default_rng(SEED)
    last = today() - timedelta(days=1)
    dates = [(last - timedelta(days=days - 1 - i)).isoformat() for i in range(days)]
    week = np.array([0.8, 0.8, 0.9, 1.0, 1.2, 1.5, 0.8])[np.arange(days) % 7]
    year = 1 + 0.3 * np.sin(2 * np.pi * np.arange(days) / 364)
    insert = """INSERT INTO daily_sales (store_id, product_id, business_date, units, returned_units, revenue,
                transactions, promotion_lines, out_of_stock_seconds) VALUES (%s, %s, %s, %s, 0, %s, 1, 0, 0)"""
    left = series
    with without_indexes("daily_sales"), transaction.atomic(), connection.cursor() as cursor:
        for store in Store.objects.order_by("pk"):
            own = ids[: min(left, products)]
            left -= len(own)
            level = np.where(
                np.arange(len(own)) % 2, generator.gamma(2.0, 4.0, len(own)), generator.gamma(1, 0.2, len(own))
            )
            units = generator.poisson(level[:, None] * week * year)
            at, on = np.nonzero(units)
            rows = [
                (store.pk, own[row], dates[day], sold, sold * 9)
                for row, day, sold in zip(at.tolist(), on.tolist(), units[at, on].tolist(), strict=True)
            ]
            for start in range(0, len(rows), ROWS_A_STATEMENT):
                cursor.executemany(insert, rows[start : start + ROWS_A_STATEMENT])


@contextmanager
def clocked(clock: Clock, panels: list[Any]) -> Iterator[None]:
    """Put a clock around the parts of the service, and keep what goes into the engine."""
    from forecasting.services import generate

    def kept(panel: Any, config: Any, **options: Any) -> Any:
        panels.append((panel, config, options))
        return engine(panel, config, **options)

    engine = clock.around("engine", generate.forecast_panel)
    parts = {
        "load_daily_demand": clock.around("reading", generate.load_daily_demand),
        "forecast_panel": kept,
        "_write": clock.around("writing", generate._write),  # noqa: SLF001,
    }
    before = {name: getattr(generate, name) for name in parts}
    for name, part in parts.items():
        setattr(generate, name, part)
    try:
        yield
    finally:
        for name, part in before.items():
            setattr(generate, name, part)


def _measure(engine: str, chunk: int) -> bool:
    from forecasting.services import generate
    from invencare.lib import clock as clocks
    from inventory.models import Product, Store

    ids = list(Product.objects.order_by("pk").values_list("pk", flat=True))
    for night in ("first", "again"):
        clock, panels, began = Clock(), [], time.process_time()
        with clocked(clock, panels):
            for store in Store.objects.order_by("pk"):
                for start in range(0, len(ids), chunk):
                    generate.forecast_series(
                        store=store, product_ids=ids[start : start + chunk], forecast_date=today(), now=clocks.now()
                    )
        total = time.process_time() - began
        series = sum(len(panel.demand) for panel, _, _ in panels)
        print(
            night,
            engine,
            series,
            f"{series / total:,.0f}/s",
            f"{total:.1f}",
            {k: round(v, 2) for k, v in clock.seconds.items()},
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB",
        )
    began = time.process_time()
    for panel, config, options in panels:
        generate.forecast_panel(panel, config, **options)
    pure = time.process_time() - began
    print("pure", pure, "ratio", total / pure)
    return True


if __name__ == "__main__":
    sys.exit(main())
