"""The models once more, one series and one origin at a time: slow, plain, and written from their definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from forecasting.calc.first_config import ForecastConfig


def mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


def recent_mean(past: Sequence[float], config: ForecastConfig) -> float:
    recent = mean(past[-7 * config.mean_weeks :])
    overall = mean(past)
    return recent if not math.isnan(recent) else (0.0 if math.isnan(overall) else overall)


def same_weekday(past: Sequence[float], phase: int) -> list[float]:
    """Values of the weekday that comes ``phase`` days after the past's end, newest first."""
    return [past[index] for index in range(len(past) - 7 + phase, -1, -7)]


def seasonal_naive(past: Sequence[float], horizon: int, config: ForecastConfig) -> list[float]:
    path = []
    for ahead in range(horizon):
        known = [value for value in same_weekday(past, ahead % 7) if not math.isnan(value)]
        path.append(known[0] if known else recent_mean(past, config))
    return path


def weekday_mean(past: Sequence[float], horizon: int, config: ForecastConfig) -> list[float]:
    path = []
    for ahead in range(horizon):
        average = mean(same_weekday(past, ahead % 7)[: config.mean_weeks])
        path.append(recent_mean(past, config) if math.isnan(average) else average)
    return path


def factor(past: Sequence[float], phase: int, config: ForecastConfig) -> float:
    average = recent_mean(past, config)
    if not average > 0:
        return 1.0
    known = [value for value in same_weekday(past, phase)[: config.mean_weeks] if not math.isnan(value)]
    prior = config.weekday_prior_weeks
    return (sum(known) + prior * average) / ((len(known) + prior) * average)


def smoothing(past: Sequence[float], horizon: int, config: ForecastConfig, alpha: float) -> list[float]:
    level, seen = 0.0, 0
    for day, demand in enumerate(past):
        if math.isnan(demand):
            continue
        day_factor = factor(past[:day], 0, config)
        gain = min(max(alpha, 1 / (seen + 1)) * day_factor, 1.0)
        level += gain * (demand / day_factor - level)
        seen += 1
    return [level * factor(past, ahead % 7, config) for ahead in range(horizon)]
