"""How far off a forecast may be: quantiles and intervals from the errors of the backtest, calibrated over the panel.

An error is measured in the series' own deviation, σ = d √μ (μ / usual μ)^(p - ½) g: μ what was forecast, p how a series'
errors rise where it sells more than usual, g how errors grow with the distance, d the series' scale, each learned from
the backtest. Cells (origin, distance, series) with like μ share one
distribution: demand of 0.1 a day errs in another way than demand of 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints
from forecasting.calc.config import ForecastConfig
from forecasting.calc.kinds import Kinds, learn_kinds
from forecasting.calc.normal import normal_scores
from forecasting.calc.rise import Rise, learn_rise

LEAST_SHARE_OF_MEAN = 0.05
SCALE_PRIOR_POINTS = 28.0
NORMAL_POINTS = 20.0
NEARLY = 0.1
MOST_CELLS = 120_000
MOST_GROWTH = 2.5
WHOLE_UNDER = 30.0
SPREAD_OF_MEAN_ABSOLUTE = 0.8  # E|e| of a normal error over its deviation, √(2/π)


@dataclass(frozen=True)
class Spread:
    """The learned error distribution. ``rise`` within a series, ``growth`` (D), ``scale`` (S), ``kinds`` the bins,
    ``scores`` bins × levels and the median, ``bounds`` bins × interval levels × 2 (z scores). ``others`` (O × S) is the scale without
    the errors of each origin, to judge that origin with.
    """

    rise: Rise
    growth: Floats
    scale: Floats
    others: Floats
    least: Floats
    kinds: Kinds
    scores: Floats
    bounds: Floats
    whole: Bools
    is_seldom: Bools


def learn_spread(
    paths: Floats,
    actual: Floats,
    mean: Floats,
    dispersion: Floats,
    whole: Bools,
    is_seldom: Bools,
    judging: Bools,
    config: ForecastConfig,
) -> Spread:
    """``paths`` and ``actual`` are O × D × S (NaN unknown), ``mean`` and ``dispersion`` (S) the series' mean demand and
    variance over mean, ``whole`` (S) whether it is counted in whole units, ``is_seldom`` (S) whether it
    sells in few of its periods, ``judging`` (O × O) which origins judge which."""
    least = np.maximum(mean * LEAST_SHARE_OF_MEAN, 1e-12).astype(np.float32)
    known = np.isfinite(actual)
    error = np.where(known, actual - paths, 0)
    size = np.maximum(paths, least)
    rise = learn_rise(size, error, known, whole)
    root = np.sqrt(size) * rise.of(size)
    growth = _growth(np.abs(error) / root, known)
    unit = root * growth[:, None]
    absolute = np.abs(error) / unit
    scale, others = _scales(absolute, known, dispersion, judging)
    spread = unit * others[:, None]
    cells = _sample(np.flatnonzero(known), actual.shape[2])
    path, deviation, miss = (part.reshape(-1)[cells] for part in (paths, spread, error))
    series = cells % actual.shape[2]
    origin_scale = np.broadcast_to(others[:, None], actual.shape).reshape(-1)[cells]
    kinds = learn_kinds(path, origin_scale, is_seldom[series], series)
    bins, number = kinds.of(path, origin_scale, is_seldom[series]), kinds.number
    scores = _scores(miss / np.maximum(deviation, 1e-9), bins, number, (*config.levels, 0.5))
    near = np.where(whole[series], 0.5, 0.0) / np.maximum(deviation, 1e-9)
    bounds = _bounds(miss / np.maximum(deviation, 1e-9), near, bins, number, config.interval_levels)
    return Spread(
        rise,
        growth,
        scale,
        others,
        least,
        kinds,
        scores.astype(np.float32),
        bounds.astype(np.float32),
        whole,
        is_seldom,
    )


def _sample(cells: Ints, series: int) -> Ints:
    """At most ``MOST_CELLS``, at even steps that do not keep meeting the same series."""
    step = -(-len(cells) // MOST_CELLS)
    while step > 1 and gcd(step, series) > 1:
        step += 1
    return cells[:: max(step, 1)]


def _growth(absolute: Floats, known: Bools) -> Floats:
    """How the panel's errors grow with the distance (D), smoothed over seven periods, mean about 1."""
    count = known.sum(axis=(0, 2)).astype(np.float64)
    total = absolute.sum(axis=(0, 2), dtype=np.float64)
    overall = total.sum() / max(count.sum(), 1.0)
    if not overall > 0:
        return np.ones(len(count), np.float32)
    padded = np.arange(len(count))[:, None] + np.arange(-3, 4)
    padded = np.clip(padded, 0, len(count) - 1)
    prior = NORMAL_POINTS
    raw = (total[padded].sum(axis=1) + prior * overall) / (count[padded].sum(axis=1) + prior)
    last = int(np.flatnonzero(count)[-1])
    raw[last:] = raw[last]  # farther than any error was seen: as the farthest
    growth: Floats = np.clip(np.maximum.accumulate(raw) / overall, 0.5, MOST_GROWTH).astype(np.float32)
    return growth


def _scales(absolute: Floats, known: Bools, dispersion: Floats, judging: Bools) -> tuple[Floats, Floats]:
    """Each series' deviation, from its mean absolute error drawn towards the panel's, from all origins (S) and from the
    origins that judge each (O × S): a series is not judged with a scale that has seen the error. A panel without errors has the deviation of its histories."""
    by_origin, points = absolute.sum(axis=1), known.sum(axis=1).astype(np.float32)
    total, count = by_origin.sum(axis=0), points.sum(axis=0)
    usual = SPREAD_OF_MEAN_ABSOLUTE * np.sqrt(dispersion)
    panel = (float(total.sum()) + NORMAL_POINTS * usual) / (float(count.sum()) + NORMAL_POINTS)
    prior = SCALE_PRIOR_POINTS
    scale = (total + prior * panel) / (count + prior)
    apart = judging.astype(np.float32)
    others = (apart @ by_origin + prior * panel) / (apart @ points + prior)
    return scale / SPREAD_OF_MEAN_ABSOLUTE, others / SPREAD_OF_MEAN_ABSOLUTE


def _scores(errors: Floats, bins: Ints, number: int, levels: tuple[float, ...]) -> Floats:
    """Quantiles of the standardised errors per bin; few errors are mixed with the normal distribution's."""
    scores = np.tile(normal_scores(levels), (number, 1))
    for place in range(number):
        own = errors[bins == place]
        if len(own):
            share = len(own) / (len(own) + NORMAL_POINTS)
            scores[place] = share * np.quantile(own, levels) + (1 - share) * scores[place]
    return scores


def _bounds(
    errors: Floats,
    near: Floats,
    bins: Ints,
    number: int,
    interval_levels: tuple[float, ...],
) -> Floats:
    """Bounds (z scores) that hold the level's share of the errors: split conformal, bin by bin.

    Starts from the equal-tailed quantiles and stretches both by the least factor that covers the share. ``near`` is how
    much earlier whole numbers are reached, by rounding: half a unit. Where 0 alone holds more than the share, or
    nearly as much, no interval holds just that (adr/0012): its bounds are no narrower than the equal-tailed quantiles.
    """
    bounds = np.empty((number, len(interval_levels), 2))
    members = [np.flatnonzero(bins == place) for place in range(number)]
    for column, level in enumerate(interval_levels):
        tails = _scores(errors, bins, number, ((1 - level) / 2, (1 + level) / 2))
        low, high = np.minimum(tails[:, 0], -1e-3), np.maximum(tails[:, 1], 1e-3)
        needed = np.where(errors > 0, (errors - near) / high[bins], (errors + near) / low[bins])
        needed = np.maximum(needed, 0)
        for place, rows in enumerate(members):
            weight = len(rows) / (len(rows) + NORMAL_POINTS)
            stretch = float(np.quantile(needed[rows], level)) if len(rows) else 1.0
            stretch = weight * stretch + 1 - weight
            if len(rows) and np.mean(needed[rows] <= 0) > level - NEARLY:
                stretch = max(stretch, 1.0)
            bounds[place, column] = low[place] * stretch, high[place] * stretch
    return bounds


def quantiles_of(spread: Spread, path: Floats, scale: Floats | None = None) -> tuple[Floats, Floats, Floats]:
    """Quantiles (D × S × levels), intervals (D × S × interval levels × 2) and median (D × S) around a path (D × S)."""
    scale = spread.scale if scale is None else scale
    size = np.maximum(path, spread.least)
    deviation = np.sqrt(size) * spread.rise.of(size) * spread.growth[: len(path), None] * scale
    bins = spread.kinds.of(path, scale, spread.is_seldom)
    quantiles = rounded(path[..., None] + deviation[..., None] * spread.scores[bins], spread.whole[:, None])
    bounds = path[..., None, None] + deviation[..., None, None] * spread.bounds[bins]
    return rising(quantiles[..., :-1]), _nested(rounded(bounds, spread.whole[:, None, None])), quantiles[..., -1]


def rounded(values: Floats, whole: Bools) -> Floats:
    """At least 0, and whole numbers where small counts are meant."""
    positive = np.maximum(values, 0)
    small = whole & (positive < WHOLE_UNDER)
    return np.where(small, np.floor(positive + 0.5), positive).astype(np.float32)


def rising(quantiles: Floats) -> Floats:
    """Never falling along the last axis, which is short: column by column is faster than ``accumulate``."""
    for place in range(1, quantiles.shape[-1]):
        np.maximum(quantiles[..., place], quantiles[..., place - 1], out=quantiles[..., place])
    return quantiles


def _nested(intervals: Floats) -> Floats:
    """The wider level holds the narrower one."""
    lower, upper = -rising(-intervals[..., 0]), rising(intervals[..., 1])
    return np.stack([np.minimum(lower, upper), upper], axis=-1)
