"""Daily sums of the company, its categories and its stores, as one row of days each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.models import CategoryDailyMetrics, CompanyDailyMetrics, StoreDailyMetrics


@dataclass(frozen=True)
class SummedDays:
    """``units`` and ``revenue``: days in order, net of returns; NaN before the first day with a row, 0 without one after it."""

    level: str
    currency: str
    category: str
    store_id: int | None
    units: NDArray[np.float64]
    revenue: NDArray[np.float64]


def load_summed_days(*, last_day: date, days: int) -> list[SummedDays]:
    """Every company, category and store that sold in the last ``days``, in three queries."""
    first = last_day - timedelta(days=days - 1)
    columns = ("business_date", "units", "returned_units", "revenue")
    read: list[tuple[str, Any, tuple[str, ...]]] = [
        ("company", CompanyDailyMetrics, ("currency",)),
        ("category", CategoryDailyMetrics, ("currency", "category")),
        ("store", StoreDailyMetrics, ("store__currency", "store_id")),
    ]
    found: list[SummedDays] = []
    for level, model, keys in read:
        rows = model.objects.all()
        by_key: dict[tuple[Any, ...], SummedDays] = {}
        for day, units, returned, revenue, *key in (
            rows.between(first, last_day).order_by().values_list(*columns, *keys)
        ):
            if tuple(key) not in by_key:
                by_key[tuple(key)] = _empty(level, key, days)
            place = (day - first).days
            by_key[tuple(key)].units[place] = units - returned
            by_key[tuple(key)].revenue[place] = revenue
        found += [_without_gaps(row) for _, row in sorted(by_key.items())]
    return found


def _empty(level: str, key: list[Any], days: int) -> SummedDays:
    return SummedDays(
        level=level,
        currency=key[0],
        category=key[1] if level == "category" else "",
        store_id=key[1] if level == "store" else None,
        units=np.full(days, np.nan),
        revenue=np.full(days, np.nan),
    )


def _without_gaps(row: SummedDays) -> SummedDays:
    first = int(np.flatnonzero(np.isfinite(row.units))[0])
    for values in (row.units, row.revenue):
        values[first:][~np.isfinite(values[first:])] = 0.0
    return row
