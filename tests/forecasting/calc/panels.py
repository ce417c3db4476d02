"""Panels to forecast: drawn from known distributions."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecasting.calc.config import ForecastConfig
from forecasting.calc.panel import Panel, PanelForecast, forecast_panel

WEEK = [10.0, 12.0, 9.0, 11.0, 20.0, 30.0, 0.0]


def counts(series: int, days: int, *, seed: int = 5, mean: float = 8.0, unknown: float = 0.0) -> np.ndarray:
    """Poisson demand with a weekly pattern and means drawn around ``mean``."""
    random = np.random.default_rng(seed)
    weekly = 1 + 0.5 * np.sin(2 * np.pi * np.arange(days) / 7)
    demand = random.poisson(random.gamma(2, mean / 2, (series, 1)) * weekly).astype(float)
    demand[random.random(demand.shape) < unknown] = np.nan
    return demand


def forecast(demand: Any, *, sums: int | None = None, horizon: int = 28, **panel: Any) -> PanelForecast:
    values = np.asarray(demand, dtype=float)
    asked = [] if sums is None else [np.full(len(values), sums)]
    return forecast_panel(Panel(values, **panel), ForecastConfig(horizon=horizon), sum_periods=asked)


def assert_answers(answer: PanelForecast) -> None:
    """Every number is finite, none is negative, and no quantile crosses another."""
    horizon, asked = answer.horizon, answer.sums
    for values in (answer.mean, answer.median, answer.quantiles, answer.intervals, answer.weights, horizon.quantiles):
        assert np.isfinite(values).all()
        assert (values >= 0).all()
    for quantiles in (answer.quantiles, horizon.quantiles, *(part.quantiles for part in asked)):
        assert (np.diff(quantiles, axis=-1) >= 0).all()
    narrow, wide = answer.intervals[:, :, 0], answer.intervals[:, :, 1]
    assert (wide[..., 0] <= narrow[..., 0]).all()
    assert (narrow[..., 0] <= narrow[..., 1]).all()
    assert (narrow[..., 1] <= wide[..., 1]).all()
