"""How a series' errors rise where it sells more than usual: on a promotion, on its best weekday, after it has grown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Bools, Floats

COUNTS_UNDER = 1.0  # a period: the variance of counts so small is their mean
POWER_BINS = 8
MOST_ERROR = 3.0  # in a series' own deviations: what one huge error may say of the power


@dataclass(frozen=True)
class Rise:
    """How a series' errors rise where it sells more than ``usual`` (S), beyond the root: ``excess`` (S) is p - ½."""

    usual: Floats
    excess: Floats

    def of(self, path: Floats) -> Floats:
        """(path / usual)^excess; ``path`` (… × S) above 0."""
        if not self.excess.any():
            return np.ones(1, np.float32)
        rise: Floats = (path / self.usual) ** self.excess
        return rise


def learn_rise(size: Floats, error: Floats, known: Bools, whole: Bools) -> Rise:
    """p from the panel: half the slope of log squared error on log μ, both against the series' own means, ½ to 1.

    Counts have p = ½, sales whose swings are a share of them p = 1. Learned in ``POWER_BINS`` bins of μ, without counts
    (``whole``, S) of less than ``COUNTS_UNDER`` a period: these keep ½. Without errors: ½. ``size`` and ``error`` are
    O × D × S.
    """
    count = known.sum(axis=(0, 1))
    usual = np.where(known, size, 0).sum(axis=(0, 1)) / np.maximum(count, 1)
    usual = np.where(count > 0, usual, size.mean(axis=(0, 1)) if size.size else np.float32(1)).astype(np.float32)
    fast = ((usual >= COUNTS_UNDER) | ~whole) & (count > 0)
    excess = np.zeros(len(usual), np.float32)
    cells = known[:, :, fast]
    if cells.any():
        deviation = np.sqrt((error[:, :, fast] ** 2).sum(axis=(0, 1)) / count[fast])
        square = np.minimum(np.abs(error[:, :, fast]) / np.maximum(deviation, 1e-9), MOST_ERROR) ** 2
        excess[fast] = np.clip(_slope(np.log(size[:, :, fast] / usual[fast])[cells], square[cells]) / 2, 0.5, 1) - 0.5
    return Rise(usual, excess)


def _slope(place: Floats, value: Floats) -> float:
    """Least squares slope of the log of the mean ``value`` on the mean ``place``, over bins of like count."""
    edges = np.quantile(place, np.arange(1, POWER_BINS) / POWER_BINS)
    bins = np.searchsorted(edges, place)
    count = np.bincount(bins, minlength=POWER_BINS)
    used = np.flatnonzero(count)
    weight = count[used] / count.sum()
    middle, mean = (np.bincount(bins, part, POWER_BINS)[used] / count[used] for part in (place, value))
    away = middle - weight @ middle
    spread = float(weight @ away**2)
    return float(weight @ (away * np.log(np.maximum(mean, 1e-6)))) / spread if spread > 1e-6 else 1.0
