"""The forecast of many series at once: paths, quantiles by day, and quantiles of sums over days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.first_backtest import Accuracy, Backtest, run_backtest
from forecasting.calc.first_candidates import candidate_paths, smooth
from forecasting.calc.first_config import MODELS, ForecastConfig
from forecasting.calc.demand import Bools, Floats, Ints, history_days
from forecasting.calc.first_quantiles import known_count, known_quantiles, never_negative_or_crossing, normal_scores
from forecasting.calc.first_weekdays import WEEK, weekday_factors, weekday_history


@dataclass(frozen=True)
class DemandSum:
    """Demand summed over the first ``days`` (series) of the forecast: mean (series), quantiles (series × levels)."""

    days: Ints
    mean: Floats
    quantiles: Floats
    from_backtest: Bools


@dataclass(frozen=True)
class PanelForecast:
    """Forecasts of S series over H days. Rows of series with too little history (``is_forecast`` False) mean nothing.

    ``mean`` is S × H, ``quantiles`` S × H × levels, ``model_totals`` S × models (units over the horizon),
    ``chosen`` the position in ``MODELS``. ``horizon`` sums all H days; ``sums`` answers the lengths asked for.
    """

    is_forecast: Bools
    history_days: Ints
    known_days: Ints
    chosen: Ints
    mean: Floats
    quantiles: Floats
    model_totals: Floats
    horizon: DemandSum
    sums: tuple[DemandSum, ...]
    accuracy: tuple[Accuracy, ...]


def forecast_panel(demand: Floats, *, sum_days: tuple[Ints, ...], config: ForecastConfig) -> PanelForecast:
    """Forecast the days that follow ``demand`` (series × days, NaN where unknown; see ``observed_demand``).

    ``sum_days`` asks for sums over the first so many days, one number per series each (1 to ``longest_sum_days``).
    Answers: an empty history or one under ``minimum_history_days`` is not forecast (``is_forecast``); an all-zero
    history is forecast 0 with quantiles 0; too few backtest errors for a quantile give a normal spread with the
    history's deviation, at least Poisson's √mean. Raises ``ValueError`` on negative or infinite demand and on
    sums out of bounds.
    """
    _check(demand, sum_days, config)
    days_ahead = max([config.horizon_days, *(int(days.max(initial=0)) for days in sum_days)])
    age = history_days(demand)
    history = weekday_history(demand, config)
    smoothed = smooth(history, config)
    backtest = run_backtest(history, smoothed, age, days_ahead, config)
    now = np.array([history.days], dtype=np.int64)
    candidates = [paths.units[:, 0] for paths in candidate_paths(history, smoothed, now, days_ahead, config)]
    path = _served(candidates, backtest.candidate)
    noise = _daily_deviation(demand, backtest.errors, config)
    whole = np.full(demand.shape[0], config.horizon_days, dtype=np.int64)
    origins = np.arange(history.days - backtest.errors.shape[1], history.days, dtype=np.int64)
    return PanelForecast(
        is_forecast=age >= config.minimum_history_days,
        history_days=age,
        known_days=known_count(demand),
        chosen=backtest.model,
        mean=path[:, : config.horizon_days],
        quantiles=_daily_quantiles(
            path, backtest, weekday_factors(history, origins, config), weekday_factors(history, now, config), noise, config
        ),
        model_totals=_model_totals(candidates, backtest, config),
        horizon=_sum(path, backtest.errors, whole, noise, config),
        sums=tuple(_sum(path, backtest.errors, days, noise, config) for days in sum_days),
        accuracy=backtest.accuracy,
    )


def _check(demand: Floats, sum_days: tuple[Ints, ...], config: ForecastConfig) -> None:
    if np.isinf(demand).any() or (demand < 0).any():
        raise ValueError("demand must be finite and not negative (NaN: unknown)")
    for days in sum_days:
        if days.shape != demand.shape[:1] or (days < 1).any() or (days > config.longest_sum_days).any():
            raise ValueError(f"sums need one number of days per series, from 1 to {config.longest_sum_days}")


def _served(candidates: list[Floats], chosen: Ints) -> Floats:
    served: Floats = np.stack(candidates, axis=1)[np.arange(len(chosen)), chosen]
    return served


def _model_totals(candidates: list[Floats], backtest: Backtest, config: ForecastConfig) -> Floats:
    totals = np.stack([path[:, : config.horizon_days].sum(axis=1) for path in candidates], axis=1)
    picked: Floats = np.take_along_axis(totals, backtest.best_candidate, axis=1)
    assert picked.shape[1] == len(MODELS)  # noqa: S101  one column per model, in their order
    return picked


def _daily_deviation(demand: Floats, errors: Floats, config: ForecastConfig) -> Floats:
    """Deviation of one day's demand, in units: of the one-day-ahead errors, else of the history (at least √mean)."""
    count = np.maximum(known_count(demand), 1)
    mean = np.nansum(demand, axis=1) / count
    spread = np.sqrt(np.nansum((demand - mean[:, None]) ** 2, axis=1) / np.maximum(count - 1, 1))
    ahead = errors[:, :, 0]
    tested = np.sqrt(np.nansum(ahead**2, axis=1) / np.maximum(known_count(ahead), 1))
    enough = known_count(ahead) >= config.minimum_errors
    deviation: Floats = np.where(enough, tested, np.maximum(spread, np.sqrt(mean)))
    return deviation


def _daily_quantiles(
    path: Floats, backtest: Backtest, past_factors: Floats, factors: Floats, noise: Floats, config: ForecastConfig
) -> Floats:
    """Path plus the quantile of the errors at the same number of days ahead.

    Errors are divided by √(weekday factor) before they are pooled, and multiplied by the coming day's after: demand
    of a busy weekday varies more, in proportion to its root as counts do. A horizon with too few errors takes the
    quantiles of the farthest nearer one that has enough.
    """
    horizon = config.horizon_days
    phase = np.arange(horizon) % WEEK
    errors = np.swapaxes(backtest.errors[:, :, :horizon] / np.sqrt(past_factors[:, :, phase]), 1, 2)
    enough = known_count(errors) >= config.minimum_errors
    source = np.maximum.accumulate(np.where(enough, np.arange(horizon), -1), axis=1)
    tested = known_quantiles(errors, config.day_levels)
    tested = np.take_along_axis(tested, np.maximum(source, 0)[:, :, None], axis=1)
    normal = noise[:, None, None] * normal_scores(config.day_levels)
    away = np.where((source >= 0)[:, :, None], tested, normal) * np.sqrt(factors[:, 0, phase])[:, :, None]
    return never_negative_or_crossing(path[:, :horizon, None] + away)


def _sum(path: Floats, errors: Floats, days: Ints, noise: Floats, config: ForecastConfig) -> DemandSum:
    """Demand over the first ``days``: the path's sum plus quantiles of the backtest's errors summed over as many days.

    Summed errors, not sums of daily quantiles: days do not all go wrong together. Unknown days count as forecast;
    a sum with fewer known days than ``minimum_observed_share`` is left out. With too few sums the spread is normal
    with √days times the deviation of a day.
    """
    last = (days - 1)[:, None]
    mean = np.take_along_axis(np.cumsum(path, axis=1), last, axis=1)[:, 0]
    running = np.cumsum(np.where(np.isfinite(errors), errors, 0.0), axis=2)
    known = np.cumsum(np.isfinite(errors), axis=2)
    index = last[:, :, None]
    summed = np.take_along_axis(running, index, axis=2)[:, :, 0]
    share = np.take_along_axis(known, index, axis=2)[:, :, 0] / days[:, None]
    # An interval that reaches past the end of the history is not over yet.
    ended = np.arange(errors.shape[1], 0, -1)[None, :] >= days[:, None]
    usable = np.where(ended & (share >= config.minimum_observed_share), summed, np.nan)
    from_backtest = known_count(usable) >= config.minimum_errors
    tested = known_quantiles(usable, config.sum_levels)
    normal = (noise * np.sqrt(days))[:, None] * normal_scores(config.sum_levels)
    away = np.where(from_backtest[:, None], tested, normal)
    return DemandSum(days, mean, never_negative_or_crossing(mean[:, None] + away), from_backtest)
