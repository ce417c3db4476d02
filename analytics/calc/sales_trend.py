"""The trend of daily sales over a week and over four: weekdays compared with themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.calc.trend import LEAST_POINTS, Trend, mann_kendall, seasonal_mann_kendall

WEEK = 7
SHORT, LONG = 7, 28
WINDOWS = (SHORT, LONG)
WEEKDAY_WEEKS = 8
HISTORY_DAYS = SHORT + WEEKDAY_WEEKS * WEEK
"""Days that ``daily_trend`` wants at its end: the longest window, and the weeks that a short one is measured by."""
SIGNIFICANCE = 0.05


def daily_trend(days: NDArray[np.float64], *, window: int) -> Trend | None:
    """The trend over the last ``window`` days (7 or 28), slope per day in the units of ``days``; None: too little known.

    Over four weeks by the seasonal Mann-Kendall test with Hamed and Rao's variance. A week holds each weekday once: its
    days are taken less their weekday's median of the 8 weeks before, and tested plainly.
    """
    recent = days[-window:]
    if np.isfinite(recent).sum() < max(LEAST_POINTS, window // 2):
        return None
    if window == SHORT:
        usual = _weekday_medians(days[:-SHORT])
        beside = recent - usual
        return mann_kendall(beside) if np.isfinite(beside).sum() >= LEAST_POINTS else None
    try:
        trend = seasonal_mann_kendall(recent, period=WEEK, is_autocorrelated=True)
    except ValueError:  # no weekday is known twice
        return None
    return _per_day(trend)


def _weekday_medians(days: NDArray[np.float64]) -> NDArray[np.float64]:
    """The usual level of each of the next seven days; NaN where its weekday was never known."""
    weeks = days[-WEEKDAY_WEEKS * WEEK :]
    weeks = weeks[len(weeks) % WEEK :].reshape(-1, WEEK)
    known = np.isfinite(weeks).any(axis=0) if len(weeks) else np.zeros(WEEK, dtype=bool)
    medians = np.full(WEEK, np.nan)
    if known.any():
        medians[known] = np.nanmedian(weeks[:, known], axis=0)
    return medians


def _per_day(trend: Trend) -> Trend:
    return Trend(
        s=trend.s,
        tau=trend.tau,
        variance=trend.variance,
        z=trend.z,
        p=trend.p,
        slope=trend.slope / WEEK,
        slope_low=trend.slope_low / WEEK,
        slope_high=trend.slope_high / WEEK,
        intercept=trend.intercept,
    )
