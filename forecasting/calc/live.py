"""What came of forecasts: errors of their days that are over, summed per series, week and distance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.config import STORED_MODELS
from forecasting.calc.model_bytes import ERROR_NAMES

DAYS_OF_WEEK = 7
MODEL_SHAPE = (len(STORED_MODELS), len(ERROR_NAMES))


@dataclass(frozen=True)
class Vintages:
    """V stored forecasts of H days each (shorter ones are NaN at their end); several may be of one series.

    ``series`` (V): row of the series in the actual demand; ``first_day`` (V): day numbers (``date.toordinal``); ``mean``
    and ``naive`` V × H, the latter NaN where there was none; ``baseline`` V × H: the mean before people's overrides, NaN
    where nobody had overridden the forecast; ``quantiles`` V × H × Q for ``levels``, ``intervals`` V × H × 2 × 2 (80 and
    95 %; lower and upper), NaN: none; ``scales`` V × 2 (``PanelForecast.scales``); ``models`` V × ``STORED_MODELS`` × H: every
    model's own path, NaN where it had none.
    """

    series: Ints
    first_day: Ints
    mean: Floats
    naive: Floats
    baseline: Floats
    levels: tuple[float, ...]
    quantiles: Floats
    intervals: Floats
    scales: Floats
    models: Floats


@dataclass(frozen=True)
class LiveSums:
    """R rows: ``series``, ``week`` (day number of its Monday), ``weeks_ahead``, ``newest`` (place of the newest vintage in
    it), ``censored`` days left out, and the ``sums`` by their names in ``ErrorSums``, R each; ``models``: R ×
    ``STORED_MODELS`` × ``ERROR_NAMES``, NaN unless the model had a path on all of the row's measured days."""

    series: Ints
    week: Ints
    weeks_ahead: Ints
    newest: Ints
    censored: Ints
    sums: Mapping[str, Floats]
    models: Floats


def measure(vintages: Vintages, actual: Floats, first_day: int) -> LiveSums:
    """Compare the vintages with ``actual`` (S × D from the day number ``first_day`` on; NaN: demand unknown).

    Days outside of ``actual`` are not looked at. Error = demand - forecast. A day of a vintage belongs to its calendar
    week and is ``h // 7 + 1`` weeks ahead, h = 0 being the vintage's first day. Loss of a quantile q at level p: max(p (y -
    q), (p - 1) (y - q)). A day is overridden where the baseline differs from the mean. Worked: 5 wanted, 3 forecast, the
    naive said 1: error 2, the naive's 4.
    """
    at, on, demand = _days_over(vintages, actual, first_day)
    if not len(at):
        nothing = np.zeros(0, np.int64)
        return LiveSums(nothing, nothing, nothing, nothing, nothing, {}, np.zeros((0, *MODEL_SHAPE)))
    day = vintages.first_day[at] + on
    week = (day - 1) // DAYS_OF_WEEK * DAYS_OF_WEEK + 1  # day number 1 was a Monday
    keys = np.stack([vintages.series[at], week, on // DAYS_OF_WEEK + 1], axis=1)
    rows, row_of = np.unique(keys, axis=0, return_inverse=True)
    row_of = row_of.reshape(-1)
    newest = np.zeros(len(rows), np.int64)
    in_time = np.argsort(vintages.first_day[at], kind="stable")
    newest[row_of[in_time]] = at[in_time]
    known = np.isfinite(demand)
    sums = {
        name: np.bincount(row_of, np.where(known, values, 0.0), len(rows)).astype(np.float64)
        for name, values in _columns(vintages, demand, at, on).items()
    }
    censored = np.bincount(row_of, ~known, len(rows)).astype(np.int64)
    models = _of_models(vintages, demand, at, on, row_of, len(rows))
    return LiveSums(rows[:, 0], rows[:, 1], rows[:, 2], newest, censored, sums, models)


def _of_models(vintages: Vintages, demand: Floats, at: Ints, on: Ints, row_of: Ints, rows: int) -> Floats:
    """Every model's error sums on the days whose demand is known."""
    measured = np.bincount(row_of, np.isfinite(demand), rows)
    seasonal, change = vintages.scales[at, 0], vintages.scales[at, 1]
    is_scaled = np.isfinite(seasonal) & np.isfinite(change)
    sums = np.full((rows, *MODEL_SHAPE), np.nan)
    for place in range(MODEL_SHAPE[0]):
        error = demand - vintages.models[at, place, on]
        known = np.isfinite(error)
        columns = (
            np.abs(error),
            error,
            error**2,
            _where(is_scaled, np.abs(error) / np.where(is_scaled, seasonal, 1)),
            _where(is_scaled, error**2 / np.where(is_scaled, change, 1)),
        )
        answered = (np.bincount(row_of, known, rows) == measured) & (measured > 0)
        for name, column in enumerate(columns):
            total = np.bincount(row_of, np.where(known, column, 0.0), rows)
            sums[:, place, name] = np.where(answered, total, np.nan)
    return sums


def _days_over(vintages: Vintages, actual: Floats, first_day: int) -> tuple[Ints, Ints, Floats]:
    """Vintage, day ahead and demand (NaN: unknown) of every forecast day that lies in ``actual``."""
    column = vintages.first_day[:, None] + np.arange(vintages.mean.shape[1]) - first_day
    at, on = np.nonzero((column >= 0) & (column < actual.shape[1]) & np.isfinite(vintages.mean))
    return at, on, actual[vintages.series[at], column[at, on]]


def _columns(vintages: Vintages, demand: Floats, at: Ints, on: Ints) -> dict[str, Floats]:
    """One number per day measured, for each of the sums; where demand is unknown they mean nothing."""
    mean, naive, baseline = (path[at, on] for path in (vintages.mean, vintages.naive, vintages.baseline))
    bounds = vintages.intervals[at, on]
    error = demand - mean
    absolute = np.abs(error)
    seasonal, change = vintages.scales[at, 0], vintages.scales[at, 1]
    is_scaled = np.isfinite(seasonal) & np.isfinite(change)
    has_naive = np.isfinite(naive)
    bands = np.concatenate([vintages.quantiles[at, on], bounds.reshape(len(at), -1)], axis=1)
    has_bands: Bools = np.isfinite(bands).all(axis=1)
    is_overridden = np.isfinite(baseline) & (baseline != mean)
    held: Bools = (demand[:, None] >= bounds[..., 0]) & (demand[:, None] <= bounds[..., 1])
    return {
        "points": np.ones(len(at)),
        "actual_units": demand,
        "absolute_error": absolute,
        "signed_error": error,
        "squared_error": error**2,
        "scaled_points": is_scaled.astype(np.float64),
        "scaled_absolute_error": _where(is_scaled, absolute / np.where(is_scaled, seasonal, 1)),
        "scaled_squared_error": _where(is_scaled, error**2 / np.where(is_scaled, change, 1)),
        "band_points": has_bands.astype(np.float64),
        "pinball_loss": _where(has_bands, _pinball(demand, vintages.quantiles[at, on], vintages.levels)),
        "inside_80": _where(has_bands, held[:, 0]),
        "inside_95": _where(has_bands, held[:, 1]),
        "naive_points": has_naive.astype(np.float64),
        "beside_naive_actual_units": _where(has_naive, demand),
        "naive_absolute_error": _where(has_naive, np.abs(demand - naive)),
        "beside_naive_absolute_error": _where(has_naive, absolute),
        "overridden_points": is_overridden.astype(np.float64),
        "overridden_absolute_error": _where(is_overridden, absolute),
        "overridden_signed_error": _where(is_overridden, error),
        "baseline_absolute_error": _where(is_overridden, np.abs(demand - baseline)),
    }


def _pinball(demand: Floats, quantiles: Floats, levels: tuple[float, ...]) -> Floats:
    """Mean over the levels."""
    miss = demand[:, None] - quantiles
    loss: Floats = np.maximum(np.array(levels) * miss, (np.array(levels) - 1) * miss).mean(axis=1)
    return loss


def _where(condition: Bools, values: Floats | Bools) -> Floats:
    chosen: Floats = np.where(condition, values, 0.0)
    return chosen
