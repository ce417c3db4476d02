"""Segments, lifetime value and churn of 100,000 customers with 5 million purchase days: seconds and memory of the learning.

``python -m benchmarks.customers [customers]``; made-up customers of the BG/NBD story, no database.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from insights.calc.customers.churn import train_churn
from insights.calc.customers.clustering import cluster_all
from insights.calc.customers.days import CustomerDays, summarise
from insights.calc.customers.lifetime_training import train_lifetimes

DAYS = 1_000
CUSTOMERS = 100_000
MEAN_PURCHASES = 50


def drawn_days(customers: int, *, seed: int = 1) -> CustomerDays:
    """About 50 purchase days each until the customer leaves; Gamma-Gamma baskets."""
    random = np.random.default_rng(seed)
    rate = random.gamma(1.3, 2.2 * MEAN_PURCHASES / DAYS / 1.3, customers)
    first = random.integers(0, DAYS // 3, customers)
    stays = np.minimum(random.exponential(DAYS, customers), DAYS - first)
    count = 1 + random.poisson(rate * stays)
    customer = np.repeat(np.arange(customers), count)
    day = first[customer] + random.random(len(customer)) * stays[customer]
    keys = np.unique(customer * DAYS + np.minimum(day.astype(np.int64), DAYS - 1))
    customer, day = keys // DAYS, keys % DAYS
    value = np.round(random.gamma(4, 60 / random.gamma(4, 1, customers)[customer] / 4) + 0.5, 2)
    return CustomerDays(np.arange(customers), customer, day, np.ones(len(keys)), value, value)


def main(customers: int = CUSTOMERS) -> None:
    days = drawn_days(customers)
    print(f"{customers:,} customers, {len(days.day):,} purchase days")
    began = time.perf_counter()
    summary = summarise(days, end_day=DAYS - 1)
    steps = {
        "segments": lambda: cluster_all(
            recency_days=summary.days_since_last, frequency=summary.purchase_days, monetary=summary.total_money
        ),
        "lifetime value": lambda: train_lifetimes(days, first_day=0, end_day=DAYS - 1),
        "churn": lambda: train_churn(days, first_day=0, end_day=DAYS - 1),
    }
    for name, step in steps.items():
        start, processor = time.perf_counter(), time.process_time()
        step()
        print(
            f"{name:<16} {time.perf_counter() - start:6.1f} s ({time.process_time() - processor:.1f} s of processors)"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{'all':<16} {time.perf_counter() - began:6.1f} s, {peak:.2f} GB at most")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
