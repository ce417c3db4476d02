"""Lost sales with a lead time, exactly: the best policy, and what simple ones cost, by value iteration.

State at the start of a period, goods due just come in: stock on hand and the L - 1 orders on their way. Then an order is
placed that comes after L periods, demand is served, h is paid per unit left and p per unit missed. Zipkin 2008, Old and
new methods for lost-sales inventory systems; the projected inventory level is van Jaarsveld and Arts 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from insights.calc.inventory_theory.distributions import Distribution

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TOLERANCE = 1e-6
MOST_ROUNDS = 20_000


@dataclass(frozen=True)
class LostSales:
    """The system on a grid: stock from 0 to ``most_stock``, orders from 0 to ``most_order``, whole units.

    Arrays of the state have the axes stock, next order due, …, last order placed. Lead time 1 to 3 periods.
    """

    h: float
    p: float
    lead_time: int
    distribution: Distribution
    most_stock: int
    most_order: int

    def __post_init__(self) -> None:
        if not 1 <= self.lead_time <= 3:
            raise ValueError("exact lost sales are for lead times of 1 to 3 periods: the states are too many beyond")

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.most_stock + 1, *(self.most_order + 1,) * (self.lead_time - 1))

    def left(self) -> Floats:
        """Probability (stock before × stock after a period's demand) that so much is left."""
        before, after = np.indices((self.most_stock + 1, self.most_stock + 1))
        pmf: Any = np.where(after > 0, self.distribution.pmf(before - after), 0.0)
        pmf[:, 0] = self.distribution.sf(np.arange(self.most_stock + 1) - 1)
        return np.asarray(pmf, dtype=np.float64)

    def period_cost(self) -> Floats:
        """Expected cost of the current period by the stock at its start."""
        left = self.left() @ np.arange(self.most_stock + 1)
        missed = self.distribution.mean() - np.arange(self.most_stock + 1) + left
        return np.asarray(self.h * left + self.p * missed, dtype=np.float64)

    def projected(self) -> Floats:
        """Expected stock when an order placed now comes in, without it: per state."""
        left = self.left()
        expected: Floats = left @ np.arange(self.most_stock + 1)
        for _ in range(self.lead_time - 1):  # from the last arrival back
            expected = np.tensordot(left, self._after_arrival(expected), axes=1)
        return expected

    def _after_arrival(self, value: Floats) -> Floats:
        """From a function of (stock, later orders) to one of (stock before, order that comes in, later orders)."""
        stock, order = np.indices((self.most_stock + 1, self.most_order + 1))
        return np.asarray(value[np.minimum(stock + order, self.most_stock)])

    def continuation(self, value: Floats) -> Floats:
        """E of ``value`` after a period, by state and order: the state's axes, then the order's."""
        return np.asarray(np.tensordot(self.left(), self._after_arrival(value), axes=1))


def optimal_cost(system: LostSales) -> float:
    """The least average cost per period. Worked: Poisson(5), h 1, p 4, lead time 1: 4.041."""
    return _iterate(system, None)


def policy_cost(system: LostSales, orders: Ints) -> float:
    """The average cost per period of ordering ``orders`` (an array over the states)."""
    return _iterate(system, np.clip(orders, 0, system.most_order))


def base_stock_orders(system: LostSales, level: int) -> Ints:
    """Order what is missing from ``level`` in stock and orders together."""
    missing: Ints = level - np.indices(system.shape).sum(axis=0)
    return np.maximum(missing, 0)


def capped_base_stock_orders(system: LostSales, level: int, cap: int) -> Ints:
    """As base stock, but never more than ``cap`` at once (Xin 2021)."""
    return np.minimum(base_stock_orders(system, level), cap)


def projected_inventory_orders(system: LostSales, level: float) -> Ints:
    """Order so that the expected stock on arrival is ``level``, to the nearest whole unit."""
    return np.maximum(np.floor(level - system.projected() + 0.5), 0).astype(np.int64)


def _iterate(system: LostSales, orders: Ints | None) -> float:
    """Relative value iteration; of the best orders, or of the ones given."""
    cost = system.period_cost().reshape(-1, *(1,) * (system.lead_time - 1))
    value = np.zeros(system.shape)
    for _ in range(MOST_ROUNDS):
        future = system.continuation(value)
        if orders is None:
            following = cost + future.min(axis=-1)
        else:
            following = cost + np.take_along_axis(future, orders[..., None], axis=-1)[..., 0]
        change = following - value
        value = following - following.flat[0]
        if change.max() - change.min() < TOLERANCE:
            return float((change.max() + change.min()) / 2)
    raise ValueError("the average cost did not settle")
