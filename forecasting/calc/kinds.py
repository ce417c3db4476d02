"""Bins of forecasts that err alike: whose errors are put together so that one distribution can be learned from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.calc.arrays import Bools, Floats, Ints

SIZES = 10
SCALES = 2
LEAST_SERIES = 20
LEAST_BIN_POINTS = 400


@dataclass(frozen=True)
class Sizes:
    """Bins by the size of the forecast and, within a size, by the series' scale.

    ``sizes`` are the borders on μ (sizes - 1), ``scales`` those on d (sizes × (scales - 1)).
    """

    sizes: Floats
    scales: Floats

    @property
    def number(self) -> int:
        return (len(self.sizes) + 1) * (int(self.scales.shape[1]) + 1)

    def of(self, path: Floats, scale: Floats) -> Ints:
        """The bin of each forecast (any shape; ``scale`` is broadcast to it)."""
        size = np.digitize(path, self.sizes)
        place = np.zeros(path.shape, np.int64)
        for border in self.scales.T:
            place += scale > border[size]
        bins: Ints = size * (self.scales.shape[1] + 1) + place
        return bins


@dataclass(frozen=True)
class Kinds:
    """The bins of series that sell in most periods, then those of series that sell seldom: 3 a day is another 3 there.

    ``seldom`` is None where there are too few errors of one of the two: then all share the bins.
    """

    often: Sizes
    seldom: Sizes | None

    @property
    def number(self) -> int:
        return self.often.number + (self.seldom.number if self.seldom else 0)

    def of(self, path: Floats, scale: Floats, is_seldom: Bools) -> Ints:
        """The bin of each forecast (any shape; ``scale`` and ``is_seldom`` are broadcast to it)."""
        often = self.often.of(path, scale)
        if self.seldom is None:
            return often
        bins: Ints = np.where(is_seldom, self.often.number + self.seldom.of(path, scale), often)
        return bins


def learn_kinds(path: Floats, scale: Floats, is_seldom: Bools, series: Ints) -> Kinds:
    """From N errors: the forecast, the scale and the number of its series, and whether that one sells seldom."""
    classes = (~is_seldom, is_seldom)
    if min(int(chosen.sum()) for chosen in classes) < LEAST_BIN_POINTS:
        return Kinds(_sizes(path, scale, _count(series)), None)
    often, seldom = (_sizes(path[chosen], scale[chosen], _count(series[chosen])) for chosen in classes)
    return Kinds(often, seldom)


def _count(series: Ints) -> int:
    """How many different ones."""
    return int((np.bincount(series) > 0).sum())


def _sizes(path: Floats, scale: Floats, series: int) -> Sizes:
    """Borders between like forecasts, with about ``LEAST_BIN_POINTS`` errors or more between them.

    Series are told apart by their scale where there are enough of them.
    """
    scales = SCALES if series >= LEAST_SERIES and len(path) >= SCALES**2 * LEAST_BIN_POINTS else 1
    number = int(np.clip(len(path) // (scales * LEAST_BIN_POINTS), 1, SIZES))
    sizes = borders(path, number)
    size = np.digitize(path, sizes)
    shares = np.arange(1, scales) / scales
    of_scale = [
        np.quantile(scale[size == place], shares) if (size == place).any() else shares
        for place in range(len(sizes) + 1)
    ]
    return Sizes(sizes, np.array(of_scale).reshape(len(sizes) + 1, scales - 1))


def borders(values: Floats, number: int) -> Floats:
    """Borders that part ``values`` into up to ``number`` bins of like count, none of which is empty."""
    parts = np.unique(np.quantile(values, np.arange(1, number) / number)) if number > 1 else np.zeros(0)
    return parts[parts > values.min()] if len(parts) else parts
