"""The pattern of the year, pooled over the panel, from the same periods of earlier years."""

from __future__ import annotations

import numpy as np

from forecasting.calc.arrays import Floats, Ints

MOST_YEARS = 5
KNOWN_SHARE_OF_YEAR = 0.82
NEIGHBOURS_SHARE = 1 / 52  # half width of the smoothing window, in years


def yearly_index(units: Floats, expected: Floats, origin: int, ahead: int, year: int) -> Floats:
    """Index of each period (length origin + ahead) seen from ``origin``; NaN where no earlier year tells.

    The mean, over the years before, of demand around the same period of the year over that of the year around it.
    ``units`` and ``expected`` (T) are the panel's sums of demand and of the series' means where they are known, so that
    series that come and go do not look like a season. Only periods before ``origin`` are read; a far future period
    repeats the year before it.
    """
    half, near = year // 2, max(round(year * NEIGHBOURS_SHARE), 1)
    sold = np.concatenate([[0.0], np.cumsum(units[:origin], dtype=np.float64)])
    usual = np.concatenate([[0.0], np.cumsum(expected[:origin], dtype=np.float64)])
    period = np.arange(origin + ahead)
    total, count = np.zeros(len(period)), np.zeros(len(period))
    for years in range(1, MOST_YEARS + 1):
        same = period - year * years
        start, end = np.clip(same - half, 0, origin), np.clip(same + half, 0, origin)
        usable = (same >= near) & (same + near < origin) & (end - start >= KNOWN_SHARE_OF_YEAR * year)
        # Seen from the period itself, its own year was not over yet: no index of the past knows more than it could.
        same, start, end = (
            np.where(usable, place, fallback) for place, fallback in ((same, near), (start, 0), (end, origin))
        )
        around = _mean(sold, usual, same - near, np.minimum(same + near + 1, origin))
        whole = _mean(sold, usual, start, end)
        usable &= whole > 0
        total += np.where(usable, around / np.where(whole > 0, whole, 1.0), 0.0)
        count += usable
    index = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    for place in range(max(origin, year), len(period)):
        if np.isnan(index[place]):
            index[place] = index[place - year]
    return np.maximum(index, 0.02)


def _mean(sold: Floats, usual: Floats, start: Ints, end: Ints) -> Floats:
    return (sold[end] - sold[start]) / np.maximum(usual[end] - usual[start], 1e-9)
