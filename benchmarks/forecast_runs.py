"""Forecasting from the database and back: ``python -m benchmarks.forecast_runs [--series N] [--days D] [--chunk C]``.

Makes seeded daily sales of N series over D days in a database of its own and forecasts them all, chunk by chunk, twice:
the first night inserts, the next one replaces. Then measures a week of what was forecast, and runs the very same arrays
through the engine alone. Prints series per second, where the processor's time went, and the ratio of the whole to the
engine alone. Half of the series sell every day, half seldom. Processor time of a database server is not in it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from benchmarks.company import today, without_indexes
from benchmarks.stage import load, stage, timed

SEED = 20_261_125
PRODUCTS_PER_STORE = 500
ROWS_A_STATEMENT = 20_000
PANELS_KEPT = 8  # for the engine alone, so that memory does not grow with the series
AIM = 4.0  # the whole over the engine alone, in processor time


@dataclass
class Clock:
    """Seconds of the processor by part."""

    seconds: dict[str, float] = field(default_factory=dict)
    series: int = 0

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
        return 0 if _report(engine, arguments.chunk, once=arguments.once) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--chunk", type=int, default=500, help="series of one store at a time")
    parser.add_argument(
        "--once", action="store_true", help="one night alone, and nothing measured: for very many series"
    )
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
    columns = "store_id product_id business_date units returned_units revenue transactions promotion_lines".split()
    columns.append("out_of_stock_seconds")
    insert = f"INSERT INTO daily_sales ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
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
                (store.pk, own[row], dates[day], sold, 0, sold * 9, 1, 0, 0)
                for row, day, sold in zip(at.tolist(), on.tolist(), units[at, on].tolist(), strict=True)
            ]
            for start in range(0, len(rows), ROWS_A_STATEMENT):
                cursor.executemany(insert, rows[start : start + ROWS_A_STATEMENT])


@contextmanager
def clocked(clock: Clock, panels: list[Any]) -> Iterator[None]:
    """Put a clock around the parts of the service, and keep what goes into the engine."""
    from forecasting.services import generate

    engine = clock.around("engine", generate.forecast_panel)

    def kept(panel: Any, config: Any, **options: Any) -> Any:
        clock.series += len(panel.demand)
        if len(panels) < PANELS_KEPT:
            panels.append((panel, config, options))
        return engine(panel, config, **options)

    parts = {
        "load_daily_demand": clock.around("reading", generate.load_daily_demand),
        "forecast_panel": kept,
        "_write": clock.around("writing", generate._write),  # noqa: SLF001
    }
    before = {name: getattr(generate, name) for name in parts}
    for name, part in parts.items():
        setattr(generate, name, part)
    try:
        yield
    finally:
        for name, part in before.items():
            setattr(generate, name, part)


def chunks(size: int) -> Iterator[tuple[Any, list[int]]]:
    from inventory.models import DailySales, Store

    for store in Store.objects.order_by("pk"):
        own = DailySales.objects.filter(store=store).order_by("product_id").values_list("product_id", flat=True)
        ids = list(own.distinct())
        for start in range(0, len(ids), size):
            yield store, ids[start : start + size]


def _night(size: int, forecast_date: date) -> tuple[Clock, list[Any], float]:
    """Forecast everything once: seconds by part, the engine's panels, seconds on the wall."""
    from forecasting.services.generate import forecast_series
    from invencare.lib import clock as clocks

    clock, panels = Clock(), list[Any]()
    began = time.perf_counter()
    whole = clock.around("whole", forecast_series)
    with clocked(clock, panels):
        for store, ids in chunks(size):
            whole(store=store, product_ids=ids, forecast_date=forecast_date, now=clocks.now())
    return clock, panels, time.perf_counter() - began


def _report(engine: str, size: int, *, once: bool) -> bool:
    from forecasting.services.generate import forecast_panel

    print(f"database          {engine}; processors: {load()}")
    nights = {"a past day": today() - timedelta(days=7), "first night": today(), "a night again": today()}
    for name in ["first night"] if once else nights:
        clock, panels, wall = _night(size, nights[name])
        _print_night(name, clock, wall)
    if not once:
        _measure_live(size)
    began = time.process_time()
    for panel, config, options in panels:
        forecast_panel(panel, config, **options)
    alone = time.process_time() - began
    kept = sum(len(panel.demand) for panel, _, _ in panels)
    ratio = clock.seconds["whole"] / clock.series / (alone / kept)
    print(f"engine alone      {alone:.2f} s of the processor for {kept:,} series")
    print(f"whole/engine      {ratio:.2f} (aim ≤ {AIM:.1f}: {'met' if ratio <= AIM else 'MISSED'})")
    print(f"largest memory    {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    return ratio <= AIM


def _measure_live(size: int) -> None:
    from forecasting.services.live_accuracy import measure_live

    last_day, began = today() - timedelta(days=1), time.process_time()
    rows = sum(
        measure_live(store=store, product_ids=ids, first_day=last_day, last_day=last_day) for store, ids in chunks(size)
    )
    print(f"live accuracy     {rows:,} rows, {time.process_time() - began:.2f} s of the processor")


def _print_night(name: str, clock: Clock, wall: float) -> None:
    series = clock.series
    whole = clock.seconds["whole"]
    parts = ", ".join(f"{part} {clock.seconds[part] / whole:.0%}" for part in ("reading", "engine", "writing"))
    print(f"{name:<17} {series:,} series, {series / wall:,.0f}/s; {whole:.2f} s of the processor: {parts}")


if __name__ == "__main__":
    sys.exit(main())
