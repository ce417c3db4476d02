"""Is it rising or falling, or is that chance? The Mann-Kendall family with Sen's slope.

Sources: Mann (1945), Kendall (1975), Sen (1968) with Gilbert's interval (1987, ch. 16), Hirsch, Slack and Smith (1982) for
seasons, Hamed and Rao (1998) and Yue and Wang (2004) for autocorrelation, Yue et al. (2002) for pre-whitening.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RISING, FALLING, NO_CLEAR_TREND, TOO_SHORT = "rising", "falling", "no clear trend", "too short"
LEAST_POINTS = 4
NORMAL = NormalDist()
DIGITS = 9  # values that differ by less, of the largest, are equal: rounding must break no tie


@dataclass(frozen=True)
class Trend:
    """A test for a monotonic trend, and how steep it is.

    ``s`` is the number of rising pairs less that of falling ones, ``tau`` its share of all pairs (-1 to 1), ``variance`` that of s
    without a trend, ``z`` and two-sided ``p`` its size against chance. ``slope`` is Sen's, in units per step (per season's
    round where there are seasons), between ``slope_low`` and ``slope_high``; ``intercept`` the value at the first point.
    """

    s: float
    tau: float
    variance: float
    z: float
    p: float
    slope: float
    slope_low: float
    slope_high: float
    intercept: float

    def verdict(self, significance: float = 0.05) -> str:
        if not self.p < significance:  # NaN as well
            return NO_CLEAR_TREND
        return RISING if self.z > 0 else FALLING


def mann_kendall(values: Any, *, confidence: float = 0.95) -> Trend:
    """The plain test: points independent of each other. NaN are left out (the steps stay where they are).

    Raises ``ValueError`` under 4 known points. All equal: z 0, p 1, slope 0.
    """
    places, known = _known(values)
    return _trend(places, known, _score(known), _variance(known), confidence)


def hamed_rao(values: Any, *, confidence: float = 0.95, least_inflation: float = 0.0) -> Trend:
    """``mann_kendall`` with the variance that autocorrelated points have: daily sales are like the day before.

    Var* = Var × (1 + 2 / (n(n-1)(n-2)) Σ (n-i)(n-i-1)(n-i-2) r_i) over the lags i whose autocorrelation r_i of the ranks of
    the detrended values is significant. ``least_inflation`` 1 keeps negative correlations from making the test surer.
    """
    places, known = _known(values)
    inflation = max(_hamed_rao_inflation(known, _sen_slope(places, known)), least_inflation)
    return _trend(places, known, _score(known), _variance(known) * inflation, confidence)


def yue_wang(values: Any, *, confidence: float = 0.95) -> Trend:
    """``mann_kendall`` with Yue and Wang's effective sample size: Var × (1 + 2 Σ (1 - i/n) r_i) of the detrended values."""
    places, known = _known(values)
    n = len(known)
    lags = np.arange(1, n)
    correlation = _autocorrelation(_detrended(known, _sen_slope(places, known)))[1:]
    inflation = 1 + 2 * float(((1 - lags / n) * correlation).sum())
    return _trend(places, known, _score(known), _variance(known) * inflation, confidence)


def pre_whitened(values: Any, *, confidence: float = 0.95) -> Trend:
    """``mann_kendall`` of what is left when each value less r₁ × the one before is taken. Weakens real trends, too."""
    _, known = _known(values)
    return mann_kendall(known[1:] - known[:-1] * _autocorrelation(known)[1], confidence=confidence)


def trend_free_pre_whitened(values: Any, *, confidence: float = 0.95) -> Trend:
    """``pre_whitened`` without the trend, which is then laid back on."""
    places, known = _known(values)
    slope = _sen_slope(places, known)
    detrended = _detrended(known, slope)
    whitened = detrended[1:] - detrended[:-1] * _autocorrelation(detrended)[1]
    return mann_kendall(whitened + np.arange(1, len(whitened) + 1) * slope, confidence=confidence)


def seasonal_mann_kendall(
    values: Any, *, period: int, is_autocorrelated: bool = False, confidence: float = 0.95
) -> Trend:
    """Each place in the season compared with itself alone: a Monday with Mondays (period 7), a May with Mays (12).

    The slope is per round of the season. ``is_autocorrelated`` inflates the variance by Hamed and Rao's factor of the values
    less the medians of their places, never below 1. Raises ``ValueError`` under two rounds with 4 known points.
    """
    places, known = _known(values)
    season = places.astype(np.int64) % period
    groups = [np.flatnonzero(season == place) for place in range(period)]
    slopes = [_pair_slopes(places[group] / period, known[group]) for group in groups if len(group) > 1]
    if not slopes:
        raise ValueError(f"a trend over seasons of {period} needs two rounds")
    score = sum(_score(known[group]) for group in groups)
    variance = sum(_variance(known[group]) for group in groups)
    pairs = sum(len(group) * (len(group) - 1) / 2 for group in groups)
    every_slope = np.sort(np.concatenate(slopes))
    slope = float(np.median(every_slope))
    if is_autocorrelated:
        level = np.array([np.median(known[groups[place]]) for place in season])
        variance *= max(_hamed_rao_inflation(known - level, slope / period), 1.0)
    intercept = float(np.median(known) - np.median(np.arange(len(known))) / period * slope)
    return _tested(score, pairs, variance, every_slope, intercept, confidence)


def _known(values: Any) -> tuple[Floats, Floats]:
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1:
        raise ValueError("a trend is of one row of values")
    places = np.flatnonzero(np.isfinite(row))
    if len(places) < LEAST_POINTS:
        raise ValueError(f"a trend needs {LEAST_POINTS} known values")
    return places.astype(np.float64), row[places]


def _score(values: Floats) -> float:
    """Rising pairs less falling ones."""
    return float(np.sign(values[None, :] - values[:, None])[np.triu_indices(len(values), 1)].sum())


def _variance(values: Floats) -> float:
    """Of the score without a trend; equal values make it smaller."""
    n = len(values)
    ties = np.unique(values, return_counts=True)[1].astype(np.float64)
    return float((n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18)


def _pair_slopes(places: Floats, values: Floats) -> Floats:
    first, second = np.triu_indices(len(values), 1)
    slopes: Floats = (values[second] - values[first]) / (places[second] - places[first])
    return slopes


def _sen_slope(places: Floats, values: Floats) -> float:
    return float(np.median(_pair_slopes(places, values)))


def _detrended(values: Floats, slope: float) -> Floats:
    return values - np.arange(1, len(values) + 1) * slope


def _autocorrelation(values: Floats) -> Floats:
    """r₀ … r₍n-1₎, with n in every denominator; zeros after r₀ where nothing varies."""
    centred = values - values.mean()
    covariance = np.correlate(centred, centred, "full")[len(values) - 1 :]
    if covariance[0] <= 0:
        return np.concatenate([[1.0], np.zeros(len(values) - 1)])
    correlation: Floats = covariance / covariance[0]
    return correlation


def _ranks(values: Floats) -> Floats:
    """1 for the smallest; equal values share the mean of their ranks."""
    largest = np.abs(values).max()
    rounded = np.round(values / largest, DIGITS) if largest > 0 else values
    _, place, count = np.unique(rounded, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: Floats = (last - (count - 1) / 2)[place]
    return ranks


def _hamed_rao_inflation(values: Floats, slope: float) -> float:
    n = len(values)
    correlation = _autocorrelation(_ranks(_detrended(values, slope)))
    bound = NORMAL.inv_cdf(0.975) / math.sqrt(n)
    lags = np.arange(1, n)
    weights = (n - lags) * (n - lags - 1) * (n - lags - 2.0)
    significant = np.abs(correlation[1:]) > bound
    return 1 + 2 / (n * (n - 1) * (n - 2)) * float((weights * correlation[1:] * significant).sum())


def _trend(places: Floats, values: Floats, score: float, variance: float, confidence: float) -> Trend:
    slopes = np.sort(_pair_slopes(places, values))
    intercept = float(np.median(values) - np.median(places) * np.median(slopes))
    return _tested(score, len(values) * (len(values) - 1) / 2, variance, slopes, intercept, confidence)


def _tested(score: float, pairs: float, variance: float, slopes: Floats, intercept: float, confidence: float) -> Trend:
    """The test with continuity correction; the slope's interval holds the slopes that the test would not refuse."""
    deviation = math.sqrt(max(variance, 0.0))
    z = 0.0 if score == 0 or deviation == 0 else (score - math.copysign(1, score)) / deviation
    reach = NORMAL.inv_cdf((1 + confidence) / 2) * deviation
    low = max(math.floor((len(slopes) - reach) / 2) - 1, 0)
    high = min(math.ceil((len(slopes) + reach) / 2), len(slopes) - 1)
    return Trend(
        s=score,
        tau=score / pairs,
        variance=variance,
        z=z,
        p=math.erfc(abs(z) / math.sqrt(2)),
        slope=float(np.median(slopes)),
        slope_low=float(slopes[low]),
        slope_high=float(slopes[high]),
        intercept=intercept,
    )
