"""Economic order quantities: a known, steady demand. Nahmias; Snyder and Shen, chapter 3.

K is the cost of placing an order, h of holding a unit for a unit of time, p of owing a unit for a unit of time, i the
interest on a unit's price per unit of time, ``demand`` units per unit of time. All raise ``ValueError`` unless these are above 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class EconomicOrder:
    """``quantity`` per order and ``cost`` per unit of time. ``region`` is the price bracket; ``backordered_share`` of demand."""

    quantity: float
    cost: float
    region: int = 0
    backordered_share: float = 0.0


def economic_order(*, K: float, h: float, demand: float) -> EconomicOrder:
    """Q = √(2 K λ / h), cost = √(2 K λ h). Harris 1913. Worked: K 8, h 0.225, λ 1,300: Q 304.05, cost 68.41."""
    _require_positive(K=K, h=h, demand=demand)
    return EconomicOrder(math.sqrt(2 * K * demand / h), math.sqrt(2 * K * demand * h))


def cost_of_other_quantity(ratio: float) -> float:
    """Cost of ordering ``ratio`` times the economic quantity, over the least cost: (r + 1/r) / 2. Worked: 1.5: 1.0833."""
    _require_positive(ratio=ratio)
    return (ratio + 1 / ratio) / 2


def economic_order_with_backorders(*, K: float, h: float, p: float, demand: float) -> EconomicOrder:
    """Q = √(2 K λ (h + p) / (h p)); the share h / (h + p) is delivered late."""
    _require_positive(K=K, h=h, p=p, demand=demand)
    quantity = math.sqrt(2 * K * demand * (h + p) / (h * p))
    return EconomicOrder(quantity, math.sqrt(2 * K * demand * h * p / (h + p)), backordered_share=h / (h + p))


def economic_production(*, K: float, h: float, demand: float, production_rate: float) -> EconomicOrder:
    """Goods come at a rate, not at once: h is only paid for the share 1 - λ/μ. The rate must be above the demand."""
    _require_positive(K=K, h=h, demand=demand, production_rate=production_rate)
    if production_rate <= demand:
        raise ValueError("the production rate must be above the demand")
    return economic_order(K=K, h=h * (1 - demand / production_rate), demand=demand)


def economic_order_all_units_discount(
    *, K: float, i: float, demand: float, breakpoints: Sequence[float], unit_costs: Sequence[float]
) -> EconomicOrder:
    """From breakpoint j on every unit costs c_j. The best of each bracket's quantity, raised to its breakpoint.

    Worked: K 200, i 0.2, λ 1,000, 500/475/450 from 0/200/500: 500 units, cost 472,900.
    """
    _require_brackets(breakpoints, unit_costs)
    _require_positive(K=K, i=i, demand=demand)
    found = []
    for region, (start, unit_cost) in enumerate(zip(breakpoints, unit_costs, strict=True)):
        quantity = max(economic_order(K=K, h=i * unit_cost, demand=demand).quantity, start)
        if quantity < _end(breakpoints, region):
            cost = unit_cost * demand + K * demand / quantity + i * unit_cost * quantity / 2
            found.append(EconomicOrder(quantity, cost, region))
    return min(found, key=lambda order: order.cost)


def economic_order_incremental_discount(
    *, K: float, i: float, demand: float, breakpoints: Sequence[float], unit_costs: Sequence[float]
) -> EconomicOrder:
    """Only the units past breakpoint j cost c_j: what the dearer first units cost more acts like order cost.

    Worked: K 150, i 0.25, λ 2,400, 100/90/80 from 0/300/600: 1,481.89 units, cost 222,762.81.
    """
    _require_brackets(breakpoints, unit_costs)
    _require_positive(K=K, i=i, demand=demand)
    found, extra = [], 0.0
    for region, (start, unit_cost) in enumerate(zip(breakpoints, unit_costs, strict=True)):
        extra += (unit_costs[region - 1] - unit_cost) * start if region else 0.0
        order = economic_order(K=K + extra, h=i * unit_cost, demand=demand)
        if start <= order.quantity < _end(breakpoints, region):
            cost = unit_cost * demand + i * extra / 2 + order.cost
            found.append(EconomicOrder(order.quantity, cost, region))
    return min(found, key=lambda order: order.cost)


def _end(breakpoints: Sequence[float], region: int) -> float:
    return breakpoints[region + 1] if region + 1 < len(breakpoints) else math.inf


def _require_brackets(breakpoints: Sequence[float], unit_costs: Sequence[float]) -> None:
    if not breakpoints or len(breakpoints) != len(unit_costs) or breakpoints[0] != 0:
        raise ValueError("one unit cost per breakpoint, the first breakpoint being 0")
    if list(breakpoints) != sorted(set(breakpoints)) or list(unit_costs) != sorted(unit_costs, reverse=True):
        raise ValueError("breakpoints must rise and unit costs must not")
    _require_positive(unit_cost=min(unit_costs))


def _require_positive(**values: float) -> None:
    for name, value in values.items():
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be above 0, not {value}")
