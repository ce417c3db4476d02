"""Totals of a day's forecasts, level by level, written at the end of the night."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, datetime
from typing import Any

import numpy as np
from django.db import transaction

from forecasting.calc.totals import INTERVAL_LEVELS, GroupSums, LevelErrors, Totals, learn_level, total_up
from forecasting.frames.totals import ForecastBatch, load_forecast_batches
from forecasting.models import DemandForecastTotal, ForecastRun
from invencare.lib.upsert import upsert

Level = DemandForecastTotal.Level
DECIMALS = 4
WRITE_ROWS = 1000


class _Level:
    """The groups of one level: their places by what tells them apart, and their sums."""

    def __init__(self, name: str, horizon: int) -> None:
        self.name = name
        self.sums = GroupSums(horizon)
        self.places: dict[Hashable, int] = {}

    def add(self, batch: ForecastBatch) -> None:
        keys = _KEYS[self.name](batch)
        self.sums.add(batch.series, np.array([self.places.setdefault(key, len(self.places)) for key in keys]))


# What tells the groups of a level apart: (store id or None, product id or None, category).
_KEYS: dict[str, Any] = {
    Level.COMPANY: lambda batch: [(None, None, "")] * len(batch.categories),
    Level.STORE: lambda batch: [(store, None, "") for store in batch.store_ids.tolist()],
    Level.CATEGORY: lambda batch: [(None, None, category) for category in batch.categories],
    Level.STORE_CATEGORY: lambda batch: [
        (store, None, category) for store, category in zip(batch.store_ids.tolist(), batch.categories, strict=True)
    ],
    Level.PRODUCT: lambda batch: [(None, product, "") for product in batch.product_ids.tolist()],
}


@transaction.atomic
def write_totals(*, forecast_date: date, horizon_days: int, run: ForecastRun | None = None, now: datetime) -> int:
    """Write the totals of the day's forecasts of one horizon, replacing those of an earlier run; the number of rows.

    Two passes of one query each: what products' totals have in common must be known before the first is written, and they are
    too many to be kept.
    """
    common: dict[str, Any] = {"forecast_date": forecast_date, "forecast_period": horizon_days}
    levels = [_Level(name, horizon_days) for name in _KEYS if name != Level.PRODUCT]
    products = _LevelOfMany(horizon_days)
    for batch in load_forecast_batches(forecast_date=forecast_date, horizon_days=horizon_days):
        for level in levels:
            level.add(batch)
        products.look_at(batch)
    writer = _Writer({**common, "run": run, "created_at": now})
    for level in levels:
        if level.places:
            writer.add(level.name, level.places, total_up(level.sums, learn_level(level.sums)))
    if products.levels:
        learned = products.learned()
        for batch in load_forecast_batches(forecast_date=forecast_date, horizon_days=horizon_days):
            own = _Level(Level.PRODUCT, horizon_days)
            own.add(batch)
            writer.add(own.name, own.places, total_up(own.sums, learned))
    writer.flush()
    DemandForecastTotal.objects.filter(**common).exclude(created_at=now).delete()
    return writer.written


class _LevelOfMany:
    """What the products' totals have in common, from the batches one by one: the mean of what each batch says."""

    def __init__(self, horizon: int) -> None:
        self.horizon = horizon
        self.levels: list[tuple[int, LevelErrors]] = []

    def look_at(self, batch: ForecastBatch) -> None:
        own = _Level(Level.PRODUCT, self.horizon)
        own.add(batch)
        self.levels.append((len(own.places), learn_level(own.sums)))

    def learned(self) -> LevelErrors:
        weights = np.array([count for count, _ in self.levels], dtype=np.float64)
        mean: dict[str, Any] = {
            name: np.average([getattr(one, name) for _, one in self.levels], axis=0, weights=weights)
            for name in LevelErrors.__dataclass_fields__
        }
        return LevelErrors(**mean)


class _Writer:
    """Rows to write, by the thousand."""

    def __init__(self, common: dict[str, Any]) -> None:
        self.common = common
        self.rows: list[DemandForecastTotal] = []
        self.written = 0

    def add(self, level: str, places: dict[Hashable, int], totals: Totals) -> None:
        for key, place in places.items():
            self.rows.append(_row(level, key, totals, place, self.common))
            if len(self.rows) >= WRITE_ROWS:
                self.flush()

    def flush(self) -> None:
        upsert(self.rows, key=("forecast_date", "forecast_period", "level", "key"))
        self.written += len(self.rows)
        self.rows = []


def _row(level: str, key: Any, totals: Totals, place: int, common: dict[str, Any]) -> DemandForecastTotal:
    store_id, product_id, category = key
    return DemandForecastTotal(
        level=level,
        key=":".join(str(part) for part in (store_id, product_id, category) if part),
        store_id=store_id,
        product_id=product_id,
        category=category,
        series=int(totals.series[place]),
        expected_units=round(float(totals.sums[place]), DECIMALS),
        daily={
            "mean": _listed(totals.mean[place]),
            "intervals": {
                str(level_): [_listed(totals.intervals[place, :, column, side]) for side in (0, 1)]
                for column, level_ in enumerate(INTERVAL_LEVELS)
            },
        },
        horizon={
            "mean": round(float(totals.sums[place]), DECIMALS),
            "intervals": {
                str(level_): _listed(totals.sum_intervals[place, column])
                for column, level_ in enumerate(INTERVAL_LEVELS)
            },
        },
        **common,
    )


def _listed(values: Any) -> list[float]:
    rounded: list[float] = values.astype(np.float64).round(DECIMALS).tolist()
    return rounded
