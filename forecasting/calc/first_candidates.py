"""The candidate models: each gives a path of daily demand from any origin, from the days before it alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecasting.calc.first_config import DAMPED_TREND, EXPONENTIAL_SMOOTHING, SEASONAL_NAIVE, WEEKDAY_MEAN, ForecastConfig
from forecasting.calc.demand import Floats, Ints
from forecasting.calc.first_weekdays import WEEK, WeekdayHistory, at_phases, weekday_factors, weekday_means


@dataclass(frozen=True)
class Smoothed:
    """Levels (per gain), and level and trend of the damped trend, after o known days: axis 1 is the origin."""

    levels: Floats
    trend_level: Floats
    trend: Floats


@dataclass(frozen=True)
class Paths:
    """One candidate's forecasts: series × origins × days ahead, in units, never under 0."""

    model: str
    units: Floats


def candidate_paths(
    history: WeekdayHistory, smoothed: Smoothed, origins: Ints, days_ahead: int, config: ForecastConfig
) -> Iterator[Paths]:
    """Every candidate in the order of ``MODELS``; exponential smoothing comes once per gain."""
    phase = np.arange(days_ahead) % WEEK
    factors = weekday_factors(history, origins, config)[:, :, phase]
    last = at_phases(history.last_value, origins)
    means = weekday_means(history, origins)
    yield Paths(SEASONAL_NAIVE, np.where(np.isfinite(last), last, means)[:, :, phase])
    yield Paths(WEEKDAY_MEAN, means[:, :, phase])
    for gain in range(len(config.smoothing_gains)):
        yield Paths(EXPONENTIAL_SMOOTHING, smoothed.levels[:, origins, gain, None] * factors)
    steps = np.cumsum(config.trend_damping ** np.arange(1, days_ahead + 1))
    line = smoothed.trend_level[:, origins, None] + smoothed.trend[:, origins, None] * steps
    yield Paths(DAMPED_TREND, np.maximum(line * factors, 0.0))


def smooth(history: WeekdayHistory, config: ForecastConfig) -> Smoothed:
    """Run both smoothers once over all days; what they knew at every origin is kept.

    The day's demand is divided by its weekday factor as it was known before the day. Simple exponential smoothing
    l ← l + g (d - l), with g = max(gain, 1 / days seen): a plain mean until there are 1 / gain days, so that the
    first day does not rule. Damped trend in error-correction form (Hyndman et al. 2008, ETS(A,Ad,N)); it begins
    after ``trend_after_days``. A day counts in proportion to its factor, which makes the level Σ demand / Σ factor:
    the mean of demand / factor would be too high, the more so the less certain the factors are. Unknown days change
    nothing but let the trend fade.

    Worked: gain 0.1, demand 4 then 8, no weekly pattern: 4, then 4 + ½ (8 - 4) = 6.
    """
    series, days = history.demand.shape
    gains = np.asarray(config.smoothing_gains)
    levels = np.zeros((series, days + 1, len(gains)))
    line, slope = np.zeros((series, days + 1)), np.zeros((series, days + 1))
    seen = np.zeros(series)
    day_factors = _factors_before_each_day(history, config)
    for day in range(days):
        known, factor = history.known[:, day], day_factors[:, day]
        demand = np.where(known, history.demand[:, day], 0.0) / factor
        weight = np.where(known, factor, 0.0)
        gain = np.minimum(np.maximum(gains, 1.0 / (seen[:, None] + 1.0)) * weight[:, None], 1.0)
        levels[:, day + 1] = levels[:, day] + gain * (demand[:, None] - levels[:, day])
        expected = line[:, day] + config.trend_damping * slope[:, day]
        error = demand - expected
        line_gain = np.maximum(config.trend_level_gain, 1.0 / (seen + 1.0)) * weight
        line[:, day + 1] = expected + np.minimum(line_gain, 1.0) * error
        slope_gain = np.where(seen >= config.trend_after_days, config.trend_gain, 0.0) * weight
        slope[:, day + 1] = config.trend_damping * slope[:, day] + np.minimum(slope_gain, 1.0) * error
        seen += known
    return Smoothed(levels=levels, trend_level=line, trend=slope)


def _factors_before_each_day(history: WeekdayHistory, config: ForecastConfig) -> Floats:
    origins = np.arange(WEEK, history.days, dtype=np.int64)
    later = weekday_factors(history, origins, config)[:, :, 0]
    return np.concatenate([np.ones((history.demand.shape[0], WEEK)), later], axis=1)
