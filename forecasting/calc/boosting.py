"""Global gradient boosting: one model of trees for all series, direct over the horizon.

Every training row is one pair (origin, target period) of one series: what was known at the origin, and the demand of
the target as a multiple of the series' level at the origin. Nothing from the origin on enters a row but what is known
ahead (calendar, planned price and promotion), so a forecast from a past origin is what it would have been then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

YEAR_WEEKS = 52
WINDOW_WEEKS = (1, 2, 4, 8, 13, 26, 52)
# The level that a series' demand is divided by: half its last four weeks, half its last thirteen.
LEVEL_WEEKS = (4, 13)


class BoostingMissingError(ImportError):
    """The library of the boosting tier is not installed."""


class Regressor(Protocol):
    """What both scikit-learn and LightGBM give: trees that take NaN as a value of its own."""

    def fit(self, X: Rows, y: Floats, sample_weight: Floats) -> Regressor: ...
    def predict(self, X: Rows) -> Floats: ...


@dataclass(frozen=True)
class BoostingConfig:
    """Size of the training sample and of the trees. ``rows_per_series`` bounds the cost, ``most_rows`` the memory."""

    rows_per_series: int = 300
    most_rows: int = 300_000
    fewest_rows: int = 500
    rounds: int = 150
    learning_rate: float = 0.06
    leaves: int = 31
    least_rows_in_leaf: int = 60
    seed: int = 3
    training_weeks: int = 104
    weight_power: float = 1.0


@dataclass(frozen=True)
class History:
    """Demand of S series over T periods (NaN: unknown) and what is known of periods past T.

    ``first_day`` is the number of days of period 0 since 1970-01-01, ``period_days`` 1 or 7, ``season`` the periods of
    one season. ``price`` and ``promotion`` are S × (T + known ahead) or None; NaN where not known.
    """

    demand: Floats
    first_day: int
    period_days: int
    season: int
    price: Floats | None = None
    promotion: Floats | None = None


class DirectFeatures:
    """Turns (series, origin, target) triples into rows of numbers for the trees. Sums are kept once, cumulated."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.week = max(7 // history.period_days, 1)
        demand = history.demand
        known = np.isfinite(demand)
        filled = np.where(known, demand, 0.0)
        self.filled = filled
        self.known = known
        self.sums = _cumulated(filled)
        self.squares = _cumulated(filled**2)
        self.counts = _cumulated(known)
        self.sold = _cumulated(filled > 0)
        period = np.arange(demand.shape[1])
        last = np.maximum.accumulate(np.where(filled > 0, period, -1), axis=1)
        self.last_sale = np.concatenate([np.full((len(demand), 1), -1), last], axis=1)
        self.first_known = np.where(known.any(axis=1), known.argmax(axis=1), demand.shape[1])
        self.panel_sums = self.sums.sum(axis=0)

    def level(self, series: Ints, origin: Ints) -> Floats:
        """Units per period at the origin; at least a twentieth unit, so that a sleeping series can be divided by it."""
        means = np.stack([self._mean(series, origin - weeks * self.week, origin) for weeks in LEVEL_WEEKS])
        known = np.isfinite(means)
        level = np.where(known, means, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        floored: Floats = np.maximum(level, 0.05)
        return floored

    def rows(self, series: Ints, origin: Ints, target: Ints, level: Floats) -> Rows:
        columns = [
            *self._level_columns(series, origin, level),
            *self._calendar_columns(origin, target),
            *self._season_columns(series, origin, target, level),
            *self._year_columns(series, origin, target, level),
            *self._plan_columns(series, origin, target),
        ]
        return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)

    def _level_columns(self, series: Ints, origin: Ints, level: Floats) -> list[npt.NDArray[np.generic]]:
        means = [self._mean(series, origin - weeks * self.week, origin) / level for weeks in WINDOW_WEEKS]
        start = np.maximum(origin - 13 * self.week, 0)
        count = np.maximum(self.counts[series, origin] - self.counts[series, start], 1)
        square = (self.squares[series, origin] - self.squares[series, start]) / count
        mean = (self.sums[series, origin] - self.sums[series, start]) / count
        return [
            *means,
            np.log(level),
            (self.sold[series, origin] - self.sold[series, start]) / count,
            np.sqrt(np.maximum(square - mean**2, 0)) / level,
            np.minimum(origin - self.last_sale[series, origin], YEAR_WEEKS * self.week),
            np.minimum(origin - self.first_known[series], 2 * YEAR_WEEKS * self.week),
        ]

    def _calendar_columns(self, origin: Ints, target: Ints) -> list[npt.NDArray[np.generic]]:
        day = (self.history.first_day + target * self.history.period_days).astype("datetime64[D]")
        month = day.astype("datetime64[M]")
        return [
            target - origin,
            (day.astype(np.int64) + 3) % 7,
            (day - month).astype(np.int64),
            (day - day.astype("datetime64[Y]")).astype(np.int64),
        ]

    def _season_columns(
        self, series: Ints, origin: Ints, target: Ints, level: Floats
    ) -> list[npt.NDArray[np.generic]]:
        """Demand at the target's place in the season: the last four times before the origin, and their mean of eight."""
        season = self.history.season
        newest = target - season * ((target - origin) // season + 1)
        lags = np.stack([self._at(series, newest - season * back) for back in range(8)])
        known = np.isfinite(lags)
        total = np.where(known, lags, 0.0).sum(axis=0)
        mean = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
        return [*(lags[:4] / level), mean / level]

    def _year_columns(self, series: Ints, origin: Ints, target: Ints, level: Floats) -> list[npt.NDArray[np.generic]]:
        """A year before the target, a week wide, against the level then: of the series, and of the panel as a whole."""
        year, half = YEAR_WEEKS * self.week, self.week // 2
        columns: list[npt.NDArray[np.generic]] = []
        for back in (year, 2 * year):
            around = self._mean(series, target - back - half, target - back + half + 1, inside=True, before=origin)
            columns.append(around / level)
        month = 4 * self.week
        before = self._mean(series, origin - year - month, origin - year, inside=True, before=origin)
        around = self._mean(series, target - year - half, target - year + half + 1, inside=True, before=origin)
        columns.append(np.where(before > 0, around / np.where(before > 0, before, 1.0), np.nan))
        columns.append(self._panel_ratio(origin, target, year, half, month))
        return columns

    def _panel_ratio(self, origin: Ints, target: Ints, year: int, half: int, month: int) -> Floats:
        first, last = target - year - half, target - year + half + 1
        usable = (origin - year - month >= 0) & (last <= origin)
        around = self._panel_mean(np.where(usable, first, 0), np.where(usable, last, 1))
        before = self._panel_mean(np.where(usable, origin - year - month, 0), np.where(usable, origin - year, 1))
        return np.where(usable & (before > 0), around / np.where(before > 0, before, 1.0), np.nan)

    def _panel_mean(self, first: Ints, last: Ints) -> Floats:
        mean: Floats = (self.panel_sums[last] - self.panel_sums[first]) / (last - first)
        return mean

    def _plan_columns(self, series: Ints, origin: Ints, target: Ints) -> list[npt.NDArray[np.generic]]:
        """Price against its mean of the last eight weeks, promotion, and the share of promoted periods lately."""
        columns: list[npt.NDArray[np.generic]] = []
        start = np.maximum(origin - 8 * self.week, 0)
        for plan, is_price in ((self.history.price, True), (self.history.promotion, False)):
            if plan is None:
                continue
            known = np.isfinite(plan)
            sums, counts = _cumulated(np.where(known, plan, 0.0)), _cumulated(known)
            count = counts[series, origin] - counts[series, start]
            usual = np.where(count > 0, (sums[series, origin] - sums[series, start]) / np.maximum(count, 1), np.nan)
            reach = np.minimum(target, plan.shape[1] - 1)
            planned = np.where(target < plan.shape[1], plan[series, reach], np.nan)
            columns += [planned / np.where(usual > 0, usual, np.nan)] if is_price else [planned, usual]
        return columns

    def _at(self, series: Ints, period: Ints) -> Floats:
        inside = period >= 0
        place = np.where(inside, period, 0)
        return np.where(inside & self.known[series, place], self.filled[series, place], np.nan)

    def _mean(
        self, series: Ints, first: Ints, last: Ints, *, inside: bool = False, before: Ints | None = None
    ) -> Floats:
        """Mean of the known demand of periods first … last - 1; NaN where none is known.

        ``inside`` wants the whole window within the history, ``before`` wants it over by that origin.
        """
        start = np.maximum(first, 0)
        usable = (first >= 0) if inside else np.ones(len(first), dtype=bool)
        if before is not None:
            usable &= last <= before
        start, stop = np.where(usable, start, 0), np.where(usable, last, 0)
        count = self.counts[series, stop] - self.counts[series, start]
        total = self.sums[series, stop] - self.sums[series, start]
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _cumulated(values: npt.NDArray[np.generic]) -> Floats:
    """Sums of the first 0, 1, … T columns, so that a window's sum is one subtraction."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
