"""What is known at each origin: discounted sums, patterns and levels, made for all origins in a few matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.discounted import discounted_sums, kernel, levels
from forecasting.calc.history import History
from forecasting.calc.weekdays import weekday_factors
from forecasting.calc.year import yearly_index

LEAST_VARIATION = 1e-3
PROMOTION_PRIOR_UNITS = 30.0
UPLIFT_LIMITS = (0.5, 8.0)


@dataclass(frozen=True)
class Gains:
    """Smoothing gains per period, slowest first; ``pattern``: which serves the weekdays and the line; trends' damping."""

    all: tuple[float, ...]
    pattern: int
    damping: float

    @property
    def decays(self) -> Floats:
        return 1.0 - np.array(self.all)

    def age(self, position: int) -> float:
        """About the mean age of what the level remembers, in periods."""
        return 1.0 / self.all[position]


SEASONAL_GAINS = Gains((0.002, 0.0043, 0.01, 0.03, 0.08, 0.2), pattern=1, damping=0.98)
PLAIN_GAINS = Gains((0.01, 0.03, 0.05, 0.12, 0.25, 0.5), pattern=1, damping=0.9)
FIRST_LEVEL = 2  # the slower ones serve patterns


@dataclass(frozen=True)
class Basis:
    """One way to see the demand: as it is, or divided by the index of the year. L gains, m weekdays, S series.

    ``pattern`` is D × S: what a level of 1 becomes on each period ahead. ``exposure`` is L × m × S, ``level`` L × S,
    ``weekday`` m × S. ``ages`` holds Σ λ age f and Σ λ age² f (2 × S) for the line, ``past`` the index of the known periods.
    """

    exposure: Floats
    weekday: Floats
    level: Floats
    pattern: Floats
    ahead: Floats
    ages: Floats
    past: Floats | None


@dataclass(frozen=True)
class View:
    """All that a candidate may look at from one origin. ``units`` L × m × S; ``aged_units`` Σ λ age y (S)."""

    history: History
    origin: int
    gains: Gains
    units: Floats
    aged_units: Floats
    bases: tuple[Basis, ...]
    dispersion: Floats
    mean: Floats
    uplift: Floats

    @property
    def phase(self) -> Ints:
        return np.arange(self.bases[0].pattern.shape[0]) % self.history.season


@dataclass(frozen=True)
class Sums:
    """The discounted sums at all origins: origins × kernels × m × S. The last two kernels weigh with age and age²."""

    units: Floats
    known: Floats
    yearly: Floats | None
    promoted_units: Floats | None
    promoted: Floats | None
    promoted_yearly: Floats | None


class Views:
    """Makes the view from each origin. ``origins`` are ascending multiples of the season; the last is T."""

    def __init__(self, history: History, origins: Ints, ahead: int) -> None:
        self.history = history
        self.origins = origins
        self.ahead = ahead
        self.gains = SEASONAL_GAINS if history.season > 1 else PLAIN_GAINS
        self.moments = _moments(history, origins)
        self.index = _indices(history, origins, ahead, self.moments)
        self.sums = self._sums()

    def _sums(self) -> Sums:
        history, season = self.history, self.history.season
        weights = self._weights()
        yearly = None if self.index is None else weights * _past_index(self.index, history.periods)[:, None, :]
        promotion = history.promotion
        sold = known = None
        if promotion is not None:
            sold, known = history.demand * promotion[: history.periods], history.known * promotion[: history.periods]
        return Sums(
            units=discounted_sums(history.demand, weights, season),
            known=discounted_sums(history.known, weights, season),
            yearly=None if yearly is None else discounted_sums(history.known, yearly, season),
            promoted_units=None if sold is None else discounted_sums(sold, weights, season),
            promoted=None if known is None else discounted_sums(known, weights, season),
            promoted_yearly=None if known is None or yearly is None else discounted_sums(known, yearly, season),
        )

    def _weights(self) -> Floats:
        weights = kernel(self.history.periods, self.origins, self.gains.decays)
        age = np.maximum(self.origins[:, None] - 1 - np.arange(self.history.periods), 0).astype(np.float32)
        slow = weights[:, self.gains.pattern]
        return np.concatenate([weights, (slow * age)[:, None], (slow * age * age)[:, None]], axis=1)

    def at(self, position: int) -> View:
        """The view from ``origins[position]``."""
        history, origin, count = self.history, int(self.origins[position]), len(self.gains.all)
        mean, dispersion = (part[position] for part in self.moments)
        units = self.sums.units[position]
        uplift = self._uplift(position, units)
        bases = [self._basis(position, self.sums.known, self.sums.promoted, None, uplift, dispersion)]
        if self.index is not None and self.sums.yearly is not None:
            index = self.index[position]
            bases.append(self._basis(position, self.sums.yearly, self.sums.promoted_yearly, index, uplift, dispersion))
        return View(
            history, origin, self.gains, units[:count], units[count].sum(axis=0), tuple(bases), dispersion, mean, uplift
        )

    def _basis(
        self,
        position: int,
        known: Floats,
        promoted: Floats | None,
        index: Floats | None,
        uplift: Floats,
        dispersion: Floats,
    ) -> Basis:
        count, season, origin = len(self.gains.all), self.history.season, int(self.origins[position])
        exposure = known[position]
        if promoted is not None:
            exposure = exposure + (uplift - 1) * promoted[position]
        units = self.sums.units[position]
        slow = self.gains.pattern
        weekday = weekday_factors(units[slow], exposure[slow], dispersion)
        weighted = (exposure * weekday).sum(axis=1)
        ahead = self._ahead(origin, index, uplift)
        phase = np.arange(self.ahead) % season
        return Basis(
            exposure=exposure[:count],
            weekday=weekday,
            level=levels(units[:count].sum(axis=1), weighted[:count]),
            pattern=weekday[phase] * ahead,
            ahead=ahead,
            ages=weighted[count:],
            past=None
            if index is None
            else np.where(np.isfinite(index[:origin]), index[:origin], 1.0).astype(np.float32),
        )

    def _ahead(self, origin: int, index: Floats | None, uplift: Floats) -> Floats:
        """What the year and the promotions known ahead make of each coming period: D × 1 or D × S."""
        yearly = np.ones((self.ahead, 1), np.float32)
        if index is not None:
            yearly = index[origin : origin + self.ahead, None].astype(np.float32)
        if self.history.promotion is None:
            return yearly
        return yearly * (1 + (uplift - 1) * self.history.promotion[origin : origin + self.ahead])

    def _uplift(self, position: int, units: Floats) -> Floats:
        """Demand of a promoted period over that of a plain one, per series, drawn towards the panel's. 1 for none.

        Both from what was known at the origin: (promoted units + c u) / (expected without promotion + c), c = 30 × dispersion.
        """
        if self.sums.promoted is None or self.sums.promoted_units is None:
            return np.ones(self.history.series, np.float32)
        slow = self.gains.pattern
        sold, shown = self.sums.promoted_units[position][slow], self.sums.promoted[position][slow]
        plain_units, plain = units[slow] - sold, self.sums.known[position][slow] - shown
        weekday = weekday_factors(plain_units, plain, self.moments[1][position])
        level = plain_units.sum(axis=0) / np.maximum((plain * weekday).sum(axis=0), 1e-6)
        expected = level * (shown * weekday).sum(axis=0)
        total = float(expected.sum())
        pooled = float(sold.sum()) / total if total > 0 else 1.0
        prior = PROMOTION_PRIOR_UNITS * self.moments[1][position]
        uplift = (sold.sum(axis=0) + prior * pooled) / (expected + prior)
        clipped: Floats = np.clip(uplift, *UPLIFT_LIMITS).astype(np.float32)
        return clipped


def _moments(history: History, origins: Ints) -> tuple[Floats, Floats]:
    """Mean, and variance over mean, of the known demand before each origin: origins × S."""
    count = _running(history.known, origins)
    total = _running(history.demand, origins)
    squares = _running(history.demand * history.demand, origins)
    mean = total / np.maximum(count, 1)
    variance = np.maximum(squares / np.maximum(count, 1) - mean * mean, 0)
    # Counts vary at least as Poisson's; measured amounts may vary less, and are the same in any unit.
    least = np.where(history.whole, 1.0, LEAST_VARIATION * mean)
    dispersion = np.maximum(variance / np.where(mean > 0, mean, 1.0), np.where(mean > 0, least, 1.0))
    return mean.astype(np.float32), dispersion.astype(np.float32)


def _running(values: Floats, origins: Ints) -> Floats:
    parts = np.concatenate([[0], origins])
    steps = [values[start:end].sum(axis=0, dtype=np.float64) for start, end in pairwise(parts)]
    return np.cumsum(steps, axis=0)


def _indices(history: History, origins: Ints, ahead: int, moments: tuple[Floats, Floats]) -> Floats | None:
    """The index of the year as seen from each origin (origins × (T + D)); None unless every origin has one."""
    if not history.year or origins[0] < history.year:
        return None
    units = history.demand.sum(axis=1, dtype=np.float64)
    expected = history.known @ moments[0].T
    indices = np.full((len(origins), history.periods + ahead), np.nan)
    for position, origin in enumerate(origins.tolist()):
        index = yearly_index(units, expected[:, position], origin, ahead, history.year)
        if np.isnan(index[origin:]).any():
            return None
        indices[position, : origin + ahead] = index
    return indices


def _past_index(indices: Floats, periods: int) -> Floats:
    return np.where(np.isfinite(indices[:, :periods]), indices[:, :periods], 1.0).astype(np.float32)
