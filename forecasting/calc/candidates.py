"""The candidate paths from one origin: every model of the statistical tier, for all series at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Floats
from forecasting.calc.autoregression import autoregressive_paths
from forecasting.calc.config import (
    ARIMA,
    DAMPED_TREND,
    EXPONENTIAL_SMOOTHING,
    INTERMITTENT,
    LINEAR,
    NAIVE,
    SEASONAL,
    SEASONAL_NAIVE,
    THETA,
    WEEKDAY_MEAN,
)
from forecasting.calc.intermittent import Occurrences, intermittent_rate
from forecasting.calc.plain import PlainMemory
from forecasting.calc.view import FIRST_LEVEL, Basis, View

WEEKDAY_PRIOR = 0.3  # observations that the level times the factor is worth against a weekday's own mean
LAST_YEAR_PRIOR_UNITS = 30.0


@dataclass(frozen=True)
class Candidate:
    """A path of D × S units, never negative, and the model that it belongs to."""

    name: str
    model: str
    path: Floats


def candidates(view: View, plain: PlainMemory, occurrences: Occurrences) -> Iterator[Candidate]:
    """All candidates from one origin, always the same ones in the same order."""
    yield Candidate("naive", NAIVE, plain.naive(view))
    yield Candidate("seasonal_naive", SEASONAL_NAIVE, plain.seasonal_naive(view))
    yield Candidate("weekday_mean", WEEKDAY_MEAN, plain.weekday_mean(view))
    yield from _smoothed(view, view.bases[0], EXPONENTIAL_SMOOTHING, "")
    if len(view.bases) > 1:
        yield from _smoothed(view, view.bases[1], SEASONAL, "_year")
        yield Candidate("last_year", SEASONAL, plain.last_year(view, LAST_YEAR_PRIOR_UNITS))
    last = view.bases[-1]
    slope, level = trend_line(view, last)
    yield Candidate("linear", LINEAR, _steps(level, slope, last))
    yield Candidate("theta", THETA, _steps(last.level[-2], slope / 2, last))
    yield Candidate("ar", ARIMA, autoregressive_paths(view, last))
    yield Candidate("intermittent", INTERMITTENT, intermittent_rate(view, occurrences) * last.pattern)


def _smoothed(view: View, basis: Basis, model: str, suffix: str) -> Iterator[Candidate]:
    """The exponential smoothing family on one basis: levels of several gains, weekdays by themselves, trends."""
    for position in range(FIRST_LEVEL, len(view.gains.all)):
        yield Candidate(f"ses_{view.gains.all[position]}{suffix}", model, basis.level[position] * basis.pattern)
    if view.history.season > 1:
        for position in (-2, -1):
            name = f"weekday_ses_{view.gains.all[position]}{suffix}"
            yield Candidate(name, SEASONAL, _weekday_levels(view, basis, position))
    yield Candidate(f"damped_trend{suffix}", DAMPED_TREND, _damped_trend(view, basis))
    yield Candidate(f"panel_growth{suffix}", DAMPED_TREND, _panel_growth(view, basis))


def _weekday_levels(view: View, basis: Basis, position: int) -> Floats:
    """Exponential smoothing of each weekday by itself: ETS(A,N,A)'s season as levels that move on their own."""
    prior = basis.level[position] * basis.weekday
    own = (view.units[position] + WEEKDAY_PRIOR * prior) / (basis.exposure[position] + WEEKDAY_PRIOR)
    path: Floats = own[view.phase] * basis.ahead
    return path


def _faded(view: View) -> Floats:
    """Σ φ^i for i = 1 … h: what a slope of 1 has come to h periods ahead (D × 1)."""
    steps = view.gains.damping ** np.arange(1, len(view.phase) + 1)
    return np.cumsum(steps).astype(np.float32)[:, None]


def _damped_trend(view: View, basis: Basis) -> Floats:
    """Brown's double smoothing, damped: the slope is the difference of two levels over that of their mean ages."""
    slow, fast = FIRST_LEVEL + 1, FIRST_LEVEL + 2
    slope = (basis.level[fast] - basis.level[slow]) / (view.gains.age(slow) - view.gains.age(fast))
    ahead = _faded(view) + np.float32(view.gains.age(fast) / 2)
    path: Floats = np.maximum(basis.level[fast] + slope * ahead, 0) * basis.pattern
    return path


def _panel_growth(view: View, basis: Basis) -> Floats:
    """The slow level, growing or shrinking as the whole panel does now, damped; at most e times either way."""
    slow, fast = FIRST_LEVEL + 1, FIRST_LEVEL + 2
    before, now = float(basis.level[slow].sum()), float(basis.level[fast].sum())
    growth = np.ones(1, np.float32)
    if before > 0 and now > 0:
        rate = np.log(now / before) / (view.gains.age(slow) - view.gains.age(fast))
        growth = np.exp(np.clip(rate * (_faded(view) + view.gains.age(slow)), -1, 1)).astype(np.float32)
    path: Floats = basis.level[slow] * growth * basis.pattern
    return path


def trend_line(view: View, basis: Basis) -> tuple[Floats, Floats]:
    """Slope per period, and value at the last known period, of the line that fits demand over pattern best.

    Discounted least squares with weight λ^age × f, so that demand, not demand over a small factor, counts:
    b = (S₀ T₁ - S₁ T₀) / (S₀ S₂ - S₁²) per period of age, with Sᵢ = Σ λ^age ageⁱ f and Tᵢ = Σ λ^age ageⁱ y.
    """
    place = view.gains.pattern
    count = (basis.exposure[place] * basis.weekday).sum(axis=0).astype(np.float64)
    ages, squares = basis.ages.astype(np.float64)
    units, aged = view.units[place].sum(axis=0).astype(np.float64), view.aged_units.astype(np.float64)
    spread = count * squares - ages * ages
    has_line = spread > 1e-3 * count * count
    per_age = np.where(has_line, (count * aged - ages * units) / np.where(has_line, spread, 1.0), 0.0)
    level = (units - per_age * ages) / np.maximum(count, 1e-9)
    return (-per_age).astype(np.float32), level.astype(np.float32)


def _steps(level: Floats, slope: Floats, basis: Basis) -> Floats:
    """level + slope × h, between nothing and twice the level: no line is drawn farther than it was seen."""
    ahead = np.arange(1, len(basis.pattern) + 1, dtype=np.float32)[:, None]
    path: Floats = np.clip(level + slope * ahead, 0, 2 * np.maximum(level, 0)) * basis.pattern
    return path
