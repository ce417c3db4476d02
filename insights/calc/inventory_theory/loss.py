"""Loss functions: the expected units of demand that a stock of x cannot serve, E[(D - x)+].

Snyder and Shen, Fundamentals of Supply Chain Theory, 2nd edition, appendix C.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from insights.calc.inventory_theory.distributions import Distribution


def standard_normal_loss(z: float) -> float:
    """φ(z) - z (1 - Φ(z)). Worked: z = 1.3: 0.045528."""
    return float(stats.norm.pdf(z) - z * stats.norm.sf(z))


def standard_normal_second_loss(z: float) -> float:
    """E[((Z - z)+)²] / 2 = ((z² + 1)(1 - Φ(z)) - z φ(z)) / 2. Worked: z = 0: 0.25."""
    return float(((z * z + 1) * stats.norm.sf(z) - z * stats.norm.pdf(z)) / 2)


def normal_loss(x: float, *, mean: float, sd: float) -> float:
    """σ × the standard loss of (x - μ) / σ; without deviation, (μ - x)+. Worked: 120 of N(120, 34.64): 13.82."""
    if sd == 0:
        return max(mean - x, 0.0)
    return sd * standard_normal_loss((x - mean) / sd)


def normal_second_loss(x: float, *, mean: float, sd: float) -> float:
    """E[((D - x)+)²] / 2 of a normal demand."""
    return sd * sd * standard_normal_second_loss((x - mean) / sd)


def lognormal_loss(x: float, *, mu: float, sigma: float) -> float:
    """exp(μ + σ²/2) Φ((μ + σ² - ln x) / σ) - x (1 - Φ((ln x - μ) / σ)), x above 0."""
    if x <= 0:
        return math.exp(mu + sigma * sigma / 2) - x
    served = stats.norm.cdf((mu + sigma * sigma - math.log(x)) / sigma)
    return float(math.exp(mu + sigma * sigma / 2) * served - x * stats.norm.sf((math.log(x) - mu) / sigma))


def poisson_loss(x: float, *, mean: float) -> float:
    """μ P(D ≥ x) - x P(D > x) for whole x. Worked: mean 15, x = 18: 0.517610."""
    if x < 0:
        return mean - x
    return float((mean - x) * stats.poisson.sf(x, mean) + mean * stats.poisson.pmf(x, mean))


def discrete_loss(x: float, distribution: Distribution) -> float:
    """E[(D - x)+] of a demand in whole units: μ - Σ P(D > y) over y = 0 … x - 1, and a line between whole x.

    A negative x leaves everything unserved: μ - x.
    """
    mean = float(distribution.mean())
    if x <= 0:
        return mean - x
    whole = math.floor(x)
    loss = mean - float(np.sum(distribution.sf(np.arange(whole))))
    return loss - (x - whole) * float(distribution.sf(whole))
