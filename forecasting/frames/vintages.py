"""Stored forecasts as arrays, one a week of each series: what live accuracy measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from forecasting.calc.arrays import Floats
from forecasting.calc.config import DAY_LEVELS, INTERVAL_LEVELS, SEASONAL_NAIVE, STORED_MODELS
from forecasting.calc.live import Vintages
from forecasting.calc.model_bytes import unpack_paths
from forecasting.models import ProductDemandForecast

NOTHING = float("nan")
NAIVE_PLACE = STORED_MODELS.index(SEASONAL_NAIVE)


@dataclass(frozen=True)
class LoadedVintages:
    """The arrays, and the served model of each vintage (V)."""

    vintages: Vintages
    models: list[str]


def load_vintages(*, store_id: int, product_ids: Sequence[int], first: date, last: date) -> LoadedVintages:
    """The first forecast that was made of each series in each calendar week, from ``first`` to ``last``.

    ``product_ids`` are sorted; the rows of ``Vintages.series`` are their places. Of several horizons of one day, the
    longest. Two queries: the keys, and then the paths of those alone.
    """
    rows = ProductDemandForecast.objects.filter(
        store_id=store_id, product_id__in=product_ids, forecast_date__gte=first, forecast_date__lte=last
    ).order_by()
    chosen: dict[tuple[int, date], tuple[date, int, int]] = {}
    for pk, product_id, day, horizon in rows.values_list("pk", "product_id", "forecast_date", "forecast_period"):
        key = (product_id, day - timedelta(days=day.weekday()))
        chosen[key] = min(chosen.get(key, (date.max, 0, 0)), (day, -horizon, pk))
    keys = [pk for _, _, pk in chosen.values()]
    found = ProductDemandForecast.objects.filter(pk__in=keys).order_by("product_id", "forecast_date")
    loaded = list(found.values_list("product_id", "forecast_date", "model", "daily", "model_paths")) if keys else []
    return _arrays(loaded, {product_id: place for place, product_id in enumerate(product_ids)})


def _arrays(rows: list[tuple[int, date, str, dict[str, Any], Any]], place_of: dict[int, int]) -> LoadedVintages:
    days = [daily for _, _, _, daily, _ in rows]
    horizon = max((len(daily["mean"]) for daily in days), default=0)
    levels = [str(level) for level in DAY_LEVELS]
    bands = [str(level) for level in INTERVAL_LEVELS]
    naive = _paths([daily.get("naive") for daily in days], horizon)
    vintages = Vintages(
        series=np.array([place_of[product_id] for product_id, *_ in rows], dtype=np.int64),
        first_day=np.array([day.toordinal() for _, day, *_ in rows], dtype=np.int64),
        mean=_paths([daily["mean"] for daily in days], horizon),
        naive=naive,
        baseline=_paths([daily.get("baseline", {}).get("mean") for daily in days], horizon),
        levels=DAY_LEVELS,
        quantiles=np.stack(
            [_paths([daily.get("quantiles", {}).get(level) for daily in days], horizon) for level in levels], axis=-1
        ),
        intervals=np.stack(
            [
                np.stack(
                    [_paths([_bound(daily, band, side) for daily in days], horizon) for side in (0, 1)],
                    axis=-1,
                )
                for band in bands
            ],
            axis=-2,
        ),
        scales=np.array(
            [[NOTHING if scale is None else scale for scale in daily.get("scales", (None, None))] for daily in days]
        ).reshape(-1, 2),
        models=_models([packed for *_, packed in rows], horizon, naive),
    )
    return LoadedVintages(vintages, [model for _, _, model, *_ in rows])


def _models(packed: list[Any], horizon: int, naive: Floats) -> Floats:
    """V × models × horizon; NaN where the row has no paths of its models."""
    paths = np.full((len(packed), len(STORED_MODELS), horizon), NOTHING, np.float32)
    for row, one, own_naive in zip(paths, packed, naive, strict=True):
        if one:
            row[:] = unpack_paths(bytes(one), horizon)
            # Kept exactly as well: held against itself it must come out even.
            row[NAIVE_PLACE] = np.where(np.isfinite(own_naive), own_naive, row[NAIVE_PLACE])
    return paths


def _bound(daily: dict[str, Any], band: str, side: int) -> list[float] | None:
    bounds = daily.get("intervals", {}).get(band)
    return None if bounds is None else bounds[side]


def _paths(paths: list[list[float] | None], horizon: int) -> Floats:
    """V × horizon; NaN where there is no path, and after its end."""
    filled = np.full((len(paths), horizon), NOTHING)
    if paths and all(path is not None and len(path) == horizon for path in paths):
        filled[:] = paths
        return filled
    for row, path in zip(filled, paths, strict=True):
        if path is not None:
            row[: len(path)] = path[:horizon]
    return filled
