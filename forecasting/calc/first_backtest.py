"""Rolling-origin backtest: what each model would have said on past days, and how wrong it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.first_candidates import Smoothed, candidate_paths
from forecasting.calc.first_config import MODELS, WEEKDAY_MEAN, ForecastConfig
from forecasting.calc.demand import Floats, Ints
from forecasting.calc.first_quantiles import known_count, known_quantiles
from forecasting.calc.first_weekdays import WEEK, WeekdayHistory


@dataclass(frozen=True)
class Accuracy:
    """One model's backtest, one number per series; NaN where it could not be measured.

    WAPE is Σ|error| / Σ demand and bias Σ error / Σ demand (error = demand - forecast), over all origins and days
    of the horizon. MASE is the mean |error| over the history's mean |demand - demand a week before|. Coverage is
    the share of later days that lay in the 80 % interval made from the earlier ones.
    """

    model: str
    wape: Floats
    mase: Floats
    bias: Floats
    coverage_80: Floats
    points: Ints


@dataclass(frozen=True)
class Backtest:
    """Errors of the served candidate (series × origins × days ahead), what was chosen, and how all models did.

    ``candidate`` is the position in ``candidate_paths``, ``model`` in ``MODELS``; ``best_candidate[:, m]`` is the
    best candidate of model m.
    """

    errors: Floats
    candidate: Ints
    model: Ints
    best_candidate: Ints
    accuracy: tuple[Accuracy, ...]


def run_backtest(
    history: WeekdayHistory, smoothed: Smoothed, history_days: Ints, days_ahead: int, config: ForecastConfig
) -> Backtest:
    """Forecast from each of the last origins and choose, per series, the candidate with the least mean |error|.

    The two plain models are candidates like the others, so nothing is served that did worse than they. A series
    with fewer than ``minimum_errors`` errors is served the weekday mean: nothing else has proved itself.
    """
    origins = np.arange(max(history.days - config.backtest_origins, WEEK), history.days, dtype=np.int64)
    actual = _demand_after(history, origins, history_days, days_ahead, config)
    models: list[str] = []
    errors: list[Floats] = []
    for paths in candidate_paths(history, smoothed, origins, days_ahead, config):
        models.append(paths.model)
        errors.append(actual - paths.units)
    near = slice(0, config.horizon_days)
    mean_error = np.stack([_mean_known(np.abs(error[:, :, near])) for error in errors], axis=1)
    best = _best_candidate_by_model(mean_error, models)
    candidate = _choose(mean_error, models, known_count(_flat(actual[:, :, near])), config)
    accuracy = tuple(
        _accuracy(model, _pick(errors, best[:, position])[:, :, near], actual[:, :, near], origins, history, config)
        for position, model in enumerate(MODELS)
    )
    model_of = np.array([MODELS.index(name) for name in models], dtype=np.int64)
    return Backtest(_pick(errors, candidate), candidate, model_of[candidate], best, accuracy)


def _demand_after(
    history: WeekdayHistory, origins: Ints, history_days: Ints, days_ahead: int, config: ForecastConfig
) -> Floats:
    """What came after each origin; NaN after the end, and at origins with too little history to forecast from."""
    series = history.demand.shape[0]
    extended = np.concatenate([history.demand, np.full((series, days_ahead), np.nan)], axis=1)
    after = np.lib.stride_tricks.sliding_window_view(extended, days_ahead, axis=1)[:, origins]
    known_days = origins[None, :] - (history.days - history_days[:, None])
    return np.where((known_days >= config.minimum_history_days)[:, :, None], after, np.nan)


def _choose(mean_error: Floats, models: list[str], points: Ints, config: ForecastConfig) -> Ints:
    measured = np.where(np.isfinite(mean_error), mean_error, np.inf)
    chosen = measured.argmin(axis=1)
    return np.where(points >= config.minimum_errors, chosen, models.index(WEEKDAY_MEAN)).astype(np.int64)


def _best_candidate_by_model(mean_error: Floats, models: list[str]) -> Ints:
    measured = np.where(np.isfinite(mean_error), mean_error, np.inf)
    best = []
    for model in MODELS:
        own = np.flatnonzero([name == model for name in models])
        best.append(own[measured[:, own].argmin(axis=1)])
    return np.stack(best, axis=1).astype(np.int64)


def _pick(errors: list[Floats], candidate: Ints) -> Floats:
    picked = np.empty_like(errors[0])
    for position, error in enumerate(errors):
        rows = candidate == position
        picked[rows] = error[rows]
    return picked


def _accuracy(
    model: str, errors: Floats, actual: Floats, origins: Ints, history: WeekdayHistory, config: ForecastConfig
) -> Accuracy:
    demand = np.nansum(actual, axis=(1, 2))
    has_demand = np.where(demand > 0, demand, np.nan)
    scale = _mean_known(np.abs(history.demand[:, WEEK:] - history.demand[:, :-WEEK]))
    return Accuracy(
        model=model,
        wape=np.nansum(np.abs(errors), axis=(1, 2)) / has_demand,
        mase=_mean_known(np.abs(errors)) / np.where(scale > 0, scale, np.nan),
        bias=np.nansum(errors, axis=(1, 2)) / has_demand,
        coverage_80=_coverage(errors, actual, origins, config),
        points=known_count(_flat(errors)),
    )


def _coverage(errors: Floats, actual: Floats, origins: Ints, config: ForecastConfig) -> Floats:
    """The interval is made from errors that were known by the middle origin and judged on origins from there on."""
    middle = origins[len(origins) // 2]
    target = origins[:, None] + np.arange(errors.shape[2])
    earlier = np.where(target < middle, errors, np.nan)
    limits = known_quantiles(np.swapaxes(earlier, 1, 2), (0.1, 0.9))[:, None]
    enough = (known_count(np.swapaxes(earlier, 1, 2)) >= config.minimum_errors)[:, None]
    lowest = np.maximum(actual - errors + limits[..., 0], 0.0)
    inside = (actual >= lowest) & (errors <= limits[..., 1])
    judged = enough & np.isfinite(errors) & (origins >= middle)[:, None]
    count = judged.sum(axis=(1, 2))
    share = (inside & judged).sum(axis=(1, 2)) / np.maximum(count, 1)
    return np.where(count >= config.minimum_errors, share, np.nan)


def _flat(values: Floats) -> Floats:
    return values.reshape(values.shape[0], -1)


def _mean_known(values: Floats) -> Floats:
    """Mean over all axes but the first, NaN left out; NaN where nothing is known."""
    flat = _flat(values)
    count = known_count(flat)
    return np.where(count > 0, np.nansum(flat, axis=1) / np.maximum(count, 1), np.nan)
