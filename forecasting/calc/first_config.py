"""Every choice of the forecast in one frozen object."""

from __future__ import annotations

from dataclasses import dataclass

SEASONAL_NAIVE = "seasonal_naive"
WEEKDAY_MEAN = "weekday_mean"
EXPONENTIAL_SMOOTHING = "exponential_smoothing"
DAMPED_TREND = "damped_trend"
# Simplest first: of two models that did equally well the earlier one is served.
MODELS = (SEASONAL_NAIVE, WEEKDAY_MEAN, EXPONENTIAL_SMOOTHING, DAMPED_TREND)

DAY_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
# Sums serve replenishment as well, whose service levels lie far up.
SUM_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.98, 0.99)


@dataclass(frozen=True)
class ForecastConfig:
    """Lengths are in days unless the name says weeks; smoothing gains lie between 0 and 1."""

    horizon_days: int = 28
    longest_sum_days: int = 91
    minimum_history_days: int = 7
    backtest_origins: int = 140
    minimum_errors: int = 20
    mean_weeks: int = 8
    weekday_prior_weeks: float = 2.0
    smoothing_gains: tuple[float, ...] = (0.03, 0.1, 0.2, 0.4)
    trend_level_gain: float = 0.1
    trend_gain: float = 0.02
    trend_damping: float = 0.9
    trend_after_days: int = 14
    day_levels: tuple[float, ...] = DAY_LEVELS
    sum_levels: tuple[float, ...] = SUM_LEVELS
    minimum_observed_share: float = 0.7
