"""Demand summed over any length of time, as a joint distribution, from the quantiles of the sums that a forecast gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from insights.calc.replenishment.arrays import Bools, Floats
from insights.calc.replenishment.points import even_points, normal_scores

VARIANCE_POINTS = 64
LEAST_VARIANCE = 1e-9
TAIL = 5.0


@dataclass(frozen=True)
class DemandSums:
    """What a forecast says of N rows: demand summed over K lengths, each with Q quantiles. Units and periods.

    - ``periods`` N × K: the lengths, rising; a period is a day or a week.
    - ``levels`` (Q): rising, between 0 and 1.
    - ``quantiles`` N × K × Q: of the sums, not of single periods; ``mean`` N × K.
    - ``whole`` (N): demand comes in whole units.

    Between and beyond the lengths the mean is a line, the variance a n + b n² (b: periods go wrong together) and the shape
    is blended. Between two levels a quantile is a line in the normal score; beyond the highest an exponential tail goes on.
    """

    periods: Floats
    levels: Floats
    quantiles: Floats
    mean: Floats
    whole: Bools

    def __post_init__(self) -> None:
        rows, lengths = self.periods.shape
        if self.quantiles.shape != (rows, lengths, len(self.levels)) or self.mean.shape != (rows, lengths):
            raise ValueError("quantiles must be rows × lengths × levels, and the mean rows × lengths")
        if len(self.levels) < 2 or (np.diff(self.levels) <= 0).any() or not 0 < self.levels[0] < self.levels[-1] < 1:
            raise ValueError("at least two levels, rising, between 0 and 1")
        if (np.diff(self.periods, axis=1) <= 0).any() or (self.periods <= 0).any():
            raise ValueError("lengths must be above 0 and rise")


@dataclass(frozen=True)
class Variation:
    """Variance of the sum over n periods = ``own`` n + ``common`` n² (N each): how much periods go wrong together."""

    own: Floats
    common: Floats

    def sd(self, periods: Floats) -> Floats:
        """Deviation of sums over ``periods`` (N × …)."""
        shape = (-1, *(1,) * (periods.ndim - 1))
        variance = self.own.reshape(shape) * periods + self.common.reshape(shape) * periods**2
        deviation: Floats = np.sqrt(variance)
        return deviation


def variation(sums: DemandSums) -> Variation:
    """From the variances of the shortest and the longest sum. One length alone: periods are taken as independent.

    Worked: variance 4 over 1 period and 24 over 3: b = (8 - 4) / 2 = 2, a = 2.
    """
    points = normal_scores((np.arange(VARIANCE_POINTS) + 0.5) / VARIANCE_POINTS)
    first, last = (_variance(sums, place, points) for place in (0, -1))
    short, long = sums.periods[:, 0], sums.periods[:, -1]
    per_short, per_long = first / short, last / long
    apart = np.where(long > short, long - short, 1.0)
    common = np.clip((per_long - per_short) / apart, 0.0, 0.99 * per_long / long)
    return Variation(np.maximum(per_long - common * long, LEAST_VARIANCE), common)


def _variance(sums: DemandSums, place: int, scores: Floats) -> Floats:
    values = _at_scores(sums.quantiles[:, place], sums.levels, np.broadcast_to(scores, (len(sums.mean), len(scores))))
    variance: Floats = np.maximum(values.var(axis=1), LEAST_VARIANCE)
    return variance


def cumulative_demand(sums: DemandSums, times: Floats, points: Floats, *, main: int = -1) -> Floats:
    """Demand from now until each of T ``times`` (N × T × D or N × T × 1, rising along T), along D paths: N × T × D.

    ``points`` (D × T) are scores of the standard normal distribution; the first column drives the time ``main``, which so has
    exactly the forecast's own quantiles. The deviations of the sums are normal with covariance a m + b m n (m < n): earlier
    sums follow from a later one by a Brownian bridge (given that of n periods, m / n of it with variance a m (1 - m / n),
    whatever is common to all), later ones from an earlier one by regression. Each sum then has its own forecast distribution
    (a normal copula), and no path falls.
    """
    spread = variation(sums)
    count = times.shape[1]
    main %= count
    order = [main, *range(main + 1, count), *range(main - 1, -1, -1)]
    shape = (len(times), count, len(points))
    deviations: dict[int, Floats] = {}
    demand = np.empty(shape, np.float32)
    for column, place in enumerate(order):
        at, drive = times[:, place], points[:, column]
        if place == main:
            deviations[place] = spread.sd(at) * drive
        elif place > main:
            deviations[place] = _later(spread, times[:, place - 1], at, deviations[place - 1], drive)
        else:
            deviations[place] = _earlier(spread, at, times[:, place + 1], deviations[place + 1], drive)
        deviation = spread.sd(at)
        scores = np.divide(deviations[place], deviation, out=np.zeros((shape[0], shape[2])), where=deviation > 0)
        demand[:, place] = sum_at(sums, spread, at, scores)
    # Where two sums cross, the main one stands.
    for place in range(main + 1, count):
        np.maximum(demand[:, place], demand[:, place - 1], out=demand[:, place])
    for place in range(main - 1, -1, -1):
        np.minimum(demand[:, place], demand[:, place + 1], out=demand[:, place])
    return demand


def _earlier(spread: Variation, at: Floats, later: Floats, later_sum: Floats, drive: Floats) -> Floats:
    """The deviation of the sum until ``at``, given that until ``later``."""
    share = np.divide(at, later, out=np.zeros_like(at), where=later > 0)
    earlier: Floats = share * later_sum + np.sqrt(np.maximum(spread.own[:, None] * at * (1 - share), 0)) * drive
    return earlier


def _later(spread: Variation, before: Floats, at: Floats, before_sum: Floats, drive: Floats) -> Floats:
    """The deviation of the sum until ``at``, given that until ``before``: a and b as in ``Variation``."""
    own, common = spread.own[:, None], spread.common[:, None]
    slope = (own + common * at) / (own + common * before)
    variance = own * at + common * at**2 - slope**2 * (own * before + common * before**2)
    later: Floats = slope * before_sum + np.sqrt(np.maximum(variance, 0)) * drive
    return later


def sum_at(sums: DemandSums, spread: Variation, periods: Floats, scores: Floats) -> Floats:
    """Demand over ``periods`` (N × D or N × 1, 0: none) at normal ``scores`` (N × D): N × D units, at least 0, whole where demand is."""
    values = np.zeros(scores.shape)
    for place in range(sums.periods.shape[1]):
        weight = _nearness(sums.periods, place, periods)
        if weight.any():
            values += weight * _standardised(sums, spread, place, scores)
    values = mean_at(sums, periods) + spread.sd(periods) * values
    values = np.where(periods > 0, np.maximum(values, 0), 0)
    return np.where(sums.whole[:, None], np.floor(values + 0.5), values)


def _standardised(sums: DemandSums, spread: Variation, place: int, scores: Floats) -> Floats:
    """How many deviations from the mean a sum of a known length is at the scores."""
    values = _at_scores(sums.quantiles[:, place], sums.levels, scores)
    deviation = spread.sd(sums.periods[:, [place]])
    standard: Floats = (values - sums.mean[:, [place]]) / deviation
    return standard


def _nearness(lengths: Floats, place: int, periods: Floats) -> Floats:
    """Weight of a known length in what is said of ``periods``: a hat over it, flat beyond the first and the last."""
    own = lengths[:, [place]]
    weight = np.ones(periods.shape)
    if place > 0:
        before = lengths[:, [place - 1]]
        weight = np.minimum(weight, np.clip((periods - before) / (own - before), 0, 1))
    if place < lengths.shape[1] - 1:
        after = lengths[:, [place + 1]]
        weight = np.minimum(weight, np.clip((after - periods) / (after - own), 0, 1))
    return weight


def mean_at(sums: DemandSums, periods: Floats) -> Floats:
    """A line from 0 through the known means, on with its last slope."""
    starts = np.concatenate([np.zeros((len(sums.mean), 1)), sums.periods], axis=1)
    totals = np.concatenate([np.zeros((len(sums.mean), 1)), sums.mean], axis=1)
    slopes = np.diff(totals, axis=1) / np.diff(starts, axis=1)
    mean = np.zeros(periods.shape)
    for place in range(slopes.shape[1]):
        is_last = place == slopes.shape[1] - 1
        length = np.maximum(periods - starts[:, [place]], 0)
        if not is_last:
            length = np.minimum(length, starts[:, [place + 1]] - starts[:, [place]])
        mean += slopes[:, [place]] * length
    return mean


def _at_scores(quantiles: Floats, levels: Floats, scores: Floats) -> Floats:
    """Quantiles (N × Q at ``levels``) read at normal scores (N × D)."""
    known = normal_scores(levels)
    place = np.clip(np.searchsorted(known, scores) - 1, 0, len(known) - 2)
    low, high = np.take_along_axis(quantiles, place, 1), np.take_along_axis(quantiles, place + 1, 1)
    values: Floats = low + (high - low) * ((scores - known[place]) / np.diff(known)[place])
    row, column = np.nonzero(scores > known[-1])
    values[row, column] = _beyond(quantiles[row], levels, scores[row, column])
    return values


def _beyond(quantiles: Floats, levels: Floats, scores: Floats) -> Floats:
    """The tail past the highest level, of n values (n × Q) at n scores: exponential, as steep as from the level that is passed ``TAIL`` times as often.

    Of two neighbours at the top, few errors or whole numbers make too much or nothing.
    """
    top = 1 - levels[-1]
    start = max(int(np.searchsorted(levels, 1 - TAIL * top + 1e-9, side="right")) - 1, 0)
    scale = (quantiles[:, -1] - quantiles[:, start]) / np.log((1 - levels[start]) / top)
    tail: Floats = quantiles[:, -1] + scale * np.maximum(np.log(top) - special.log_ndtr(-scores), 0)
    return tail


def path_points(count: int, times: int) -> Floats:
    """Normal scores for ``count`` paths over ``times`` sums."""
    return normal_scores(even_points(count, times))
