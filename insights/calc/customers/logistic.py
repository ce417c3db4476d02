"""One-variable logistic regression: the recency rule, and Platt's calibration of a score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from insights.calc.customers.days import Floats

STEPS = 50
RIDGE = 1e-4  # keeps the slope finite where the variable separates both outcomes


@dataclass(frozen=True)
class Logistic:
    """P = 1 / (1 + exp(−(intercept + slope·x)))."""

    intercept: float
    slope: float

    def probability(self, x: Floats) -> Floats:
        return np.asarray(expit(self.intercept + self.slope * x))


def fit_logistic(x: Floats, happened: Floats) -> Logistic:
    """Newton's method on the penalised likelihood. Worked: x = 0, 0, 1, 1 and 0, 1, 0, 1 happened: both are 0."""
    X = np.column_stack([np.ones(len(x)), x])
    beta = np.zeros(2)
    for _ in range(STEPS):
        p = expit(X @ beta)
        gradient = X.T @ (happened - p) - RIDGE * beta
        hessian = (X * (p * (1 - p))[:, None]).T @ X + RIDGE * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        beta = beta + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-9:
            break
    return Logistic(float(beta[0]), float(beta[1]))
