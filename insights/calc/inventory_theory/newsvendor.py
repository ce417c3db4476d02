"""One order for one period: stock left over costs h a unit, stock missed costs p a unit. Snyder and Shen, chapter 4.3.

The order is the quantile p / (p + h) of demand; the expected cost is h E[(S - D)+] + p E[(D - S)+].
"""

from __future__ import annotations

from dataclasses import dataclass

from scipy import stats

from insights.calc.inventory_theory.distributions import Distribution, lognormal, poisson
from insights.calc.inventory_theory.loss import discrete_loss, lognormal_loss, normal_loss


@dataclass(frozen=True)
class Newsvendor:
    """``order_up_to`` units and the expected ``cost`` of a period."""

    order_up_to: float
    cost: float


def critical_ratio(*, h: float, p: float) -> float:
    """p / (p + h). Raises ``ValueError`` unless both are above 0."""
    if not (h > 0 and p > 0):
        raise ValueError("both costs of the newsvendor must be above 0")
    return p / (p + h)


def newsvendor_normal(*, h: float, p: float, mean: float, sd: float) -> Newsvendor:
    """Worked: h 0.18, p 0.7, N(50, 8): S 56.604, cost 1.9976."""
    order_up_to = mean + sd * float(stats.norm.ppf(critical_ratio(h=h, p=p)))
    return Newsvendor(order_up_to, _cost(order_up_to, h, p, mean, normal_loss(order_up_to, mean=mean, sd=sd)))


def newsvendor_lognormal(*, h: float, p: float, mu: float, sigma: float) -> Newsvendor:
    """Demand exp(N(mu, sigma))."""
    demand = lognormal(mu=mu, sigma=sigma)
    order_up_to = float(demand.ppf(critical_ratio(h=h, p=p)))
    loss = lognormal_loss(order_up_to, mu=mu, sigma=sigma)
    return Newsvendor(order_up_to, _cost(order_up_to, h, p, float(demand.mean()), loss))


def newsvendor_discrete(*, h: float, p: float, distribution: Distribution) -> Newsvendor:
    """The least whole number whose probability of being enough is the critical ratio."""
    order_up_to = float(distribution.ppf(critical_ratio(h=h, p=p)))
    return Newsvendor(order_up_to, newsvendor_cost(order_up_to, h=h, p=p, distribution=distribution))


def newsvendor_poisson(*, h: float, p: float, mean: float) -> Newsvendor:
    """Worked: h 1, p 4, mean 6: S 8, cost 3.5701."""
    return newsvendor_discrete(h=h, p=p, distribution=poisson(mean=mean))


def newsvendor_cost(order_up_to: float, *, h: float, p: float, distribution: Distribution) -> float:
    """Expected cost of a period with ``order_up_to`` in stock, demand in whole units."""
    loss = discrete_loss(order_up_to, distribution)
    return _cost(order_up_to, h, p, float(distribution.mean()), loss)


def _cost(order_up_to: float, h: float, p: float, mean: float, loss: float) -> float:
    return h * (order_up_to - mean + loss) + p * loss
