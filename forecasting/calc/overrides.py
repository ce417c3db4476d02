"""A forecast with people's corrections laid over it. Plain Python: the web process, which has no NumPy, does it too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, sqrt
from statistics import NormalDist

SET, MULTIPLY, ADD = "set", "multiply", "add"
LEAST_MEAN = 0.05  # under it a path has no spread to scale, and a corrected one varies as counts do
WHOLE_UNDER = 30.0


@dataclass(frozen=True)
class Correction:
    """Days ``first`` to ``last`` of the forecast (from 0, included) are set to, multiplied by or raised by ``amount``."""

    first: int
    last: int
    action: str
    amount: float


def corrected(mean: Sequence[float], corrections: Sequence[Correction]) -> list[float]:
    """Units per day after the corrections, one after the other; never under 0.

    Worked: 10 a day, × 2 on day 1, then 5 less on days 0 and 1: 5, 15.
    """
    path = list(mean)
    for one in corrections:
        for day in range(max(one.first, 0), min(one.last + 1, len(path))):
            path[day] = _applied(one, path[day])
    return path


def corrected_sum(mean: Sequence[float], total: float, days: int, corrections: Sequence[Correction]) -> float:
    """The sum over ``days`` after the corrections. Of days past the path only their share of ``total`` is known."""
    known = list(mean[:days])
    beyond = days - len(known)
    rest = max(total - sum(known), 0.0) / beyond if beyond else 0.0
    before, after = [*known, *[rest] * beyond], corrected([*known, *[rest] * beyond], corrections)
    return max(total + sum(after) - sum(before), 0.0)


def quantile_moved(quantile: float, level: float, *, mean: float, to: float, is_whole: bool = False) -> float:
    """A quantile of demand whose mean was corrected from ``mean`` to ``to``.

    Its distance from the mean grows with the root of the mean, as the engine's deviations do: to + (q - mean) √(to / mean),
    at least 0. Where nothing was expected there is no distance, and demand is taken to vary as counts do: to + z √to.
    Worked: mean 4 and 90 % quantile 7, corrected to 16: 16 + 3 × 2 = 22.
    """
    if to == mean:
        return quantile
    if mean < LEAST_MEAN:
        moved = to + NormalDist().inv_cdf(level) * sqrt(to)
    else:
        moved = to + (quantile - mean) * sqrt(to / mean)
    moved = max(moved, 0.0)
    return float(floor(moved + 0.5)) if is_whole and moved < WHOLE_UNDER else moved


def _applied(one: Correction, units: float) -> float:
    if one.action == SET:
        return max(one.amount, 0.0)
    return max(units * one.amount if one.action == MULTIPLY else units + one.amount, 0.0)
