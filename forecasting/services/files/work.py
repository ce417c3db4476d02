"""The forecast of one chunk of a file, as a worker process makes it: arrays in, arrays out, no file and no Django."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from forecasting.calc.boosting import GRADIENT_BOOSTING, History, TrainedBoosting, train_boosting
from forecasting.calc.config import ENSEMBLE, ForecastConfig
from forecasting.calc.panel import ExtraCandidate, Panel, backtest_origins, days_ahead, forecast_panel
from forecasting.services.files.chunks import Chunk, Floats

YEAR_DAYS = 364
# 1970-01-01 was a Thursday: so many days after a Monday.
EPOCH_WEEK_DAY = 3
HALF_IN_STOCK = 0.5
# A file wants an answer for every series: the shortest histories borrow theirs from the panel, and are counted.
LEAST_HISTORY_PERIODS = 1


@dataclass(frozen=True)
class Job:
    """What is the same for every chunk. ``first_day`` is the first period's day since 1970-01-01."""

    first_day: int
    period_days: int
    season: int
    horizon: int
    levels: tuple[float, ...]
    models: tuple[str, ...]

    @property
    def config(self) -> ForecastConfig:
        return ForecastConfig(
            horizon=self.horizon,
            levels=(),  # a file has intervals and the median alone
            interval_levels=tuple(level / 100 for level in self.levels),
            models=self.models,
            minimum_history=LEAST_HISTORY_PERIODS,
        )


@dataclass(frozen=True)
class ChunkForecast:
    """``mean`` and ``median`` S × H, ``bounds`` S × H × levels × 2; ``model`` is empty where there was no answer."""

    keys: npt.NDArray[np.int64]
    mean: Floats
    median: Floats
    bounds: Floats
    model: npt.NDArray[np.object_]
    history_periods: npt.NDArray[np.int64]


def train(sample: Chunk, job: Job) -> TrainedBoosting | None:
    """The global model, or None where the panel is too short for one."""
    config = job.config
    origins = backtest_origins(_panel(sample, job), config)
    trained = train_boosting(_history(sample, job), origins, days_ahead(config))
    return trained if trained.is_trained else None


def forecast_chunk(chunk: Chunk, job: Job, boosting: TrainedBoosting | None) -> ChunkForecast:
    config = job.config
    panel = _panel(chunk, job)
    extra = []
    if boosting is not None:
        origins = backtest_origins(panel, config)
        extra = [ExtraCandidate(GRADIENT_BOOSTING, boosting.paths(_history(chunk, job), origins, days_ahead(config)))]
    forecast = forecast_panel(panel, config, extra=extra)
    # An ensemble of one model is that model.
    called = [job.models[0] if name == ENSEMBLE and len(job.models) == 1 else name for name in forecast.models]
    names = np.array(called, dtype=object)[forecast.chosen]
    return ChunkForecast(
        keys=chunk.keys,
        mean=forecast.mean,
        median=forecast.median,
        bounds=_around(forecast.median, forecast.intervals),
        model=np.where(forecast.is_forecast, names, ""),
        history_periods=forecast.history_periods,
    )


def _around(median: Floats, intervals: Floats) -> Floats:
    """Every interval holds the median: the engine learns both apart, and a file's columns must not cross."""
    low = np.minimum(intervals[..., 0], median[..., None])
    high = np.maximum(intervals[..., 1], median[..., None])
    return np.stack([low, high], axis=-1)


def _panel(chunk: Chunk, job: Job) -> Panel:
    first = job.first_day + EPOCH_WEEK_DAY if job.period_days == 1 else job.first_day // job.period_days
    return Panel(
        demand=chunk.demand,
        season=job.season,
        phase=first % job.season,
        year=YEAR_DAYS // job.period_days,
        groups=chunk.groups,
        in_stock=chunk.in_stock,
        promotion=chunk.promotion,
        price=chunk.price,
        first_day=job.first_day if job.period_days == 1 else None,
    )


def _history(chunk: Chunk, job: Job) -> History:
    demand = chunk.demand
    if chunk.in_stock is not None:
        known = chunk.in_stock >= HALF_IN_STOCK
        demand = np.where(known, demand / np.where(known, chunk.in_stock, 1.0), np.nan)
    return History(
        demand=demand,
        first_day=job.first_day,
        period_days=job.period_days,
        season=job.season,
        price=chunk.price,
        promotion=chunk.promotion,
        in_stock=chunk.in_stock,
    )
