"""Demand distributions of the textbooks, as SciPy's frozen ones."""

from __future__ import annotations

import math
from typing import Any

from scipy import stats

Distribution = Any  # a frozen distribution of SciPy, which ships no types


def normal(*, mean: float, sd: float) -> Distribution:
    """Raises ``ValueError`` unless the deviation is above 0."""
    if not sd > 0:
        raise ValueError("the standard deviation must be above 0")
    return stats.norm(mean, sd)


def poisson(*, mean: float) -> Distribution:
    """Raises ``ValueError`` for a negative or unknown mean."""
    if not mean >= 0:
        raise ValueError("the mean of a Poisson distribution must be at least 0")
    return stats.poisson(mean)


def negative_binomial(*, mean: float, variance: float) -> Distribution:
    """Counts that vary more than Poisson's: p = mean / variance, n = mean² / (variance - mean).

    Worked: mean 2, variance 6: n = 1, p = 1/3. Raises ``ValueError`` unless 0 < mean < variance.
    """
    if not 0 < mean < variance:
        raise ValueError("a negative binomial's variance must be above its mean, and its mean above 0")
    return stats.nbinom(mean**2 / (variance - mean), mean / variance)


def lognormal(*, mu: float, sigma: float) -> Distribution:
    """exp of a normal(mu, sigma). Raises ``ValueError`` unless sigma is above 0."""
    if not sigma > 0:
        raise ValueError("sigma must be above 0")
    return stats.lognorm(sigma, scale=math.exp(mu))
