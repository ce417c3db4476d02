"""Which values of a sample do not belong to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]

MAD_TO_SD = 1.4826
"""The standard deviation of normal values over their median absolute deviation."""
MODIFIED_Z_BOUND = 3.5
"""Iglewicz and Hoaglin's bound on |modified z| (1993, How to Detect and Handle Outliers)."""


@dataclass(frozen=True)
class Esd:
    """The generalised ESD test: ``statistics`` R and ``bounds`` λ of each step, and the places of the ``outliers``."""

    statistics: Floats
    bounds: Floats
    outliers: NDArray[np.int64]


def robust_scale(values: Floats, *, axis: int = -1) -> Floats:
    """1.4826 × the median of |value - median|, NaN left out: the standard deviation where values are normal.

    Worked: 1, 2, 4, 7, 100 have the median 4, distances 3, 2, 0, 3, 96 with the median 3: 4.45.
    """
    middle = np.nanmedian(values, axis=axis, keepdims=True)
    scale: Floats = MAD_TO_SD * np.nanmedian(np.abs(values - middle), axis=axis)
    return scale


def modified_z(values: Floats) -> Floats:
    """(value - median) / robust scale. Raises ``ValueError`` where over half of the values are the same."""
    scale = robust_scale(values)
    if not scale > 0:
        raise ValueError("more than half of the values are the same: they have no robust scale")
    scores: Floats = (values - np.median(values)) / scale
    return scores


def generalised_esd(values: Floats, *, most: int, alpha: float = 0.05) -> Esd:
    """Up to ``most`` outliers among n approximately normal values (Rosner 1983; NIST handbook 1.3.5.17.3).

    Step i takes the value farthest from the mean out: Rᵢ = |x - mean| / sd of what was left, against
    λᵢ = t (n - i) / √((n - i - 1 + t²)(n - i + 1)) with t the quantile 1 - α / (2 (n - i + 1)) of n - i - 1 degrees. The
    outliers are those taken out up to the last step with R > λ: several that hide each other are found together.

    Equal values have none. Raises ``ValueError`` for ``most`` under 1 or over n - 2, and for values that are not finite.
    """
    count = len(values)
    if not 1 <= most <= count - 2:
        raise ValueError(f"of {count} values, 1 to {count - 2} can be tested for outliers, not {most}")
    if not np.isfinite(values).all():
        raise ValueError("values must be finite")
    left = values.astype(np.float64)
    places = np.arange(count)
    statistics, taken = np.zeros(most), np.zeros(most, dtype=np.int64)
    for step in range(most):
        distance = np.abs(left - left.mean())
        farthest = int(distance.argmax())
        spread = left.std(ddof=1)
        statistics[step] = distance[farthest] / spread if spread > 0 else 0.0
        taken[step] = places[farthest]
        left, places = np.delete(left, farthest), np.delete(places, farthest)
    steps = np.arange(1, most + 1)
    t = stats.t.ppf(1 - alpha / (2 * (count - steps + 1)), count - steps - 1)
    bounds = t * (count - steps) / np.sqrt((count - steps - 1 + t**2) * (count - steps + 1))
    beyond = np.flatnonzero(statistics > bounds)
    return Esd(statistics, bounds, taken[: int(beyond[-1]) + 1 if beyond.size else 0])
