"""What a quantity would cost on average, over the paths. ``need`` is N × D, sorted along D; quantities are N."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from insights.calc.replenishment.arrays import Floats

ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class UnitCosts:
    """Money per unit (N each): ``missed`` a unit not there when asked for (margin and goodwill); ``held`` a unit left over
    until the next order comes in; ``wasted`` a unit that passes its shelf life."""

    missed: Floats
    held: Floats
    wasted: Floats


@dataclass(frozen=True)
class Needs:
    """``until_next``: units of the order sold before the next one comes in; ``in_shelf_life``: before they would be wasted, or
    None where nothing perishes. Both N × D, sorted along D; negative where stock is left over without the order."""

    until_next: Floats
    in_shelf_life: Floats | None = None


def quantile(need: Floats, level: Floats) -> Floats:
    """The least path whose need is met with at least the probability ``level`` (N): N units, may be negative."""
    paths = need.shape[1]
    place = np.clip(np.ceil(level * paths - 1e-9).astype(np.int64) - 1, 0, paths - 1)
    units: Floats = np.take_along_axis(need, place[:, None], 1)[:, 0]
    return units


def expected_missed(need: Floats, quantity: Floats) -> Floats:
    """E[(need - quantity)+] (N)."""
    return _means(lambda rows: np.maximum(need[rows] - quantity[rows, None], 0), len(quantity))


def expected_left(need: Floats, quantity: Floats) -> Floats:
    """E[(quantity - need)+] (N): stock when the next order comes in."""
    return _means(lambda rows: np.maximum(quantity[rows, None] - need[rows], 0), len(quantity))


def expected_wasted(needs: Needs, quantity: Floats) -> Floats:
    """Units of the order (N) that pass their shelf life; older stock sells first and is no fault of the order."""
    if needs.in_shelf_life is None:
        return np.zeros(len(quantity))
    life, most = needs.in_shelf_life, np.maximum(quantity, 0)
    return _means(lambda rows: np.clip(quantity[rows, None] - life[rows], 0, most[rows, None]), len(quantity))


def expected_cost(needs: Needs, costs: UnitCosts, quantity: Floats) -> Floats:
    """Missed, held and wasted units in money (N). Convex in the quantity."""
    cost: Floats = (
        costs.missed * expected_missed(needs.until_next, quantity)
        + costs.held * expected_left(needs.until_next, quantity)
        + costs.wasted * expected_wasted(needs, quantity)
    )
    return cost


def chance_needed(need: Floats, quantity: Floats) -> Floats:
    """P(need > quantity) (N): how likely the unit after ``quantity`` is sold before the next order comes in."""
    return _means(lambda rows: need[rows] > quantity[rows, None], len(quantity))


def _means(values: Callable[[slice], npt.NDArray[Any]], rows: int) -> Floats:
    """Mean over the paths of what ``values`` gives for a block of rows: only a block lies in memory."""
    means = np.empty(rows)
    for start in range(0, rows, ROWS_AT_ONCE):
        block = slice(start, start + ROWS_AT_ONCE)
        means[block] = values(block).mean(axis=1)
    return means


def least_cost_quantity(needs: Needs, costs: UnitCosts) -> Floats:
    """The quantity with the least expected cost (N, at least 0).

    Without waste the quantile missed / (missed + held) of the need. With waste, by halving: the next unit pays while
    missed × P(needed) > held × P(left) + wasted × P(past its shelf life).
    """
    ratio = costs.missed / np.maximum(costs.missed + costs.held, 1e-12)
    best = np.maximum(quantile(needs.until_next, ratio), 0)
    if needs.in_shelf_life is None or not costs.wasted.any():
        return best
    low, high = np.zeros(len(best)), np.ceil(best)
    for _ in range(int(np.ceil(np.log2(high.max(initial=0) + 2)))):
        middle = np.floor((low + high) / 2)
        pays = marginal_benefit(needs, costs, middle) > 0
        low, high = np.where(pays & (middle < high), middle + 1, low), np.where(pays, high, middle)
    perishes = np.isfinite(needs.in_shelf_life).any(axis=1) & (costs.wasted > 0)
    return np.where(perishes, np.minimum(high, np.ceil(best)), best)


def marginal_benefit(needs: Needs, costs: UnitCosts, quantity: Floats, more: Floats | float = 1.0) -> Floats:
    """How much ``more`` units on top of ``quantity`` save on average, in money (N); negative: they cost."""
    saved: Floats = expected_cost(needs, costs, quantity) - expected_cost(needs, costs, quantity + more)
    return saved


def fill_rate_quantity(need: Floats, owed_before: Floats, demand: Floats, target: Floats) -> Floats:
    """The least quantity (N) with which at most (1 - target) of the ``demand`` until the next order is not served.

    ``owed_before`` (N × D, sorted need at the start of the interval, or -inf with lost sales) is what could not be served
    before the order came in and is not its fault: E[(need - q)+] - E[(owed - q)+] ≤ (1 - target) E[demand]. Found by
    halving on whole units: both sides are steps between them.
    """
    allowed = (1 - target) * demand
    low, high = np.zeros(len(need)), np.ceil(np.maximum(need[:, -1], 0))
    for _ in range(int(np.ceil(np.log2(high.max(initial=0) + 2)))):
        middle = np.floor((low + high) / 2)
        short = expected_missed(need, middle) - expected_missed(owed_before, middle)
        enough = short <= allowed + 1e-9
        low, high = np.where(enough, low, np.minimum(middle + 1, high)), np.where(enough, middle, high)
    return high
