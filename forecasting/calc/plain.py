"""The plain models, and last year's path: what was sold at certain past periods, hardly touched."""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.history import History
from forecasting.calc.view import View

MEAN_SEASONS = 8
YEAR_WINDOW_SHARE = 56 / 364  # how much of this year is set against the same of last year
NEIGHBOURS_SHARE = 7 / 364


class PlainMemory:
    """Running sums and last known values of a history, from which the plain models read at any origin."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.season = history.season
        zero = np.zeros((1, history.series))
        self.units = np.concatenate([zero, np.cumsum(history.demand, axis=0, dtype=np.float64)])
        self.count = np.concatenate([zero.astype(np.float32), np.cumsum(history.known, axis=0, dtype=np.float32)])
        self.every_year = self._year_is_the_season()

    def _year_is_the_season(self) -> bool:
        return self.season == 1 and self.history.year > 1

    def naive(self, view: View) -> Floats:
        """The last known value, on every period ahead; 0 where nothing is known."""
        last = self._last_known(view.origin, 1)[0]
        return np.broadcast_to(last, (len(view.phase), len(last)))

    def seasonal_naive(self, view: View) -> Floats:
        """The last known value of the same weekday. Without a short season: of the same period last year, else naive."""
        if not self.every_year:
            return self._last_known(view.origin, self.season)[view.phase]
        year, origin = self.history.year, view.origin
        place = origin + np.arange(len(view.phase)) % year - year
        inside = np.maximum(place, 0)
        known = (place >= 0)[:, None] & (self.history.known[inside] > 0)
        return np.where(known, self.history.demand[inside], self.naive(view))

    def weekday_mean(self, view: View) -> Floats:
        """Mean of the known values of the weekday in the last eight weeks; the level where there are none."""
        start = max(view.origin - MEAN_SEASONS * self.season, 0)
        window = slice(start, view.origin)
        shape = ((view.origin - start) // self.season, self.season, self.history.series)
        count = self.history.known[window].reshape(shape).sum(axis=0)
        total = self.history.demand[window].reshape(shape).sum(axis=0)
        basis = view.bases[0]
        fallback = basis.level[-1] * basis.weekday
        mean = np.where(count > 0, total / np.maximum(count, 1), fallback)
        path: Floats = mean[view.phase].astype(np.float32)
        return path

    def last_year(self, view: View, prior_units: float) -> Floats:
        """Last year around the same period, times how the last weeks compare with the same weeks a year ago.

        The ratio is drawn towards the panel's by ``prior_units`` × dispersion.
        """
        year, origin = self.history.year, view.origin
        window, near = max(round(year * YEAR_WINDOW_SHARE), 2), max(round(year * NEIGHBOURS_SHARE), 1)
        now = self._rate(np.array([origin - window]), np.array([origin]))[0] * window
        then = self._rate(np.array([max(origin - window - year, 0)]), np.array([origin - year]))[0] * window
        panel = now.sum() / max(then.sum(), 1e-9)
        prior = prior_units * view.dispersion
        ratio = (now + prior * panel) / (then + prior)
        same = origin + np.arange(len(view.phase)) % year - year
        around = self._rate(np.maximum(same - near, 0), np.minimum(same + near + 1, origin))
        path: Floats = (around * ratio * view.bases[0].pattern).astype(np.float32)
        return path

    def _rate(self, start: Ints, end: Ints) -> Floats:
        """Mean of the known demand in start … end - 1, one row per pair."""
        count = self.count[end] - self.count[start]
        rate: Floats = (self.units[end] - self.units[start]) / np.maximum(count, 1)
        return rate

    def _last_known(self, origin: int, season: int) -> Floats:
        """The last known value of each weekday before the origin (season × S); the mean where none is known."""
        last = self.history.demand[origin - season : origin].copy()
        rows = np.flatnonzero((self.history.known[origin - season : origin] == 0).any(axis=0))
        if rows.size:  # few: most series are known in their last week
            last[:, rows] = self._last_known_of(rows, origin, season)
        return last

    def _last_known_of(self, rows: Ints, origin: int, season: int) -> Floats:
        shape = (origin // season, season, len(rows))
        known = self.history.known[:origin, rows].reshape(shape) > 0
        back = len(known) - 1 - known[::-1].argmax(axis=0)
        value = np.take_along_axis(self.history.demand[:origin, rows].reshape(shape), back[None], axis=0)[0]
        total, count = self.units[origin, rows], self.count[origin, rows]
        mean = (total / np.maximum(count, 1)).astype(np.float32)
        last: Floats = np.where(known.any(axis=0), value, mean)
        return last
