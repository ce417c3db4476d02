"""The policy for one row in plain loops, path by path: what the vectorised code must agree with."""

from __future__ import annotations

import math
from collections.abc import Sequence


def stock_on_arrival(
    on_hand: float, arrivals: Sequence[float], demand_until: Sequence[float], *, has_backorders: bool
) -> tuple[float, float]:
    """Stock when the order comes in and units lost by then, along one path. ``demand_until`` each arrival, then the order."""
    stock, lost, before = on_hand if has_backorders else max(on_hand, 0.0), 0.0, 0.0
    for place, until in enumerate(demand_until):
        stock -= until - before
        before = until
        if stock < 0 and not has_backorders:
            lost -= stock
            stock = 0.0
        if place < len(arrivals):
            stock += arrivals[place]
    return stock, lost


def expected_cost(needs: Sequence[float], missed: float, held: float, quantity: float) -> float:
    """Over paths that are equally likely."""
    total = 0.0
    for need in needs:
        total += missed * max(need - quantity, 0.0) + held * max(quantity - need, 0.0)
    return total / len(needs)


def cheapest(needs: Sequence[float], missed: float, held: float, pack: int) -> float:
    """By trying every number of packs; on a tie the larger."""
    most = math.ceil(max(*needs, 0.0) / pack) * pack
    return max(
        range(0, most + 1, pack),
        key=lambda quantity: (-round(expected_cost(needs, missed, held, quantity), 9), quantity),
    )


def fill_rate_quantity(needs: Sequence[float], owed: Sequence[float], demand: float, target: float) -> int:
    """By trying every quantity from 0 on."""
    quantity = 0
    while True:
        short = sum(max(need - quantity, 0.0) for need in needs) - sum(max(one - quantity, 0.0) for one in owed)
        if short / len(needs) <= (1 - target) * demand + 1e-9:
            return quantity
        quantity += 1
