"""How much stock will be left when an order placed now comes in, and how much more will be needed until the next one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insights.calc.replenishment.arrays import Floats


@dataclass(frozen=True)
class Projection:
    """Along D paths of N rows (N × D units): ``left``, stock when the order comes in, without it; ``lost`` until then;
    ``cover``, demand from then until the next order comes in. With backorders ``left`` is negative where units are owed."""

    left: Floats
    lost: Floats
    cover: Floats

    @property
    def need(self) -> Floats:
        """Units of the order that will be sold before the next one comes in; negative: what is left over without it."""
        return self.cover - self.left

    @property
    def projected_level(self) -> Floats:
        """E[left] (N): the projected inventory level before the order."""
        level: Floats = self.left.mean(axis=1)
        return level


def project(on_hand: Floats, arrivals: Floats, demand: Floats, *, has_backorders: bool = False) -> Projection:
    """``on_hand`` (N) units now; ``arrivals`` N × A: what comes in at the first A times; ``demand`` N × (A + 2) × D,
    cumulated: until each arrival, until this order comes in, until the next one does.

    With lost sales stock never falls under 0, and demand that found none is gone: E[stock] on arrival is more than position
    less mean demand. Worked: 5 on hand, 4 come in after a period, demand 8 and 3: (5 - 8)+ + 4 - 3 = 1 left, 3 lost.
    """
    rows, times, paths = demand.shape
    floor = -np.inf if has_backorders else 0.0
    stock: Floats = np.maximum(np.broadcast_to(np.asarray(on_hand)[:, None], (rows, paths)), floor)
    lost: Floats = np.zeros((rows, paths), np.float32)
    before: Floats = np.zeros((rows, paths), np.float32)
    for place in range(times - 1):
        after = stock - (demand[:, place] - before)
        stock = np.maximum(after, floor)
        lost += stock - after
        if place < arrivals.shape[1]:
            stock = stock + arrivals[:, [place]]
        before = demand[:, place]
    return Projection(stock, lost, demand[:, -1] - demand[:, -2])
