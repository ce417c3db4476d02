"""Stock that lies in the wrong place: what moving it between two stores is worth, and what to do with too much of it.

All arrays are N: one entry per proposed move, or per product and store. Money per unit, time in periods.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insights.calc.replenishment.arrays import Bools, Floats, Ints
from insights.calc.replenishment.expectations import expected_missed, quantile

SLOWER, NOT_WORTH_IT, DONOR_KEEPS_IT, MOVE = range(4)
VERDICTS = (
    "an order from the supplier is there as soon",
    "the gain is less than the move costs",
    "the donor needs what it has",
    "move",
)
KEEP, STOP_ORDERING, MOVE_ON, MARK_DOWN = range(4)
LONGEST_WAIT = 10  # patiences: what takes longer to sell, or never does, is held for these
EXCESS_ACTIONS = ("keep", "stop ordering", "move to another store", "mark down")


@dataclass(frozen=True)
class Side:
    """One store of each move. ``need`` N × D sorted: units wanted there beyond its stock, over the time compared (negative: what is
    left over); ``missed`` money lost per unit that is not there, ``held`` saved per unit that is not left over."""

    need: Floats
    missed: Floats
    held: Floats

    def cost(self, change: Floats) -> Floats:
        """Expected money lost with ``change`` more units there (negative: fewer)."""
        left = np.maximum(change[:, None] - self.need, 0).mean(axis=1)
        cost: Floats = self.missed * expected_missed(self.need, change) + self.held * left
        return cost


@dataclass(frozen=True)
class Transfers:
    """``quantity`` units to move (0: none); ``verdict`` a place in ``VERDICTS``. Money: ``gain`` at the receiver, ``loss`` at the
    donor, ``cost`` of the move, ``net`` what is left."""

    quantity: Floats
    verdict: Ints
    gain: Floats
    loss: Floats
    cost: Floats
    net: Floats


@dataclass(frozen=True)
class MoveTerms:
    """``fixed_cost`` per move, ``unit_cost`` per unit; ``periods`` until it arrives, and ``supplier_periods`` until an order would;
    ``pack`` units that move together; ``donor_level``: the quantile of its own need that the donor keeps."""

    fixed_cost: Floats
    unit_cost: Floats
    periods: Floats
    supplier_periods: Floats
    pack: Floats
    donor_level: Floats


def plan_transfers(donor: Side, receiver: Side, donor_stock: Floats, terms: MoveTerms) -> Transfers:
    """How much to move: the packs with the largest gain at the receiver less loss at the donor less cost of the move.

    The donor keeps the ``donor_level`` quantile of what it will need itself: it gives no more than what lies over it, nor more than
    it has. No move where the supplier is as fast. Both sides' costs are convex, so the best number of packs is found by halving
    on the next pack's gain. Worked: tests/insights/replenishment/test_moves.py.
    """
    spare = np.minimum(np.maximum(-quantile(donor.need, terms.donor_level), 0), np.maximum(donor_stock, 0))
    most = np.floor(spare / terms.pack + 1e-9)
    packs = _best_packs(donor, receiver, terms, most)
    quantity = packs * terms.pack
    nothing = np.zeros(len(quantity))
    gain = receiver.cost(nothing) - receiver.cost(quantity)
    loss = donor.cost(-quantity) - donor.cost(nothing)
    cost = np.where(quantity > 0, terms.fixed_cost + terms.unit_cost * quantity, 0.0)
    net = gain - loss - cost
    is_slow = terms.periods >= terms.supplier_periods
    verdict = np.select([is_slow, most <= 0, net <= 0], [SLOWER, DONOR_KEEPS_IT, NOT_WORTH_IT], MOVE).astype(np.int64)
    moves = verdict == MOVE
    return Transfers(quantity=np.where(moves, quantity, 0.0), verdict=verdict, gain=gain, loss=loss, cost=cost, net=net)


def _best_packs(donor: Side, receiver: Side, terms: MoveTerms, most: Floats) -> Floats:
    """The number of packs after which one more loses money, at most ``most``."""
    low, high = np.zeros(len(most)), most.copy()
    for _ in range(int(np.ceil(np.log2(most.max(initial=0) + 2)))):
        middle = np.floor((low + high) / 2)
        now, more = middle * terms.pack, (middle + 1) * terms.pack
        saved = receiver.cost(now) - receiver.cost(more) - (donor.cost(-more) - donor.cost(-now))
        pays = (saved > terms.unit_cost * terms.pack) & (middle < high)
        low, high = np.where(pays, middle + 1, low), np.where(pays, high, middle)
    return high


@dataclass(frozen=True)
class Excess:
    """``units`` over what is wanted; ``periods_to_sell`` all of the position at the expected demand (inf: never); money: ``holding``
    until the excess has sold, ``waste`` of what will pass its shelf life. ``action`` is a place in ``EXCESS_ACTIONS``.
    ``mark_down_to``: the lowest price at which selling it now is worth more than keeping it."""

    units: Floats
    periods_to_sell: Floats
    holding: Floats
    waste: Floats
    action: Ints
    mark_down_to: Floats


@dataclass(frozen=True)
class Stocked:
    """``position`` units with what is on order; ``wanted`` units: the target of the order policy; ``demand`` per period;
    ``holding`` per unit and period; ``unit_cost``, ``price``, ``salvage``; ``shelf_life`` periods (0: none); ``on_order`` units;
    ``can_move``: another store would take it at a gain."""

    position: Floats
    wanted: Floats
    demand: Floats
    holding: Floats
    unit_cost: Floats
    price: Floats
    salvage: Floats
    shelf_life: Floats
    on_order: Floats
    can_move: Bools


def judge_excess(stock: Stocked, *, patience: float) -> Excess:
    """What lies over the target, what it costs to wait, and what to do.

    The excess sells after the rest, on average over the periods from wanted / demand to position / demand. Keeping a unit brings its price
    less the holding until then; so the price at which selling now is as good is price - holding × mean wait, and salvage where it would
    pass its shelf life. Stop ordering while something over the target is on order or it sells within ``patience`` periods; else
    move it where another store gains by it, else mark down. Worked: 100 in stock, 40 wanted, 2 a period, holding 0.1: 60 too many, sold
    in 50 periods, mean wait (20 + 50) / 2 = 35: holding 210, a price of 10 now is worth as much as 6.50.
    """
    units = np.maximum(stock.position - stock.wanted, 0.0)
    sells = stock.demand > 0
    rate = np.where(sells, stock.demand, 1.0)
    last = np.where(sells, np.maximum(stock.position, 0) / rate, np.inf)
    first = np.where(sells, np.minimum(np.maximum(stock.wanted, 0), np.maximum(stock.position, 0)) / rate, np.inf)
    horizon = np.where(stock.shelf_life > 0, stock.shelf_life, np.inf)
    before_it_sells = np.where(sells, first, 0.0)
    sold = np.where(sells, np.clip((horizon - before_it_sells) * rate, 0, units), 0.0)
    wasted = np.where(np.isfinite(horizon), units - sold, 0.0)
    longest = np.minimum(last, patience * LONGEST_WAIT)
    before_it_sells = np.minimum(before_it_sells, longest)
    wait = np.minimum((before_it_sells + longest) / 2, horizon)
    holding = units * stock.holding * wait
    kept = np.maximum(stock.price - stock.holding * wait, stock.salvage)
    share = np.where(units > 0, wasted / np.where(units > 0, units, 1.0), 0.0)
    can_wait = (last <= patience) & (wasted <= 0)
    action = np.select(
        [units <= 0, (stock.on_order > 0) | can_wait, stock.can_move], [KEEP, STOP_ORDERING, MOVE_ON], MARK_DOWN
    )
    return Excess(
        units=units,
        periods_to_sell=last,
        holding=holding,
        waste=wasted * np.maximum(stock.unit_cost - stock.salvage, 0),
        action=action.astype(np.int64),
        mark_down_to=np.where(units > 0, (1 - share) * kept + share * stock.salvage, stock.price),
    )
