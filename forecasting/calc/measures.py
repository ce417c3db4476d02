"""How good each model was in the backtest, per series."""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.backtest import Scores
from forecasting.calc.contract import Accuracy
from forecasting.calc.history import History


def scales(history: History) -> tuple[Floats, Floats]:
    """In-sample mean |change over a season| (of MASE) and mean squared change over a period (of RMSSE), S each; NaN: none."""
    season = history.season
    return _mean_change(history, season, 1), _mean_change(history, 1, 2)


def _mean_change(history: History, lag: int, power: int) -> Floats:
    both = history.known[lag:] * history.known[:-lag]
    change = (history.demand[lag:] - history.demand[:-lag]) * both
    total = np.abs(change).sum(axis=0) if power == 1 else np.einsum("ts,ts->s", change, change)
    mean = total / np.maximum(both.sum(axis=0), 1)
    return np.where(mean > 0, mean, np.nan)


def accuracy_of(model: str, sums: tuple[Floats, Floats, Floats], points: Floats, demand: Floats, history: History) -> Accuracy:
    """From Σ error², Σ |error| and Σ error (S each), the number of errors, and the demand that they are set against."""
    squared, absolute, signed = sums
    seasonal, change = scales(history)
    measured = points > 0
    count, units = np.where(measured, points, np.nan), np.where(demand > 0, demand, np.nan)
    nothing = np.full(len(points), np.nan)
    return Accuracy(
        model=model,
        wape=absolute / units,
        mase=absolute / count / seasonal,
        rmsse=np.sqrt(squared / count / change),
        bias=signed / units,
        coverage_80=nothing,
        coverage_95=nothing,
        pinball=nothing,
        points=points.astype(np.int64),
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
    """Rank 1 … M of each model (S × M mean squared errors); 0 where not measured. Ties: the earlier model."""
    measured = np.isfinite(errors)
    order = np.argsort(np.where(measured, errors, np.inf), axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(1, errors.shape[1] + 1)[None], axis=1)
    return np.where(measured, rank, 0).astype(np.int64)
