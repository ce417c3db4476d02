"""Continuous review: order Q when the position falls to r. Snyder and Shen, chapter 5.

K per order, h per unit and time held, p per unit and time owed (per unit short in the expected-inventory form), demand per
unit of time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import optimize, stats

from insights.calc.inventory_theory.distributions import poisson
from insights.calc.inventory_theory.economic_order import economic_order, economic_order_with_backorders
from insights.calc.inventory_theory.loss import normal_loss, normal_second_loss
from insights.calc.inventory_theory.newsvendor import critical_ratio, newsvendor_cost

TOLERANCE = 1e-9
MOST_ROUNDS = 1000


@dataclass(frozen=True)
class ReorderPoint:
    """Reorder point ``r``, quantity ``Q`` and the expected cost per unit of time (NaN where the method gives none)."""

    r: float
    Q: float
    cost: float = math.nan


@dataclass(frozen=True)
class NormalDemand:
    """Costs and a normal demand: ``mean`` and ``sd`` per unit of time, lead time in the same unit."""

    h: float
    p: float
    K: float
    mean: float
    sd: float
    lead_time: float

    @property
    def lead_mean(self) -> float:
        return self.mean * self.lead_time

    @property
    def lead_sd(self) -> float:
        return self.sd * math.sqrt(self.lead_time)

    def loss(self, stock: float) -> float:
        return normal_loss(stock, mean=self.lead_mean, sd=self.lead_sd)


def reorder_point_poisson(*, h: float, p: float, K: float, demand: float, lead_time: float) -> ReorderPoint:
    """The exact optimum (Federgruen and Zheng 1992): widen [r + 1, r + Q] by the cheaper neighbour while that saves.

    g(r, Q) = (K λ + Σ G(y), y = r + 1 … r + Q) / Q, G the newsvendor's cost of the lead time. Worked: h 20, p 150, K 100,
    λ 1.5, L 2: r 3, Q 5, cost 107.92.
    """
    lead_time_demand = poisson(mean=demand * lead_time)

    def cost_at(stock: int) -> float:
        return newsvendor_cost(stock, h=h, p=p, distribution=lead_time_demand)

    best = int(lead_time_demand.ppf(critical_ratio(h=h, p=p)))
    r, Q, total = best - 1, 1, K * demand + cost_at(best)
    while True:
        below, above = cost_at(r), cost_at(r + Q + 1)
        if min(below, above) >= total / Q:
            return ReorderPoint(r, Q, total / Q)
        total += min(below, above)
        r, Q = (r - 1, Q + 1) if below <= above else (r, Q + 1)


def expected_inventory_level(demand: NormalDemand) -> ReorderPoint:
    """Hadley and Whitin: p per unit short. 1 - F(r) = Q h / (p λ), Q = √(2 λ (K + p n(r)) / h), in turn until both stand."""

    def reorder_at(quantity: float) -> float:
        short = min(quantity * demand.h / (demand.p * demand.mean), 1 - TOLERANCE)
        return demand.lead_mean + demand.lead_sd * float(stats.norm.isf(short))

    def quantity_at(r: float) -> float:
        return math.sqrt(2 * demand.mean * (demand.K + demand.p * demand.loss(r)) / demand.h)

    r, Q = _settle(demand, reorder_at, quantity_at)
    held = demand.h * (r - demand.lead_mean + Q / 2)
    return ReorderPoint(r, Q, held + (demand.K + demand.p * demand.loss(r)) * demand.mean / Q)


def economic_quantity_with_backorders(demand: NormalDemand) -> ReorderPoint:
    """Q as if demand were steady, r where the newsvendor's costs of r and r + Q are alike."""
    Q = economic_order_with_backorders(K=demand.K, h=demand.h, p=demand.p, demand=demand.mean).quantity

    def difference(r: float) -> float:
        return _lead_time_cost(demand, r) - _lead_time_cost(demand, r + Q)

    best = demand.lead_mean + demand.lead_sd * float(stats.norm.ppf(critical_ratio(h=demand.h, p=demand.p)))
    return ReorderPoint(float(optimize.brentq(difference, best - Q, best)), Q)


def economic_quantity_with_safety_stock(demand: NormalDemand) -> ReorderPoint:
    """Q as if demand were steady, r the newsvendor's quantile of the lead time."""
    Q = economic_order(K=demand.K, h=demand.h, demand=demand.mean).quantity
    z = float(stats.norm.ppf(critical_ratio(h=demand.h, p=demand.p)))
    return ReorderPoint(demand.lead_mean + z * demand.lead_sd, Q)


def loss_function_approximation(demand: NormalDemand) -> ReorderPoint:
    """n(r) = h Q / (h + p), Q = √(2 (K λ + (h + p) n²(r)) / h), in turn until both stand."""
    ratio = demand.h / (demand.h + demand.p)

    def reorder_at(quantity: float) -> float:
        top = demand.lead_mean + 12 * demand.lead_sd
        bottom = demand.lead_mean - quantity - 12 * demand.lead_sd
        return float(optimize.brentq(lambda r: demand.loss(r) - ratio * quantity, bottom, top))

    def quantity_at(r: float) -> float:
        second = normal_second_loss(r, mean=demand.lead_mean, sd=demand.lead_sd)
        return math.sqrt(2 * (demand.K * demand.mean + (demand.h + demand.p) * second) / demand.h)

    return ReorderPoint(*_settle(demand, reorder_at, quantity_at))


def _lead_time_cost(demand: NormalDemand, stock: float) -> float:
    loss = demand.loss(stock)
    return demand.h * (stock - demand.lead_mean + loss) + demand.p * loss


def _settle(
    demand: NormalDemand, reorder_at: Callable[[float], float], quantity_at: Callable[[float], float]
) -> tuple[float, float]:
    """Fixed point of the two equations, from the economic quantity. Raises ``ValueError`` where there is none."""
    Q = economic_order(K=demand.K, h=demand.h, demand=demand.mean).quantity
    for _ in range(MOST_ROUNDS):
        r = reorder_at(Q)
        following = quantity_at(r)
        if abs(following - Q) <= TOLERANCE * Q:
            return r, following
        Q = following
    raise ValueError("the reorder point and the quantity do not settle")
