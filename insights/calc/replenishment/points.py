"""Where the policy looks at a demand: points that fill the unit cube evenly, the same for every row and every run."""

from __future__ import annotations

from functools import cache

from scipy import special
from scipy.stats import qmc

from insights.calc.replenishment.arrays import Floats


@cache
def even_points(count: int, dimensions: int) -> Floats:
    """``count`` × ``dimensions`` numbers between 0 and 1: Sobol's sequence in the midpoints of its cells.

    Each column holds the midpoint of each of ``count`` equal parts once, so that a quantile of what it drives is exact. No
    chance is involved: a row's answer does not depend on the rows beside it, and is the same when it is computed again.
    Raises ``ValueError`` unless ``count`` is a power of two.
    """
    exponent = count.bit_length() - 1
    if count != 2**exponent:
        raise ValueError("the number of points must be a power of two")
    points: Floats = qmc.Sobol(dimensions, scramble=False).random_base2(exponent) + 0.5 / count
    points.flags.writeable = False
    return points


def normal_scores(points: Floats) -> Floats:
    """The standard normal quantile of each point."""
    scores: Floats = special.ndtri(points)
    return scores
