"""Every choice of the forecast in one frozen object."""

from __future__ import annotations

from dataclasses import dataclass

NAIVE = "naive"
SEASONAL_NAIVE = "seasonal_naive"
WEEKDAY_MEAN = "weekday_mean"
LINEAR = "linear"
EXPONENTIAL_SMOOTHING = "exponential_smoothing"
DAMPED_TREND = "damped_trend"
THETA = "theta"
ARIMA = "arima"
INTERMITTENT = "intermittent"
SEASONAL = "seasonal"
ENSEMBLE = "ensemble"
GRADIENT_BOOSTING = "gradient_boosting"
LSTM = "lstm"
# Plainest first: of two models that did equally well the earlier one is served. Extra models come before the ensemble.
MODELS = (
    NAIVE,
    SEASONAL_NAIVE,
    WEEKDAY_MEAN,
    LINEAR,
    EXPONENTIAL_SMOOTHING,
    DAMPED_TREND,
    THETA,
    ARIMA,
    INTERMITTENT,
    SEASONAL,
    ENSEMBLE,
)
# By their places here models are kept in bytes: new ones go to the end, and none is ever moved or taken out.
STORED_MODELS = (
    NAIVE,
    SEASONAL_NAIVE,
    WEEKDAY_MEAN,
    LINEAR,
    EXPONENTIAL_SMOOTHING,
    DAMPED_TREND,
    THETA,
    ARIMA,
    INTERMITTENT,
    SEASONAL,
    ENSEMBLE,
    GRADIENT_BOOSTING,
    LSTM,
)
# What a caller may name (PA-4), and what is made for one who names nothing.
NAMED_MODELS = (LINEAR, SEASONAL, ARIMA, LSTM, GRADIENT_BOOSTING, INTERMITTENT, ENSEMBLE)
DEFAULT_MODELS = (LINEAR, SEASONAL, ENSEMBLE)
# What is served must not have lost to these on its own backtest.
PLAIN_MODELS = (SEASONAL_NAIVE, WEEKDAY_MEAN)

DAY_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
# Sums serve replenishment as well, whose service levels lie far up.
SUM_LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.98, 0.99)
INTERVAL_LEVELS = (0.8, 0.95)


@dataclass(frozen=True)
class ForecastConfig:
    """Lengths are in periods of the panel (days, weeks or months).

    ``models`` names what may be served: ("ensemble",) or one or more of ``MODELS`` and of the extra candidates'; an
    ensemble is then made of those alone. The plain models are always measured and take part in the gate. Without
    ``gated`` the models are served as they are, also where a plain one did better: for a caller who asked for them by name.
    """

    horizon: int = 28
    levels: tuple[float, ...] = DAY_LEVELS
    sum_levels: tuple[float, ...] = SUM_LEVELS
    interval_levels: tuple[float, ...] = INTERVAL_LEVELS
    models: tuple[str, ...] = (ENSEMBLE,)
    gated: bool = True
    longest_sum: int = 91
    longest_horizon: int = 1000
    minimum_history: int = 7
    backtest_origins: int = 13
    chunk_series: int = 1000
