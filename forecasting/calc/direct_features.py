"""What trees see of a series at an origin: (series, origin, target) triples as rows of named numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from forecasting.calc.sales_history import History

Floats = npt.NDArray[np.floating[Any]]
Rows = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[np.generic]]

YEAR_WEEKS = 52
WINDOW_WEEKS = (1, 2, 4, 8, 13, 26, 52)
# The level that a series' demand is divided by: half its last four weeks, half its last thirteen.
LEVEL_WEEKS = (4, 13)
# From this age on a series is not new any more. A longer count would be a calendar by another name.
GROWN_WEEKS = 26
LEAST_LEVEL = 0.05
ON = ("holiday", "event", "event_uplift")


class OtherFeaturesError(ValueError):
    """A trained model and a panel do not go together: one knows what the other does not."""

    def __init__(self, trained: Sequence[str], known: Sequence[str]) -> None:
        lacks, new = (sorted(set(one) - set(other)) for one, other in ((trained, known), (known, trained)))
        told = [f"not known here: {', '.join(lacks)}"] if lacks else []
        told += [f"not known to it: {', '.join(new)}"] if new else []
        super().__init__(f"the model was trained on other columns ({'; '.join(told) or 'in another order'})")


class DirectFeatures:
    """Turns (series, origin, target) triples into rows of numbers for the trees. Sums are kept once, cumulated.

    ``panel_sums`` (T + 1, cumulated units of the whole panel) where these series are only a part of it.
    """

    def __init__(self, history: History, panel_sums: Floats | None = None) -> None:
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
        self.panel_sums = self.sums.sum(axis=0) if panel_sums is None else panel_sums
        known_beside = history.with_plans(history.plans, 0)
        self.plans = [_Plan.of(plan) for plan in (known_beside.price, known_beside.promotion, known_beside.in_stock)]
        self.on = {name: values for name in ON if (values := getattr(known_beside, name)) is not None}

    def level(self, series: Ints, origin: Ints) -> Floats:
        """Units per period at the origin; at least a twentieth unit, so that a sleeping series can be divided by it."""
        means = np.stack([self._mean(series, origin - weeks * self.week, origin) for weeks in LEVEL_WEEKS])
        known = np.isfinite(means)
        level = np.where(known, means, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        floored: Floats = np.maximum(level, LEAST_LEVEL)
        return floored

    def usual_sale(self, series: Ints, origin: Ints) -> Floats:
        """Mean units of the year's periods with sales; 1 where there were none. Of a slow mover it is far over the level."""
        start = np.maximum(origin - YEAR_WEEKS * self.week, 0)
        sales = self.sold[series, origin] - self.sold[series, start]
        units = self.sums[series, origin] - self.sums[series, start]
        return np.where(sales > 0, units / np.maximum(sales, 1), 1.0)

    def rows(self, series: Ints, origin: Ints, target: Ints, level: Floats, *, is_yearly: bool) -> Rows:
        columns = self.columns(series, origin, target, level, is_yearly=is_yearly).values()
        return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)

    def names(self, *, is_yearly: bool) -> list[str]:
        nothing = np.empty(0, dtype=np.int64)
        return list(self.columns(nothing, nothing, nothing, np.empty(0), is_yearly=is_yearly))

    def columns(self, series: Ints, origin: Ints, target: Ints, level: Floats, *, is_yearly: bool) -> Columns:
        """What one row says, by name: ages in periods, demand as multiples of ``level``. NaN: not known."""
        yearly: Columns = {}
        if is_yearly:
            yearly = {**self._year_columns(series, origin, target, level), "day_of_year": self._day_of_year(target)}
        return {
            **self._level_columns(series, origin, level),
            **self._calendar_columns(origin, target),
            **self._season_columns(series, origin, target, level),
            **yearly,
            **self._plan_columns(series, origin, target),
        }

    def _level_columns(self, series: Ints, origin: Ints, level: Floats) -> Columns:
        means = {
            f"mean_{weeks}_weeks": self._mean(series, origin - weeks * self.week, origin) / level
            for weeks in WINDOW_WEEKS
        }
        start = np.maximum(origin - 13 * self.week, 0)
        count = np.maximum(self.counts[series, origin] - self.counts[series, start], 1)
        square = (self.squares[series, origin] - self.squares[series, start]) / count
        mean = (self.sums[series, origin] - self.sums[series, start]) / count
        return {
            **means,
            "log_level": np.log(level),
            "share_of_periods_with_sales": (self.sold[series, origin] - self.sold[series, start]) / count,
            "deviation": np.sqrt(np.maximum(square - mean**2, 0)) / level,
            "periods_since_sale": np.minimum(origin - self.last_sale[series, origin], YEAR_WEEKS * self.week),
            "age": np.clip(origin - self.first_known[series], 0, GROWN_WEEKS * self.week),
        }

    def _calendar_columns(self, origin: Ints, target: Ints) -> Columns:
        day = (self.history.first_day + target * self.history.period_days).astype("datetime64[D]")
        month = day.astype("datetime64[M]")
        return {
            "periods_ahead": target - origin,
            "week_day": (day.astype(np.int64) + 3) % 7,
            "day_of_month": (day - month).astype(np.int64),
        }

    def _day_of_year(self, target: Ints) -> Ints:
        day = (self.history.first_day + target * self.history.period_days).astype("datetime64[D]")
        days: Ints = (day - day.astype("datetime64[Y]")).astype(np.int64)
        return days

    def _season_columns(self, series: Ints, origin: Ints, target: Ints, level: Floats) -> Columns:
        """Demand at the target's place in the season: the last four times before the origin, and their mean of eight."""
        season = self.history.season
        newest = target - season * ((target - origin) // season + 1)
        lags = np.stack([self._at(series, newest - season * back) for back in range(8)])
        known = np.isfinite(lags)
        total = np.where(known, lags, 0.0).sum(axis=0)
        mean = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
        newest_four: Columns = {f"season_lag_{back + 1}": lags[back] / level for back in range(4)}
        return {**newest_four, "season_mean": mean / level}

    def _year_columns(self, series: Ints, origin: Ints, target: Ints, level: Floats) -> Columns:
        """A year before the target, a week wide, against the level then: of the series, and of the panel as a whole."""
        year, half = YEAR_WEEKS * self.week, self.week // 2
        columns: Columns = {}
        for years in (1, 2):
            back = years * year
            around = self._mean(series, target - back - half, target - back + half + 1, inside=True, before=origin)
            columns[f"year_lag_{years}"] = around / level
        month = 4 * self.week
        before = self._mean(series, origin - year - month, origin - year, inside=True, before=origin)
        around = self._mean(series, target - year - half, target - year + half + 1, inside=True, before=origin)
        columns["year_ratio"] = np.where(before > 0, around / np.where(before > 0, before, 1.0), np.nan)
        columns["panel_year_ratio"] = self._panel_ratio(origin, target, year, half, month)
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

    def _plan_columns(self, series: Ints, origin: Ints, target: Ints) -> Columns:
        """Price against its mean of the last eight weeks, promotion and how usual it was, share in stock lately; holidays
        and events on the target.

        What is not known ahead is left out: trees that learned from it would miss it on the days that count.
        """
        price, promotion, in_stock = self.plans
        columns: Columns = {}
        start = np.maximum(origin - 8 * self.week, 0)
        if price is not None:
            usual = price.mean(series, start, origin)
            columns["price"] = price.at(series, target) / np.where(usual > 0, usual, np.nan)
        if promotion is not None:
            columns["promotion"] = promotion.at(series, target)
            columns["promotion_usual"] = promotion.mean(series, start, origin)
        if in_stock is not None:
            columns["share_in_stock"] = in_stock.mean(series, start, origin)
        for name, values in self.on.items():
            columns[name] = _at(values, series, target)
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


@dataclass(frozen=True)
class _Plan:
    """What is known beside demand, perhaps past its end; sums kept cumulated."""

    values: Floats
    sums: Floats
    counts: Floats

    @classmethod
    def of(cls, values: Floats | None) -> _Plan | None:
        if values is None:
            return None
        known = np.isfinite(values)
        return cls(values, _cumulated(np.where(known, values, 0.0)), _cumulated(known))

    def at(self, series: Ints, period: Ints) -> Floats:
        return _at(self.values, series, period)

    def mean(self, series: Ints, first: Ints, last: Ints) -> Floats:
        count = self.counts[series, last] - self.counts[series, first]
        total = self.sums[series, last] - self.sums[series, first]
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _at(values: Floats, series: Ints, period: Ints) -> Floats:
    """NaN past the end."""
    width = values.shape[1]
    return np.where(period < width, values[series, np.minimum(period, width - 1)], np.nan)


def _cumulated(values: npt.NDArray[np.generic]) -> Floats:
    """Sums of the first 0, 1, … T columns, so that a window's sum is one subtraction."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums
