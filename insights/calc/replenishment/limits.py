"""From a need to an order that can be placed: packs, minimum order, maximum, shelf life. All arrays are N, in units."""

from __future__ import annotations

import numpy as np

from insights.calc.replenishment.arrays import Bools, Floats
from insights.calc.replenishment.expectations import Needs, UnitCosts, expected_cost, quantile

LARGEST_QUANTITY = 2_147_483_647.0


def to_packs(need: Floats, pack: Floats, needs: Needs, costs: UnitCosts) -> Floats:
    """Whole packs: the number under or over the need, whichever costs less on average; on a tie, more.

    Expected cost is convex, so no other number of packs is better.
    """
    lower = np.floor(need / pack + 1e-9) * pack
    upper = np.ceil(need / pack - 1e-9) * pack
    over_is_cheaper = expected_cost(needs, costs, upper) <= expected_cost(needs, costs, lower)
    return np.where(over_is_cheaper, upper, lower)


def to_minimum_order(
    quantity: Floats, minimum_order: Floats, pack: Floats, needs: Needs, costs: UnitCosts, required: Bools
) -> Floats:
    """At least the minimum order, in whole packs, where that costs less than to order nothing; else nothing.

    ``required`` rows are raised in any case: their need is no estimate (the minimum stock).
    """
    least = np.ceil(minimum_order / pack - 1e-9) * pack
    raised = np.maximum(quantity, least)
    pays = required | (expected_cost(needs, costs, raised) <= expected_cost(needs, costs, np.zeros(len(quantity))))
    return np.where((quantity > 0) & ((quantity >= least) | pays), raised, 0.0)


def room_under_maximum(position: Floats, maximum: Floats, pack: Floats) -> Floats:
    """The most packs (in units) that keep the position at or under the maximum; endless where none is set (0)."""
    room = np.floor(np.maximum(maximum - position, 0) / pack + 1e-9) * pack
    return np.where(maximum > 0, room, np.inf)


def room_in_shelf_life(needs: Needs, pack: Floats, tolerated_waste: float) -> Floats:
    """The most packs whose last unit passes its shelf life with at most the tolerated probability."""
    if needs.in_shelf_life is None:
        return np.full(len(pack), np.inf)
    most = np.maximum(quantile(needs.in_shelf_life, np.full(len(pack), tolerated_waste)), 0)
    return np.where(np.isfinite(most), np.floor(most / pack + 1e-9) * pack, np.inf)


def within(quantity: Floats, room: Floats, minimum_order: Floats) -> Floats:
    """Down to the room; an order that would fall under its minimum is left out."""
    cut = np.minimum(quantity, room)
    return np.where((cut < quantity) & (cut < minimum_order), 0.0, cut)
