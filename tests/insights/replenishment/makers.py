"""Rows for tests: steady products that only differ in what a test names."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from insights.calc.replenishment.demand import DemandSums
from insights.calc.replenishment.rows import Rows

LEVELS = (np.arange(256) + 0.5) / 256


def sums_of(distributions: list[list[Any]], periods: list[list[float]], *, whole: bool = True) -> DemandSums:
    """Rows × lengths of SciPy distributions of the sums over ``periods``."""
    shape = (len(periods), len(periods[0]) if periods else 2)
    return DemandSums(
        periods=np.array(periods, dtype=float).reshape(shape),
        levels=LEVELS,
        quantiles=np.array([[one.ppf(LEVELS) for one in row] for row in distributions]).reshape(*shape, len(LEVELS)),
        mean=np.array([[float(one.mean()) for one in row] for row in distributions]).reshape(shape),
        whole=np.full(len(periods), whole),
    )


def poisson_sums(means: list[float], lead_time: float = 7, review: float = 7) -> DemandSums:
    """Poisson demand of ``means`` a period: sums over lead time and over lead time plus review."""
    lengths = [lead_time, lead_time + review]
    return sums_of([[stats.poisson(mean * n) for n in lengths] for mean in means], [lengths] * len(means))


def make_rows(demand: DemandSums | None = None, **changes: Any) -> Rows:
    """By default one product: 4 a day, lead time 7, review 7, costs 6, margin 4, holding 0.05 a day; nothing in stock."""
    demand = poisson_sums([4.0]) if demand is None else demand
    count = len(demand.mean)
    zeros = np.zeros(count)
    values: dict[str, Any] = {
        "fallback_units": zeros,
        "on_hand": zeros,
        "committed": zeros,
        "arrivals": np.zeros((count, 1)),
        "arrival_periods": np.zeros((count, 1)),
        "lead_times": demand.periods[:, :1],
        "review_periods": demand.periods[:, -1] - demand.periods[:, 0],
        "minimum_units": zeros,
        "maximum_units": zeros,
        "shelf_life_periods": zeros,
        "pack_size": np.ones(count),
        "minimum_order": zeros,
        "unit_cost": np.full(count, 6.0),
        "margin": np.full(count, 4.0),
        "goodwill": zeros,
        "holding": np.full(count, 0.05),
        "salvage": zeros,
        "abc_xyz": np.full(count, "AX"),
        "supplier": np.zeros(count, dtype=np.int64),
        "discontinued": np.zeros(count, dtype=bool),
    }
    for name, value in changes.items():
        values[name] = np.asarray(value) if np.ndim(value) else np.full(count, value)
        if name in {"arrivals", "arrival_periods", "lead_times"}:
            values[name] = values[name].reshape(count, -1).astype(float)
    return Rows(demand=demand, **values)
