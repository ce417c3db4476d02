"""Order sizes for demand that is known and changes, and (s, S) levels for demand that is not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from insights.calc.inventory_theory.distributions import Distribution
from insights.calc.inventory_theory.newsvendor import critical_ratio, newsvendor_cost


@dataclass(frozen=True)
class LotSizes:
    """``orders`` units per period and the total ``cost`` of orders and closing stocks."""

    orders: tuple[float, ...]
    cost: float


def wagner_whitin(*, h: float, K: float, demand: Sequence[float]) -> LotSizes:
    """The cheapest plan for known demand: K per order, h per unit left at the end of a period (Wagner and Whitin 1958).

    θ(t) = min over s of K + h Σ (i - t) d(i) + θ(s), from the end. Worked: h 2, K 500, 90/120/80/70: orders 210, 0, 150, 0;
    cost 1,380. An empty demand costs nothing; a negative one raises ``ValueError``.
    """
    if any(not units >= 0 for units in demand):
        raise ValueError("demand must be at least 0")
    periods = len(demand)
    least, following = [0.0] * (periods + 1), [periods] * (periods + 1)
    for period in range(periods - 1, -1, -1):
        least[period], following[period] = min(
            (_cost_of_one_order(h, K, demand[period:end]) + least[end], end) for end in range(period + 1, periods + 1)
        )
        if demand[period] == 0 and least[period + 1] <= least[period]:
            least[period], following[period] = least[period + 1], period + 1
    orders, period = [0.0] * periods, 0
    while period < periods:
        orders[period] = float(sum(demand[period : following[period]]))
        period = following[period]
    return LotSizes(tuple(orders), least[0])


def _cost_of_one_order(h: float, K: float, demand: Sequence[float]) -> float:
    """Of an order that covers all of ``demand`` from its first period."""
    return K + h * sum(wait * units for wait, units in enumerate(demand))


@dataclass(frozen=True)
class OrderLevels:
    """Order up to ``S`` when the position is at or under ``s``; expected ``cost`` per period (NaN: not given)."""

    s: float
    S: float
    cost: float = math.nan


def order_levels(*, h: float, p: float, K: float, distribution: Distribution) -> OrderLevels:
    """The exact optimum for whole units without lead time, unmet demand waits (Zheng and Federgruen 1991).

    Worked: h 1, p 4, K 5, Poisson(6): s 4, S 10, cost 8.0341.
    """
    renewals = _Renewals(h, p, K, distribution)
    best_stock = int(distribution.ppf(critical_ratio(h=h, p=p)))
    s = best_stock - 1
    while renewals.cost(s, best_stock) > renewals.one_period(s):
        s -= 1
    S, least = best_stock, renewals.cost(s, best_stock)
    candidate = S + 1
    while renewals.one_period(candidate) <= least:
        if renewals.cost(s, candidate) < least:
            S = candidate
            while renewals.cost(s, S) <= renewals.one_period(s + 1):
                s += 1
            least = renewals.cost(s, S)
        candidate += 1
    return OrderLevels(s, S, least)


class _Renewals:
    """Cost of an (s, S) pair: c(s, S) = (K + Σ m(d) G(S - d)) / M(S - s), m the renewal density of demand."""

    def __init__(self, h: float, p: float, K: float, distribution: Distribution) -> None:
        self.h, self.p, self.K, self.distribution = h, p, K, distribution
        self.density = [1 / (1 - float(distribution.pmf(0)))]

    def one_period(self, stock: int) -> float:
        return newsvendor_cost(stock, h=self.h, p=self.p, distribution=self.distribution)

    def cost(self, s: int, S: int) -> float:
        density = np.array([self._density(units) for units in range(S - s)])
        costs = np.array([self.one_period(S - units) for units in range(S - s)])
        return float((self.K + density @ costs) / density.sum())

    def _density(self, units: int) -> float:
        while len(self.density) <= units:
            place = len(self.density)
            parts = self.distribution.pmf(np.arange(place, 0, -1)) @ np.array(self.density)
            self.density.append(float(parts) * self.density[0])
        return self.density[units]


def power_approximation(*, h: float, p: float, K: float, mean: float, sd: float) -> OrderLevels:
    """(s, S) from regressions (Ehrhardt and Mosier 1984), no lead time; meant for S - s above 1.5 × mean.

    Worked: h 0.18, p 0.7, K 2.5, N(50, 8): s 40.1946, S 74.2902.
    """
    quantity = 1.30 * mean**0.494 * (K / h) ** 0.506 * (1 + sd**2 / mean**2) ** 0.116
    z = math.sqrt(quantity * h / (sd * p))
    s = 0.973 * mean + sd * (0.183 / z + 1.063 - 2.192 * z)
    return OrderLevels(s, s + quantity)
