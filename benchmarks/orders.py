"""How long the order policy takes for many rows: ``python -m benchmarks.orders``, with the ratio to asking row by row.

The arithmetic alone, from quantiles as the nightly forecast stores them; no database.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
from scipy import stats

from insights.calc.replenishment.demand import DemandSums
from insights.calc.replenishment.lead_times import likely_lead_times
from insights.calc.replenishment.plan import plan_orders
from insights.calc.replenishment.rows import Rows

LEVELS = np.array((0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.98, 0.99))
DAYS = np.array((7.0, 14.0))
SECONDS, MEGABYTES = 60, 1024


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.orders", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--singly", type=int, default=200, help="rows that are asked one by one")
    arguments = parser.parse_args(argv)
    rows = make_rows(arguments.rows, np.random.default_rng(0))
    plan_orders(rows.take(slice(0, 10)))  # what is made on first use
    together = _seconds_per_row(rows, [slice(0, len(rows))])
    singly = _seconds_per_row(rows, [slice(row, row + 1) for row in range(arguments.singly)])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    total = together * len(rows)
    print(f"{len(rows):,} rows together: {total:.1f} s of processor time (aim under {SECONDS}), peak {peak:,.0f} MB")
    print(f"row by row: {singly / together:.0f} times as long a row")
    return 0 if total * 100_000 / len(rows) < SECONDS and peak < MEGABYTES else 1


def _seconds_per_row(rows: Rows, parts: list[slice]) -> float:
    began, done = time.process_time(), 0
    for part in parts:
        done += len(plan_orders(rows.take(part)).quantity)
    return (time.process_time() - began) / done


def make_rows(count: int, rng: np.random.Generator) -> Rows:
    """Slow and fast movers with goods on order; a fifth of the lead times vary, a tenth perish."""
    mean = rng.gamma(0.5, 4, count) + 0.02
    quantiles = np.stack([stats.nbinom.ppf(LEVELS, (mean * days / 1.5)[:, None], 0.4) for days in DAYS], axis=1)
    zeros, ones = np.zeros(count), np.ones(count)
    demand = DemandSums(
        periods=np.tile(DAYS, (count, 1)),
        levels=LEVELS,
        quantiles=quantiles,
        mean=mean[:, None] * DAYS,
        whole=np.ones(count, dtype=bool),
    )
    return Rows(
        demand=demand,
        fallback_units=zeros,
        on_hand=rng.integers(0, 60, count).astype(float),
        committed=zeros,
        arrivals=rng.integers(0, 30, (count, 1)).astype(float),
        arrival_periods=np.full((count, 1), 3.0),
        lead_times=likely_lead_times(np.full(count, 7.0), np.where(rng.random(count) < 0.2, 2.0, 0.0)),
        review_periods=ones * 7,
        minimum_units=zeros,
        maximum_units=np.where(rng.random(count) < 0.2, 100.0, 0.0),
        shelf_life_periods=np.where(rng.random(count) < 0.1, 21.0, 0.0),
        pack_size=rng.integers(1, 12, count).astype(float),
        minimum_order=rng.integers(0, 12, count).astype(float),
        unit_cost=ones * 6,
        margin=ones * 4,
        goodwill=zeros,
        holding=ones * 0.01,
        salvage=zeros,
        abc_xyz=np.full(count, "BX"),
        supplier=np.zeros(count, dtype=np.int64),
        discontinued=np.zeros(count, dtype=bool),
    )


if __name__ == "__main__":
    sys.exit(main())
