"""Made-up customers for the tests of customer models, and published ones where the shared data lie."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from insights.calc.customers.days import CustomerDays, PurchaseSummary

FIRST_DAY = date(2024, 1, 1).toordinal()


def days_of(rows: Sequence[tuple[int, int, float]], *, customers: int | None = None) -> CustomerDays:
    """From (customer, day, money), one unit each; a negative amount is a return."""
    ordered = sorted(rows)
    customer, day, money = (np.array(column) for column in zip(*ordered, strict=True))
    count = int(customer.max()) + 1 if customers is None else customers
    money = money.astype(np.float64)
    return CustomerDays(np.arange(count), customer, day, (money > 0).astype(np.float64), money, money)


def buy_till_they_die(
    *, customers: int, days: int, seed: int, rate: float = 0.05, leave: tuple[float, float] = (1.0, 12.0)
) -> tuple[CustomerDays, np.ndarray]:
    """Customers of the BG/NBD story with Gamma-Gamma baskets, and the day (from 0) on which each left, −1 for who did not."""
    random = np.random.default_rng(seed)
    rows: list[tuple[int, int, float]] = []
    left = np.full(customers, -1)
    for customer in range(customers):
        own_rate, chance = random.gamma(1.2, rate / 1.2), random.beta(*leave)
        scale = 60 / random.gamma(4.0)
        day = float(random.integers(0, days // 2))
        while day < days:
            rows.append((customer, FIRST_DAY + int(day), round(float(random.gamma(4.0) * scale / 4) + 0.5, 2)))
            if random.random() < chance:
                left[customer] = int(day)
                break
            day += random.exponential(1 / own_rate)
    merged: dict[tuple[int, int], float] = {}
    for customer, day_of, money in rows:
        merged[customer, day_of] = merged.get((customer, day_of), 0.0) + money
    return days_of([(*key, money) for key, money in merged.items()], customers=customers), left


def cdnow_summary(folder: Path) -> PurchaseSummary:
    """The 39-week calibration period of the CDNOW cohort."""
    with (folder / "cdnow_summary.csv").open() as file:
        rows = list(csv.DictReader(file))
    x, recency, age, value = (
        np.array([float(row[name]) for row in rows])
        for name in ("frequency", "recency_weeks", "age_weeks", "monetary_value")
    )
    return PurchaseSummary(np.arange(len(x)), x, recency, age, value, x * 0, x * 0)
