"""What is known at each origin: discounted sums, patterns and levels, made for all origins in a few matrix products."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.discounted import discounted_sums, kernel, levels
from forecasting.calc.effects import CalendarEffects
from forecasting.calc.history import History
from forecasting.calc.weekdays import weekday_factors
from forecasting.calc.year import yearly_index

LEAST_VARIATION = 1e-3


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

    @property
    def phase(self) -> Ints:
        return np.arange(self.bases[0].pattern.shape[0]) % self.history.season


@dataclass(frozen=True)
class Sums:
    """The discounted sums at all origins: origins × kernels × m × S. The last two kernels weigh with age and age².

    ``units`` of demand, ``known`` of what was known by what a usual period sells: as the days of the month have it, in
    ``yearly`` as the year has it too.
    """

    units: Floats
    known: Floats
    yearly: Floats | None


class Views:
    """Makes the view from each origin. ``origins`` are ascending multiples of the season; the last is T."""

    def __init__(self, history: History, origins: Ints, ahead: int) -> None:
        self.history = history
        self.origins = origins
        self.ahead = ahead
        self.gains = SEASONAL_GAINS if history.season > 1 else PLAIN_GAINS
        self.moments = _moments(history, origins)
        self.effects = CalendarEffects.of(history, ahead)
        self.calendars = [
            None if self.effects is None else self.effects.at(origin, dispersion)
            for origin, dispersion in zip(origins.tolist(), self.moments[1], strict=True)
        ]
        self.index = _indices(history, origins, ahead, self.moments, self.effects)
        self.weights = self._weights()
        self.sums = self._sums()

    def _sums(self) -> Sums:
        history, season = self.history, self.history.season
        usual = self.weights
        if any(calendar is not None and calendar.month is not None for calendar in self.calendars):
            usual = (
                self.weights
                * np.stack([self._month(place)[: history.periods] for place in range(len(self.origins))])[:, None]
            )
        yearly = None if self.index is None else usual * _past_index(self.index, history.periods)[:, None, :]
        return Sums(
            units=discounted_sums(history.demand, self.weights, season),
            known=discounted_sums(history.known, usual, season),
            yearly=None if yearly is None else discounted_sums(history.known, yearly, season),
        )

    def _month(self, position: int) -> Floats:
        """What the days of the month make of each period (T + D); 1 where nothing is known."""
        calendar = self.calendars[position]
        if calendar is None or calendar.month is None:
            return np.ones(self.history.periods + self.ahead, np.float32)
        return calendar.month

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
        coming, shown = self.calendar_ahead(position), self._shown(position)
        bases = [self._basis(position, self.sums.known, None, shown, coming)]
        if self.index is not None and self.sums.yearly is not None:
            bases.append(self._basis(position, self.sums.yearly, self.index[position], shown, coming))
        return View(
            history, origin, self.gains, units[:count], units[count].sum(axis=0), tuple(bases), dispersion, mean
        )

    def calendar_ahead(self, position: int) -> Floats:
        """What effects and days of the month make of each coming period: D × 1 or D × S."""
        origin = int(self.origins[position])
        coming = self._month(position)[origin : origin + self.ahead, None]
        calendar = self.calendars[position]
        if self.effects is None or calendar is None or not self.history.effects:
            return coming
        return coming * self.effects.factors(calendar, np.arange(origin, origin + self.ahead))

    def given_ahead(self, position: int) -> Floats | None:
        """The given multiples of each coming period (D × S); None where nothing was given."""
        origin = int(self.origins[position])
        return None if self.history.given is None else self.history.given[origin : origin + self.ahead]

    def _shown(self, position: int) -> tuple[Ints, Floats] | None:
        """The known periods on which something was on, and how much more than usual they show (n × S): factor - 1."""
        calendar = self.calendars[position]
        if self.effects is None or calendar is None:
            return None
        days = self.effects.days_on(int(self.origins[position]))
        return (days, (self.effects.factors(calendar, days) - 1) * self.history.known[days]) if days.size else None

    def _basis(
        self, position: int, known: Floats, index: Floats | None, shown: tuple[Ints, Floats] | None, coming: Floats
    ) -> Basis:
        count, season, origin = len(self.gains.all), self.history.season, int(self.origins[position])
        exposure = known[position]
        past = None if index is None else np.where(np.isfinite(index[:origin]), index[:origin], 1.0)
        calendar = self.calendars[position]
        if calendar is not None and calendar.month is not None:
            past = calendar.month[:origin] * (1.0 if past is None else past)
        if shown is not None:
            exposure = exposure + self._more(position, *shown, past)
        units = self.sums.units[position]
        slow = self.gains.pattern
        weekday = weekday_factors(units[slow], exposure[slow], self.moments[1][position])
        weighted = (exposure * weekday).sum(axis=1)
        ahead = coming if index is None else coming * index[origin : origin + self.ahead, None].astype(np.float32)
        phase = np.arange(self.ahead) % season
        return Basis(
            exposure=exposure[:count],
            weekday=weekday,
            level=levels(units[:count].sum(axis=1), weighted[:count]),
            pattern=weekday[phase] * ahead,
            ahead=ahead,
            ages=weighted[count:],
            past=None if past is None else past.astype(np.float32),
        )

    def _more(self, position: int, days: Ints, more: Floats, past: Floats | None) -> Floats:
        """What the effects of the past add to the exposure: kernels × m × S."""
        season = self.history.season
        weights = self.weights[position][:, days]
        if past is not None:
            weights = weights * past[days].astype(np.float32)
        own = [days % season == day for day in range(season)]
        return np.stack([weights[:, at] @ more[at] for at in own], axis=1)


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


def _indices(
    history: History, origins: Ints, ahead: int, moments: tuple[Floats, Floats], effects: CalendarEffects | None
) -> Floats | None:
    """The index of the year as seen from each origin (origins × (T + D)); None unless every origin has one.

    Days on which something was on have factors of their own and do not shape it, unless they are half of all.
    """
    if not history.year or origins[0] < history.year:
        return None
    demand, known = history.demand, history.known
    if effects is not None and history.effects and effects.plain.sum() > history.known.sum() / 2:
        demand, known = effects.plain_units, effects.plain
    units = demand.sum(axis=1, dtype=np.float64)
    expected = known @ moments[0].T
    indices = np.full((len(origins), history.periods + ahead), np.nan)
    for position, origin in enumerate(origins.tolist()):
        index = yearly_index(units, expected[:, position], origin, ahead, history.year)
        if np.isnan(index[origin:]).any():
            return None
        indices[position, : origin + ahead] = index
    return indices


def _past_index(indices: Floats, periods: int) -> Floats:
    return np.where(np.isfinite(indices[:, :periods]), indices[:, :periods], 1.0).astype(np.float32)
