"""How often customers buy, and until when: BG/NBD and MBG/NBD by maximum likelihood.

While alive a customer buys by a Poisson process of rate λ ~ Gamma(r, α); after every purchase the customer leaves for
good with chance p ~ Beta(a, b). BG/NBD: Fader, Hardie & Lee (2005), "Counting your customers the easy way". MBG/NBD lets
the customer leave after the very first purchase as well: Batislam, Denizel & Filiztekin (2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaincinv, betaln, gammaln, hyp2f1

from insights.calc.customers.days import Floats, PurchaseSummary, TooFewCustomersError

LEAST_CUSTOMERS = 30
LEAST_REPEATERS = 10
STARTS = ((1.0, 10.0, 1.0, 3.0), (0.3, 4.0, 0.8, 2.5), (2.0, 20.0, 0.5, 10.0))
FINE = {"xatol": 1e-7, "fatol": 1e-12, "maxiter": 2000}
LOG_BOUNDS = (-8.0, 9.0)
NEARLY_ALIKE = 30.0  # from this a on, customers' chances to leave hardly differ
QUANTILES = (np.arange(15) + 0.5) / 15


class NotConvergedError(ValueError):
    """The likelihood has no maximum that these data could show."""


@dataclass(frozen=True)
class PurchaseModel:
    """Fitted parameters in the unit of time of the data (weeks). ``is_modified``: MBG/NBD."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    is_modified: bool

    @property
    def name(self) -> str:
        return "mbg_nbd" if self.is_modified else "bg_nbd"

    def chances_to_leave(self, frequency: Floats) -> Floats:
        """After how many purchases each customer could have left and did not: the beta's second parameter less b."""
        return frequency + 1 if self.is_modified else frequency

    def probability_alive(self, frequency: Floats, recency: Floats, age: Floats) -> Floats:
        """Worked (CDNOW): x = 2, t_x = 30.43, T = 38.86: 0.72661. BG/NBD says 1 of everybody who bought once."""
        x = np.asarray(frequency, dtype=np.float64)
        left = self.b + self.chances_to_leave(x) - 1
        ratio = (self.r + x) * (np.log(self.alpha + age) - np.log(self.alpha + recency))
        with np.errstate(over="ignore"):
            odds = np.exp(ratio + np.log(self.a) - np.log(np.maximum(left, 1e-12)))
        return np.asarray(np.where((x == 0) & (not self.is_modified), 1.0, 1 / (1 + odds)))

    def expected_if_alive(self, frequency: Floats, age: Floats, horizon: Floats | float) -> Floats:
        """Purchases within ``horizon`` after the end of a customer who is still alive.

        E[(1 − e^(−λpt)) / p] over the posterior; Euler's transformation keeps the hypergeometric function small.
        """
        x = np.asarray(frequency, dtype=np.float64)
        b = self.b + self.chances_to_leave(x)
        if self.a > NEARLY_ALIKE:
            return self._expected_over_quantiles(x, b, np.asarray(age), horizon)
        z = np.asarray(horizon, dtype=np.float64) / (self.alpha + age + horizon)
        a = self.a if abs(self.a - 1) > 1e-6 else 1 + 1e-6  # the limit exists, the formula has a pole
        rest = (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - self.r - x, a - 1, a + b - 1, z)
        return np.asarray((a + b - 1) / (a - 1) * (1 - rest))

    def _expected_over_quantiles(self, x: Floats, b: Floats, age: Floats, horizon: Floats | float) -> Floats:
        """The same where the hypergeometric function overflows: the mean over quantiles of the narrow Beta(a, b)."""
        total = np.zeros(np.broadcast(x, age, horizon).shape)
        for quantile in QUANTILES:
            leaves = np.maximum(betaincinv(self.a, b, quantile), 1e-12)
            total += -np.expm1(-(self.r + x) * np.log1p(leaves * horizon / (self.alpha + age))) / leaves
        return np.asarray(total / len(QUANTILES))

    def expected_purchases(self, frequency: Floats, recency: Floats, age: Floats, horizon: Floats | float) -> Floats:
        """Worked (CDNOW, BG/NBD): x = 2, t_x = 30.43, T = 38.86, 39 weeks ahead: 1.226."""
        alive = self.probability_alive(frequency, recency, age)
        return np.asarray(alive * self.expected_if_alive(frequency, age, horizon))

    def expected_of_new_customer(self, horizon: Floats | float) -> Floats:
        """Purchases after the first one of somebody of whom nothing else is known."""
        nothing = np.zeros_like(np.asarray(horizon, dtype=np.float64))
        return self.expected_purchases(nothing, nothing, nothing, horizon)


def log_likelihoods(
    r: float, alpha: float, a: float, b: float, *, summary: PurchaseSummary, is_modified: bool
) -> Floats:
    """One per customer. Either term may be tiny, so that they are added as logarithms."""
    x, recency, age = summary.frequency, summary.recency_weeks, summary.age_weeks
    chances = x + 1 if is_modified else x
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stays = betaln(a, b + chances) - betaln(a, b) - (r + x) * np.log(alpha + age)
    can_leave = chances > 0
    left = np.where(
        can_leave,
        betaln(a + 1, b + np.maximum(chances, 1) - 1) - betaln(a, b) - (r + x) * np.log(alpha + recency),
        -np.inf,
    )
    return np.asarray(rate + np.logaddexp(stays, left))


def fit_purchases(summary: PurchaseSummary, *, is_modified: bool = False) -> PurchaseModel:
    """Maximum likelihood from several starts. Raises ``TooFewCustomersError`` and ``NotConvergedError``."""
    repeaters = int((summary.frequency > 0).sum())
    if len(summary.frequency) < LEAST_CUSTOMERS or repeaters < LEAST_REPEATERS:
        raise TooFewCustomersError(
            f"lifetime value needs {LEAST_CUSTOMERS} customers and {LEAST_REPEATERS} who came back; there are"
            f" {len(summary.frequency)} and {repeaters}"
        )
    distinct, weight = _distinct(summary)
    scale = float(distinct.age_weeks.max()) / 40 or 1.0  # the starts are for about 40 units of time
    count = weight.sum()

    def loss(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs)
        found = log_likelihoods(r, alpha, a, b, summary=distinct, is_modified=is_modified)
        total = -float(weight @ found) / count
        return total if np.isfinite(total) else 1e10

    best = None
    for r, alpha, a, b in STARTS:
        start = np.log([r, alpha * scale, a, b])
        found = minimize(loss, start, method="L-BFGS-B", bounds=[LOG_BOUNDS] * 4)
        if best is None or found.fun < best.fun:
            best = found
    assert best is not None  # noqa: S101  there is a start
    best = minimize(loss, best.x, method="Nelder-Mead", bounds=[LOG_BOUNDS] * 4, options=FINE)
    if not np.isfinite(best.fun) or best.fun >= 1e9:
        raise NotConvergedError("the purchases of these customers fit no BG/NBD model")
    r, alpha, a, b = np.exp(best.x).tolist()
    return PurchaseModel(r, alpha, a, b, -float(best.fun * count), is_modified)


def _distinct(summary: PurchaseSummary) -> tuple[PurchaseSummary, Floats]:
    """Customers with the same history count once, with their number as weight."""
    columns = np.column_stack([summary.frequency, summary.recency_weeks, summary.age_weeks])
    rows, counts = np.unique(columns, axis=0, return_counts=True)
    x, recency, age = rows.T
    nothing = np.zeros(len(rows))
    return PurchaseSummary(np.arange(len(rows)), x, recency, age, nothing, nothing, nothing), counts.astype(np.float64)
