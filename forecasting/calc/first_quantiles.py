"""Quantiles of errors where some are missing, and of a total where too few errors are known."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from forecasting.calc.demand import Floats, Ints


def known_quantiles(values: Floats, levels: tuple[float, ...]) -> Floats:
    """Quantiles along the last axis, NaN left out: shape (…, n) gives (…, levels). NaN where nothing is known.

    Plotting position p (n + 1), Hyndman & Fan 1996 type 6, and the extreme values beyond it: of n errors, the next
    one lies under the k-th smallest with probability k / (n + 1), so that the interval holds for a new error and
    not only for those that made it.

    Worked: the quarter quantile of 1, 2, 3 is at position 0.25 × 4 = 1, which is 1.
    """
    ordered = np.sort(values, axis=-1)
    count = np.isfinite(values).sum(axis=-1, keepdims=True)
    position = np.clip(np.asarray(levels) * (count + 1) - 1, 0, np.maximum(count - 1, 0))
    below = np.floor(position).astype(np.intp)
    above = np.minimum(below + 1, np.maximum(count - 1, 0))
    low = np.take_along_axis(ordered, below, axis=-1)
    high = np.take_along_axis(ordered, above, axis=-1)
    quantiles: Floats = low + (high - low) * (position - below)
    return quantiles


def known_count(values: Floats) -> Ints:
    """How many along the last axis are known."""
    count: Ints = np.isfinite(values).sum(axis=-1).astype(np.int64)
    return count


def normal_scores(levels: tuple[float, ...]) -> Floats:
    """The standard normal quantile of each level."""
    return np.array([NormalDist().inv_cdf(level) for level in levels])


def never_negative_or_crossing(quantiles: Floats) -> Floats:
    """At least 0, and never falling along the last axis (the levels)."""
    tidy: Floats = np.maximum.accumulate(np.maximum(quantiles, 0.0), axis=-1)
    return tidy
