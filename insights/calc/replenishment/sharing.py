"""Orders that share something: a supplier's minimum order value, or a budget. Units go where they are worth most."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from insights.calc.replenishment.arrays import Floats, Ints

# Saved money of one more step: (row, from units, to units).
Benefit = Callable[[int, float, float], float]


@dataclass(frozen=True)
class Spending:
    """``quantities`` (N units) and what they cost together."""

    quantities: Floats
    spent: float


def spend_budget(
    budget: float, *, unit_cost: Floats, step: Floats, first_step: Floats, most: Floats, benefit: Benefit
) -> Spending:
    """Greedy marginal analysis: the step that saves most per money spent, while it saves anything and can be paid.

    ``step`` units per row (a pack), ``first_step`` at first (the minimum order), up to ``most``. A row whose next step is too
    dear for the rest drops out; cheaper ones go on. The benefit of a row's steps must not rise. Worked: costs 4, 10, 1.5, worth
    2, 5, 20 a missed unit, Poisson 10, 6, 30, budget 60: 0, 0, 40. Raises ``ValueError`` for a negative or unknown budget.
    """
    if not budget >= 0:
        raise ValueError("a budget must be at least 0")
    quantities = np.zeros(len(unit_cost))
    spent = 0.0
    waiting: list[tuple[float, int, float]] = []

    def offer(row: int) -> None:
        more = first_step[row] if quantities[row] == 0 else step[row]
        reached = quantities[row] + more
        if more <= 0 or reached > most[row] + 1e-9:
            return
        saved = benefit(row, float(quantities[row]), float(reached))
        price = float(more * unit_cost[row])
        if saved > 0:
            heapq.heappush(waiting, (-saved / price if price > 0 else -np.inf, row, price))

    for row in range(len(unit_cost)):
        offer(row)
    while waiting:
        _, row, price = heapq.heappop(waiting)
        if spent + price > budget + 1e-9:
            continue
        spent += price
        quantities[row] += first_step[row] if quantities[row] == 0 else step[row]
        offer(row)
    return Spending(quantities, spent)


def fill_to_minimum(
    quantities: Floats, minimum_value: float, *, unit_cost: Floats, step: Floats, most: Floats, benefit: Benefit
) -> Floats | None:
    """Raise one supplier's order to its minimum value by the steps that save most, or cost least, per money.

    None where even all rows at ``most`` do not reach it. Worked: 80 of 100 ordered; the cheapest steps make it 100 or just over.
    """
    filled = quantities.astype(float).copy()
    value = float((filled * unit_cost).sum())
    waiting: list[tuple[float, int]] = []

    def offer(row: int) -> None:
        reached = filled[row] + step[row]
        price = step[row] * unit_cost[row]
        if step[row] > 0 and price > 0 and reached <= most[row] + 1e-9:
            heapq.heappush(waiting, (-benefit(row, float(filled[row]), float(reached)) / price, row))

    for row in range(len(filled)):
        offer(row)
    while value < minimum_value - 1e-9:
        if not waiting:
            return None
        _, row = heapq.heappop(waiting)
        filled[row] += step[row]
        value += float(step[row] * unit_cost[row])
        offer(row)
    return filled


def groups_of(keys: Ints) -> list[Ints]:
    """The places of each key that is at least 0."""
    order = np.argsort(keys, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)
    return [part.astype(np.int64) for part in parts if len(part) and keys[part[0]] >= 0]
