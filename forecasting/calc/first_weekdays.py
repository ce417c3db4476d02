"""What each weekday was like up to each day, for all series at once and without a look ahead.

An *origin* o is the number of days that are known: day o is the first that is forecast. The *phase* of a day is its
distance from the origin modulo 7, so that the weekly pattern is counted from the end of the history and does not
shift with the history's length.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.first_config import ForecastConfig
from forecasting.calc.demand import Bools, Floats, Ints

WEEK = 7


@dataclass(frozen=True)
class WeekdayHistory:
    """Statistics of a demand array (series × days, days a multiple of 7).

    ``last_value`` and ``weekday_sum`` / ``weekday_count`` at day t are of t's weekday, up to and with t; ``recent``
    at origin o is the mean of the known days of the last weeks before o (series × (days + 1)), of all known days
    where those weeks are unknown, and 0 where nothing is known.
    """

    demand: Floats
    known: Bools
    last_value: Floats
    weekday_sum: Floats
    weekday_count: Floats
    recent: Floats

    @property
    def days(self) -> int:
        return int(self.demand.shape[1])


def weekday_history(demand: Floats, config: ForecastConfig) -> WeekdayHistory:
    """``demand`` is series × days with NaN where unknown; the front is filled up to whole weeks with NaN."""
    padded = _whole_weeks(demand)
    known = np.isfinite(padded)
    filled = np.where(known, padded, 0.0)
    return WeekdayHistory(
        demand=padded,
        known=known,
        last_value=_last_of_weekday(padded, known),
        weekday_sum=_sum_of_last_weeks(filled, config.mean_weeks),
        weekday_count=_sum_of_last_weeks(known.astype(np.float64), config.mean_weeks),
        recent=_recent_mean(filled, known, config.mean_weeks * WEEK),
    )


def at_phases(values: Floats, origins: Ints) -> Floats:
    """The latest value of each of the 7 phases at each origin: (series, days) to (series, origins, 7)."""
    latest = np.asarray(origins)[:, None] - WEEK + np.arange(WEEK)
    return values[:, latest]


def weekday_means(history: WeekdayHistory, origins: Ints) -> Floats:
    """Mean demand of each phase's weekday, the recent mean where the weekday is unknown."""
    total = at_phases(history.weekday_sum, origins)
    count = at_phases(history.weekday_count, origins)
    fallback = np.broadcast_to(history.recent[:, origins, None], total.shape)
    return np.where(count > 0, total / np.maximum(count, 1.0), fallback)


def weekday_factors(history: WeekdayHistory, origins: Ints, config: ForecastConfig) -> Floats:
    """Each phase's weekday over the recent mean, drawn towards 1 by ``weekday_prior_weeks`` average weeks.

    (sum + k m) / ((count + k) m) with m the recent mean and k the prior: between k / (weeks + k) and some 7. It is
    1 where nothing is known or nothing was sold.
    """
    mean = history.recent[:, origins, None]
    prior = config.weekday_prior_weeks
    total = at_phases(history.weekday_sum, origins) + prior * mean
    count = at_phases(history.weekday_count, origins) + prior
    return np.where(mean > 0, total / (count * np.where(mean > 0, mean, 1.0)), 1.0)


def _whole_weeks(demand: Floats) -> Floats:
    series, days = demand.shape
    missing = -days % WEEK + 2 * WEEK  # two weeks more: an origin with phases to look at, whatever the length
    return np.concatenate([np.full((series, missing), np.nan), demand], axis=1)


def _by_week(values: Floats) -> Floats:
    return values.reshape(values.shape[0], -1, WEEK)


def _last_of_weekday(demand: Floats, known: Bools) -> Floats:
    weeks = _by_week(demand)
    seen = known.reshape(weeks.shape)
    latest = np.maximum.accumulate(np.where(seen, np.arange(weeks.shape[1])[None, :, None], -1), axis=1)
    value = np.take_along_axis(weeks, np.maximum(latest, 0), axis=1)
    return np.where(latest >= 0, value, np.nan).reshape(demand.shape)


def _sum_of_last_weeks(values: Floats, weeks: int) -> Floats:
    sums = np.cumsum(_by_week(values), axis=1)
    sums[:, weeks:] -= sums[:, :-weeks].copy()
    return np.maximum(sums, 0.0).reshape(values.shape)  # a difference of large sums may fall a hair under 0


def _recent_mean(filled: Floats, known: Bools, days: int) -> Floats:
    total = _running_sum(filled)
    count = _running_sum(known.astype(np.float64))
    start = np.maximum(np.arange(total.shape[1]) - days, 0)
    recent_total, recent_count = np.maximum(total - total[:, start], 0.0), count - count[:, start]
    use_all = recent_count == 0
    return np.where(use_all, total, recent_total) / np.maximum(np.where(use_all, count, recent_count), 1.0)


def _running_sum(values: Floats) -> Floats:
    return np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)], axis=1)
