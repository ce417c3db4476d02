"""How good each model was in the backtest, per series."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.backtest import Scores
from forecasting.calc.config import ForecastConfig
from forecasting.calc.contract import Accuracy
from forecasting.calc.history import History
from forecasting.calc.intervals import Spread, quantiles_of


@dataclass(frozen=True)
class Yardsticks:
    """What errors are measured against, one number per series: the demand of the backtest (Σ), the in-sample mean
    |change over a season| (MASE) and the mean squared change over a period (RMSSE). NaN: nothing to measure against."""

    demand: Floats
    seasonal: Floats
    change: Floats
    points: Floats


def yardsticks(history: History, actual: Floats) -> Yardsticks:
    """``actual`` is O × H × S, NaN unknown."""
    demand = np.nansum(actual, axis=(0, 1))
    return Yardsticks(
        demand=np.where(demand > 0, demand, np.nan),
        seasonal=_mean_change(history, history.season, 1),
        change=_mean_change(history, 1, 2),
        points=np.isfinite(actual).sum(axis=(0, 1)),
    )


def scales(history: History) -> Floats:
    """What later errors are scaled by, S × 2: the mean |change over a season| and the mean squared change over a period."""
    return np.stack([_mean_change(history, history.season, 1), _mean_change(history, 1, 2)], axis=1)


def _mean_change(history: History, lag: int, power: int) -> Floats:
    if history.periods <= lag:
        return np.full(history.series, np.nan)
    both = history.known[lag:] * history.known[:-lag]
    change = (history.demand[lag:] - history.demand[:-lag]) * both
    total = np.abs(change).sum(axis=0) if power == 1 else np.einsum("ts,ts->s", change, change)
    mean = total / np.maximum(both.sum(axis=0), 1)
    return np.where(mean > 0, mean, np.nan)


def accuracy_of(model: str, squared: Floats, absolute: Floats, signed: Floats, against: Yardsticks) -> Accuracy:
    """From Σ error², Σ |error| and Σ error (S each); the coverage is left open."""
    count = np.where(against.points > 0, against.points, np.nan)
    open_ = np.full(len(count), np.nan)
    return Accuracy(
        model=model,
        demand=against.demand,
        wape=absolute / against.demand,
        mase=absolute / count / against.seasonal,
        rmsse=np.sqrt(squared / count / against.change),
        bias=signed / against.demand,
        coverage_80=open_,
        coverage_95=open_,
        pinball=open_,
        points=against.points.astype(np.int64),
    )


def with_coverage(
    accuracy: Accuracy, spread: Spread, paths: Floats, actual: Floats, config: ForecastConfig
) -> Accuracy:
    """Adds how often the 80 and 95 % intervals held, and the mean pinball loss of the quantiles, origin by origin, each
    with a scale that had not seen the origin's errors. NaN for a level that was not asked for."""
    levels, interval_levels = config.levels, config.interval_levels
    inside = np.zeros((len(interval_levels), actual.shape[2]))
    loss = np.zeros(actual.shape[2])
    for position, (path, after) in enumerate(zip(paths, actual, strict=True)):
        quantiles, intervals, _ = quantiles_of(spread, path, spread.others[position])
        known = np.isfinite(after)
        held = (after[..., None] >= intervals[..., 0]) & (after[..., None] <= intervals[..., 1])
        inside += held.sum(axis=0).T
        for column, level in enumerate(levels):
            miss = np.where(known, after - quantiles[..., column], 0)
            loss += np.maximum(level * miss, (level - 1) * miss).sum(axis=0)
    count = np.where(accuracy.points > 0, accuracy.points, np.nan)
    held_at = {round(level, 6): inside[place] / count for place, level in enumerate(interval_levels)}
    return replace(
        accuracy,
        coverage_80=held_at.get(0.8, accuracy.coverage_80),
        coverage_95=held_at.get(0.95, accuracy.coverage_95),
        pinball=loss / count / len(levels) if levels else accuracy.pinball,
    )


def best_candidates(scores: Scores, models: tuple[str, ...]) -> dict[str, Ints]:
    """The candidate with the least squared error per series, for each model that has one (S each)."""
    squared = scores.squared.sum(axis=0)
    best = {}
    for model in models:
        own = np.flatnonzero([name == model for name in scores.models])
        if own.size:
            best[model] = own[squared[own].argmin(axis=0)]
    return best


def ranks(errors: Floats) -> Ints:
    """Rank 1 … M of each model (S × M errors); 0 where not measured. Ties: the earlier, plainer model."""
    measured = np.isfinite(errors)
    order = np.argsort(np.where(measured, errors, np.inf), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(1, errors.shape[1] + 1)[None], axis=1)
    return np.where(measured, rank, 0).astype(np.int64)
