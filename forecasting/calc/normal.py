"""The normal distribution, where a history is too short to show its own."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from forecasting.calc.arrays import Floats


def normal_scores(levels: tuple[float, ...]) -> Floats:
    """The standard normal quantile of each level."""
    return np.array([NormalDist().inv_cdf(level) for level in levels])
