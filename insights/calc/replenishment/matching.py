"""Which store sends what to which: the best move of each product first, then the best of what is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insights.calc.replenishment.arrays import Bools, Floats, Ints
from insights.calc.replenishment.moves import MOVE, MoveTerms, Side, Transfers, plan_transfers
from insights.calc.replenishment.places import MovesConfig, Places, worth_receiving

SENDERS, RECEIVERS = 6, 12
MOST_ROUNDS = 24
PAIRS_AT_ONCE = 4096


@dataclass(frozen=True)
class Move:
    """``units`` from one place to another (rows of ``Places``), of which the sender had given ``given`` before and the receiver
    been given ``taken``. Money: ``gain`` at the receiver, ``loss`` at the sender (negative: saved), ``cost``, ``net``."""

    sender: int
    receiver: int
    units: int
    given: int
    taken: int
    gain: float
    loss: float
    cost: float
    net: float


@dataclass
class _Pairs:
    sender: Ints
    receiver: Ints

    def take(self, some: Bools) -> _Pairs:
        return _Pairs(self.sender[some], self.receiver[some])


def match_places(places: Places, product: Ints, currency: Ints, barred: Bools, config: MovesConfig) -> list[Move]:
    """The moves of all products, greedily: the sums of later ones count with what earlier ones have moved.

    ``product`` and ``currency`` (N) are numbers; only rows of the same of both are paired. ``barred`` (N × N is never built)
    marks rows that take no part. Of each product the ``SENDERS`` with the most to spare and the ``RECEIVERS`` that miss the most
    are looked at. A place that has sent does not receive, nor the other way round.
    """
    pairs = _candidates(places, product, currency, barred, config)
    given, taken = np.zeros(len(product)), np.zeros(len(product))
    moves: list[Move] = []
    for _ in range(MOST_ROUNDS):
        if not len(pairs.sender):
            break
        found = _plan(places, pairs, given, taken, config)
        best = _best_of_each(found, product[pairs.sender], config.least_net_gain)
        for place in best:
            sender, receiver = int(pairs.sender[place]), int(pairs.receiver[place])
            units = int(found.quantity[place])
            moves.append(
                Move(
                    sender=sender,
                    receiver=receiver,
                    units=units,
                    given=int(given[sender]),
                    taken=int(taken[receiver]),
                    gain=float(found.gain[place]),
                    loss=float(found.loss[place]),
                    cost=float(found.cost[place]),
                    net=float(found.net[place]),
                )
            )
            given[sender] += units
            taken[receiver] += units
        pairs = _left_over(pairs, best, given, taken, product)
    return moves


def plan_pair(places: Places, sender: int, receiver: int, given: float, taken: float, config: MovesConfig) -> Transfers:
    """One pair alone, after what both have moved before: what ``match_places`` found for it."""
    before = np.zeros((2, len(places.demand)))
    before[0, sender], before[1, receiver] = given, taken
    pairs = _Pairs(np.array([sender]), np.array([receiver]))
    return _plan(places, pairs, before[0], before[1], config)


def _candidates(places: Places, product: Ints, currency: Ints, barred: Bools, config: MovesConfig) -> _Pairs:
    """Pairs of which the gain could pay the move at all."""
    gives = np.flatnonzero((places.spare >= 1) & ~barred)
    takes = np.flatnonzero((places.room >= 1) & (config.transfer_days < places.supplier_days) & ~barred)
    gives = gives[_first_of_group(product[gives], -places.spare[gives], SENDERS)]
    worth = worth_receiving(places)
    takes = takes[_first_of_group(product[takes], -worth[takes], RECEIVERS)]
    gives, takes = gives[np.argsort(product[gives], kind="stable")], takes[np.argsort(product[takes], kind="stable")]
    starts = np.searchsorted(product[takes], product[gives], side="left")
    counts = np.searchsorted(product[takes], product[gives], side="right") - starts
    sender = np.repeat(gives, counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    receiver = takes[np.repeat(starts, counts) + offset] if len(takes) else np.zeros(0, dtype=np.int64)
    units = np.minimum(places.spare[sender], places.room[receiver])
    saved = np.maximum(places.sending.held[sender] - places.receiving.held[receiver], 0) + np.maximum(
        places.receiving.held[receiver], 0
    )
    most = worth[receiver] + saved * units
    pays = (most > config.fixed_cost + config.unit_cost) & (sender != receiver)
    pays &= currency[sender] == currency[receiver]
    return _Pairs(sender[pays].astype(np.int64), receiver[pays].astype(np.int64))


def _first_of_group(group: Ints, order: Floats, most: int) -> Ints:
    """Places of the first ``most`` of each group by ``order``; of equal ones those that come first."""
    by_group = np.lexsort((np.arange(len(group)), order, group))
    ranked = group[by_group]
    starts = np.searchsorted(ranked, ranked, side="left")
    return by_group[np.arange(len(group)) - starts < most]


def _plan(places: Places, pairs: _Pairs, given: Floats, taken: Floats, config: MovesConfig) -> Transfers:
    parts = [
        _plan_some(places, pairs.take(_block(len(pairs.sender), start)), given, taken, config)
        for start in range(0, len(pairs.sender), PAIRS_AT_ONCE)
    ]
    return Transfers(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Transfers.__dataclass_fields__)
    )


def _block(count: int, start: int) -> Bools:
    place = np.arange(count)
    return (place >= start) & (place < start + PAIRS_AT_ONCE)


def _plan_some(places: Places, pairs: _Pairs, given: Floats, taken: Floats, config: MovesConfig) -> Transfers:
    sender, receiver = pairs.sender, pairs.receiver
    donor, taker = places.sending, places.receiving
    may_leave = np.maximum(np.minimum(places.spare[sender] - given[sender], places.room[receiver] - taken[receiver]), 0)
    count = len(sender)
    return plan_transfers(
        Side(donor.need[sender] + given[sender, None], donor.missed[sender], donor.held[sender]),
        Side(taker.need[receiver] - taken[receiver, None], taker.missed[receiver], taker.held[receiver]),
        may_leave,
        MoveTerms(
            fixed_cost=np.full(count, config.fixed_cost),
            unit_cost=np.full(count, config.unit_cost),
            periods=np.full(count, config.transfer_days),
            supplier_periods=places.supplier_days[receiver],
            pack=np.ones(count),
            donor_level=places.level[sender],
        ),
    )


def _best_of_each(found: Transfers, product: Ints, least_gain: float) -> Ints:
    """Of each product the pair with the largest net gain, where one is worth the asking."""
    good = np.flatnonzero((found.verdict == MOVE) & (found.net >= least_gain))
    return good[_first_of_group(product[good], -found.net[good], 1)]


def _left_over(pairs: _Pairs, best: Ints, given: Floats, taken: Floats, product: Ints) -> _Pairs:
    """Pairs to look at again: of products that moved something, but the pairs that did, and no place on both ends."""
    goes_on = np.isin(product[pairs.sender], product[pairs.sender[best]])
    goes_on[best] = False
    return pairs.take(goes_on & (taken[pairs.sender] == 0) & (given[pairs.receiver] == 0))
