"""Measures of accuracy from sums of errors. Plain Python: the web process that shows them loads no NumPy."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class ErrorSums:
    """Sums over *points* (days of series that were measured); they add up over any group. Error = demand - forecast.

    Scaled errors are over the series' own mean change (see ``Measures``); ``pinball_loss`` is Σ of the mean over the
    levels; ``inside_80`` and ``inside_95`` count points within the interval; ``naive_…`` and ``beside_naive_…`` are the
    seasonal naive, and demand and forecast, on the points where the naive is known; ``overridden_…`` and ``baseline_…`` what
    people made of the forecast and what it was before, on the points that they changed.
    """

    points: float = 0.0
    actual_units: float = 0.0
    absolute_error: float = 0.0
    signed_error: float = 0.0
    squared_error: float = 0.0
    scaled_points: float = 0.0
    scaled_absolute_error: float = 0.0
    scaled_squared_error: float = 0.0
    band_points: float = 0.0
    pinball_loss: float = 0.0
    inside_80: float = 0.0
    inside_95: float = 0.0
    naive_points: float = 0.0
    beside_naive_actual_units: float = 0.0
    naive_absolute_error: float = 0.0
    beside_naive_absolute_error: float = 0.0
    overridden_points: float = 0.0
    overridden_absolute_error: float = 0.0
    overridden_signed_error: float = 0.0
    baseline_absolute_error: float = 0.0

    def __add__(self, other: ErrorSums) -> ErrorSums:
        return ErrorSums(*(getattr(self, name) + getattr(other, name) for name in SUM_NAMES))


SUM_NAMES: tuple[str, ...] = tuple(field.name for field in fields(ErrorSums))


@dataclass(frozen=True)
class Measures:
    """What the sums say; None where there is nothing to divide by.

    - ``wape`` Σ|error| / Σ demand; ``bias`` Σ error / Σ demand (above 0: forecast too low);
    - ``mase`` mean |error| / mean |change from a week before|, ``rmsse`` the root of mean error² / mean (change from a
      day before)²: each point in the scale of its series, then the mean over points;
    - ``pinball`` mean over points and levels, in units; ``coverage_80``, ``coverage_95`` share within the interval;
    - ``naive_wape`` of the seasonal naive, and ``value_added`` = 1 - forecast's / naive's Σ|error|, on the same points: 0.2
      is a fifth of the naive's error taken away, under 0 the naive would have done better;
    - ``override_value_added`` the same of people's overrides against the forecast that they changed.

    >>> measures_of(ErrorSums(points=2, actual_units=10, absolute_error=4, signed_error=-2)).bias
    -0.2
    """

    points: int
    wape: float | None
    bias: float | None
    mase: float | None
    rmsse: float | None
    pinball: float | None
    coverage_80: float | None
    coverage_95: float | None
    naive_wape: float | None
    value_added: float | None
    overridden_points: int
    override_value_added: float | None


def measures_of(sums: ErrorSums) -> Measures:
    squared = _share(sums.scaled_squared_error, sums.scaled_points)
    return Measures(
        points=round(sums.points),
        wape=_share(sums.absolute_error, sums.actual_units),
        bias=_share(sums.signed_error, sums.actual_units),
        mase=_share(sums.scaled_absolute_error, sums.scaled_points),
        rmsse=None if squared is None else math.sqrt(squared),
        pinball=_share(sums.pinball_loss, sums.band_points),
        coverage_80=_share(sums.inside_80, sums.band_points),
        coverage_95=_share(sums.inside_95, sums.band_points),
        naive_wape=_share(sums.naive_absolute_error, sums.beside_naive_actual_units),
        value_added=_value_added(sums.beside_naive_absolute_error, sums.naive_absolute_error),
        overridden_points=round(sums.overridden_points),
        override_value_added=_value_added(sums.overridden_absolute_error, sums.baseline_absolute_error),
    )


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _value_added(error: float, error_before: float) -> float | None:
    return 1 - error / error_before if error_before > 0 else None
