"""How well a series can be forecast, and its XYZ class: by the error of weeks, whatever that was measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints

WEEK = 7
X_UP_TO = 0.4
Y_UP_TO = 0.8
LEAST_WEEKS = 4
LEAST_DAYS_OF_A_WEEK = 4
USUAL_WEEKS = 26
"""Variability is that of the last half year."""


@dataclass(frozen=True)
class Forecastability:
    """Per series: ``error`` of weeks (Σ|error| / Σ demand; NaN: too little known), whether a backtest measured it, and
    on how many ``weeks``."""

    error: Floats
    from_backtest: Bools
    weeks: Ints

    @property
    def classes(self) -> list[str]:
        return [xyz_class(error) for error in self.error.tolist()]


def xyz_class(error: float) -> str:
    """X up to 0.4, Y up to 0.8, Z above; empty for NaN.

    Usual bounds on the coefficient of variation are 0.5 and 1.0. A mean absolute error is √(2/π) = 0.80 of the deviation
    where errors are normal: 0.4 and 0.8. Errors of forecasts in the place of the variation are Scholz-Reiter et al.'s
    (2012, “Integration of demand forecasts in ABC-XYZ analysis”): a strong season varies and is easily forecast.
    """
    if not np.isfinite(error):
        return ""
    if error <= X_UP_TO:
        return "X"
    return "Y" if error <= Y_UP_TO else "Z"


def forecastability(*, errors: Floats, origins: Ints, demand: Floats) -> Forecastability:
    """Of S series, from the backtest where it measured at least four weeks, else from the variability of demand.

    ``errors`` S × O × H: demand less forecast per day, NaN unknown; ``origins`` (O): the column of ``demand`` (S × T,
    units a day, NaN unknown) that is each one's first day. Weeks, not days, because orders cover weeks: the noise of single
    days, which no forecast can know, is gone from sums. Both measures are Σ|error| / Σ demand, so that one bound serves them.

    A series without demand in the weeks measured, or with fewer than four weeks, has NaN.
    """
    measured, weeks = _backtest_error(errors, origins, demand)
    varying, usual_weeks = variability(demand)
    from_backtest = np.isfinite(measured)
    return Forecastability(
        error=np.where(from_backtest, measured, varying),
        from_backtest=from_backtest,
        weeks=np.where(from_backtest, weeks, np.where(np.isfinite(varying), usual_weeks, 0)),
    )


def variability(demand: Floats) -> tuple[Floats, Ints]:
    """Error of weeks when each is forecast by the mean of the others, and the number of weeks (S each).

    Σ|yᵢ - mean of the others| / Σ y = n / (n - 1) × Σ|yᵢ - ȳ| / Σ y, over the last 26 whole weeks of S × T daily demand.
    A week with unknown days is scaled up from four known ones on, and left out below.

    Worked: weeks of 10, 20, 10, 20: 4/3 × 20 / 60 = 0.444.
    """
    whole = min(demand.shape[1] // WEEK, USUAL_WEEKS)
    days = demand[:, demand.shape[1] - whole * WEEK :].reshape(len(demand), whole, WEEK)
    known = np.isfinite(days).sum(axis=2)
    is_known = known >= LEAST_DAYS_OF_A_WEEK
    units = np.where(is_known, np.nansum(days, axis=2) * WEEK / np.maximum(known, 1), 0.0)
    count = is_known.sum(axis=1)
    total = units.sum(axis=1)
    mean = total / np.maximum(count, 1)
    spread = (np.abs(units - mean[:, None]) * is_known).sum(axis=1) * count / np.maximum(count - 1, 1)
    enough = (count >= LEAST_WEEKS) & (total > 0)
    return np.where(enough, spread / np.where(total > 0, total, 1.0), np.nan), count


def _backtest_error(errors: Floats, origins: Ints, demand: Floats) -> tuple[Floats, Ints]:
    series, _, horizon = errors.shape
    whole = horizon // WEEK
    absolute, total, weeks = np.zeros(series), np.zeros(series), np.zeros(series, dtype=np.int64)
    for place, origin in enumerate(origins.tolist()):
        for week in range(whole):
            of_days = errors[:, place, week * WEEK : (week + 1) * WEEK]
            actual = demand[:, origin + week * WEEK : origin + (week + 1) * WEEK]
            if actual.shape[1] < WEEK:
                continue
            known = np.isfinite(of_days) & np.isfinite(actual)
            absolute += np.abs(np.where(known, of_days, 0.0).sum(axis=1))
            total += np.where(known, actual, 0.0).sum(axis=1)
            weeks += known.sum(axis=1) >= LEAST_DAYS_OF_A_WEEK
    enough = (weeks >= LEAST_WEEKS) & (total > 0)
    return np.where(enough, absolute / np.where(total > 0, total, 1.0), np.nan), weeks
