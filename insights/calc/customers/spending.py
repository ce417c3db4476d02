"""What a purchase is worth: the Gamma-Gamma model (Fader & Hardie 2013, "The Gamma-Gamma model of monetary value")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln

from insights.calc.customers.days import Floats, TooFewCustomersError

MOST_CORRELATION = 0.3
LEAST_REPEATERS = 10


class DependentValueError(ValueError):
    """Who buys often also buys for more: the model's independence does not hold."""


@dataclass(frozen=True)
class SpendingModel:
    """Values of one customer's purchases are Gamma(p, ν), ν ~ Gamma(q, v); in the data's currency."""

    p: float
    q: float
    v: float
    log_likelihood: float
    correlation: float

    def expected_value(self, frequency: Floats, mean_value: Floats) -> Floats:
        """The mean of the customer's future purchases; the company's where none was seen. Needs q > 1.

        (v + x·m) p / (p·x + q − 1). Worked: the CDNOW parameters, x = 2 and m = 22.35 give 24.66.
        """
        x = np.asarray(frequency, dtype=np.float64)
        return np.asarray(self.p * (self.v + x * mean_value) / (self.p * x + self.q - 1))


def fit_spending(frequency: Floats, mean_value: Floats) -> SpendingModel:
    """Fit on customers who came back and whose mean value is over 0.

    Raises ``TooFewCustomersError`` under 10 of them, ``DependentValueError`` where value and frequency correlate
    by more than 0.3 (Pearson).
    """
    usable = (frequency > 0) & (mean_value > 0)
    x, m = frequency[usable], mean_value[usable]
    if len(x) < LEAST_REPEATERS:
        raise TooFewCustomersError(f"the value of a purchase needs {LEAST_REPEATERS} customers who came back")
    correlation = value_correlation(x, m)
    if abs(correlation) > MOST_CORRELATION:
        raise DependentValueError(
            f"frequency and value of purchases correlate by {correlation:.2f}, over {MOST_CORRELATION}: the"
            " Gamma-Gamma model would misprice frequent customers"
        )
    scale = float(m.mean())
    scaled = m / scale

    def loss(logs: Floats) -> float:
        p, q, v = np.exp(logs)
        total = -float(_log_likelihood(p, q, v, x, scaled)) / len(x)
        return total if np.isfinite(total) else 1e10

    start = minimize(loss, np.log([2.0, 3.0, 1.0]), method="L-BFGS-B", bounds=[(-8.0, 10.0)] * 3)
    best = minimize(loss, start.x, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-13, "maxiter": 4000})
    p, q, v = np.exp(best.x).tolist()
    if q <= 1.01:
        raise DependentValueError("purchases differ so widely that their mean value is not defined (Gamma-Gamma q ≤ 1)")
    # Fader and Hardie's density is of the mean value itself: dividing by the scale has to be paid back.
    likelihood = -float(best.fun) * len(x) - len(x) * np.log(scale)
    return SpendingModel(p, q, v * scale, likelihood, correlation)


def value_correlation(frequency: Floats, mean_value: Floats) -> float:
    """Pearson's, of frequency and mean value; 0 where either does not vary."""
    if frequency.std() == 0 or mean_value.std() == 0:
        return 0.0
    return float(np.corrcoef(frequency, mean_value)[0, 1])


def _log_likelihood(p: float, q: float, v: float, x: Floats, m: Floats) -> float:
    px = p * x
    each = (
        gammaln(px + q)
        - gammaln(px)
        - gammaln(q)
        + q * np.log(v)
        + (px - 1) * np.log(m)
        + px * np.log(x)
        - (px + q) * np.log(v + x * m)
    )
    return float(each.sum())
