"""The daily figures that are watched for anomalies, as series × days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Any

import numpy as np
from django.db.models import F, FloatField
from django.db.models.functions import Cast
from numpy.typing import NDArray

from analytics.models import CategoryDailyMetrics, CompanyDailyMetrics, ProductDailyMetrics, StoreDailyMetrics

Floats = NDArray[np.float64]
READ = ("units", "returned_units", "revenue", "transactions")


@dataclass(frozen=True)
class Series:
    """Whose figures a row holds."""

    level: str
    currency: str
    category: str = ""
    store_id: int | None = None
    product_id: int | None = None

    @property
    def key(self) -> str:
        """One word for it, unique within the level."""
        own = self.store_id or self.product_id or self.category
        return str(own) if self.store_id else f"{self.currency} {own}".strip()


@dataclass(frozen=True)
class WatchedDays:
    """Figures of one level: ``series`` (S) and S × T of net ``units``, ``returned_units``, ``revenue`` and ``transactions``.

    NaN before the first day with a row, 0 on later days without one. Columns are the days from ``first_day`` on.
    """

    level: str
    series: tuple[Series, ...]
    first_day: date
    units: Floats
    returned_units: Floats
    revenue: Floats
    transactions: Floats


_LEVELS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("company", CompanyDailyMetrics, ("currency",)),
    ("category", CategoryDailyMetrics, ("currency", "category")),
    ("store", StoreDailyMetrics, ("store__currency", "store_id")),
    ("product", ProductDailyMetrics, ("currency", "product_id")),
)


def load_watched_days(*, last_day: date, days: int) -> list[WatchedDays]:
    """Every level that sold in the ``days`` up to ``last_day``, in four queries."""
    first = last_day - timedelta(days=days - 1)
    found = [_load(level, model, keys, first, days) for level, model, keys in _LEVELS]
    return [watched for watched in found if watched.series]


def _load(level: str, model: Any, keys: tuple[str, ...], first: date, days: int) -> WatchedDays:
    rows = list(
        model.objects.between(first, first + timedelta(days=days - 1))
        .order_by()
        .annotate(money=Cast(F("revenue"), FloatField()))
        .values_list(*keys, "business_date", "units", "returned_units", "money", "transactions")
    )
    names = sorted({row[: len(keys)] for row in rows})
    place = {name: i for i, name in enumerate(names)}
    figures = np.zeros((len(READ), len(names), days))
    begun = np.full(len(names), days)
    if rows:
        at = np.fromiter((place[row[: len(keys)]] for row in rows), dtype=np.int64, count=len(rows))
        day = np.fromiter(((row[len(keys)] - first).days for row in rows), dtype=np.int64, count=len(rows))
        values = np.fromiter(chain.from_iterable(row[-4:] for row in rows), dtype=np.float64, count=4 * len(rows))
        figures[:, at, day] = values.reshape(-1, 4).T
        np.minimum.at(begun, at, day)
    figures[:, np.arange(days) < begun[:, None]] = np.nan
    units, returned, revenue, transactions = figures
    return WatchedDays(
        level, tuple(_series(level, name) for name in names), first, units - returned, returned, revenue, transactions
    )


def _series(level: str, name: tuple[Any, ...]) -> Series:
    own = {"category": "category", "store": "store_id", "product": "product_id"}
    return Series(level, name[0], **({own[level]: name[1]} if level in own else {}))
