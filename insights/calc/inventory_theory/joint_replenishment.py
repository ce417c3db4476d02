"""Several items of one supplier share the cost of an order: how often to order, and each item every how many times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class JointReplenishment:
    """Order every ``interval``; item i takes part in every ``multiples[i]``-th order. Cost per unit of time."""

    interval: float
    multiples: tuple[int, ...]
    cost: float


def joint_replenishment(
    *, K_major: float, K_minor: Sequence[float], h: Sequence[float], demand: Sequence[float]
) -> JointReplenishment:
    """Silver's heuristic (1976). The item with the least k / (h λ) is in every order; m_i = √(k_i h_1 λ_1 / (h_i λ_i (K + k_1))).

    Worked: K 600, k 120/840/300, h 160/20/50: every 3.1032, multiples 1, 3, 1, cost 837.85. Raises ``ValueError`` without
    items, and unless holding costs and demand are above 0.
    """
    rates = [one * units for one, units in zip(h, demand, strict=True)]
    if not rates or len(rates) != len(K_minor) or min(rates) <= 0:
        raise ValueError("each item needs a minor cost, and holding cost and demand above 0")
    least = min(range(len(rates)), key=lambda item: K_minor[item] / rates[item])
    base = rates[least] / (K_major + K_minor[least])
    multiples = tuple(
        1 if item == least else max(round(math.sqrt(K_minor[item] / rates[item] * base)), 1)
        for item in range(len(rates))
    )
    orders = K_major + sum(minor / times for minor, times in zip(K_minor, multiples, strict=True))
    held = sum(rate * times for rate, times in zip(rates, multiples, strict=True))
    return JointReplenishment(math.sqrt(2 * orders / held), multiples, math.sqrt(2 * orders * held))
