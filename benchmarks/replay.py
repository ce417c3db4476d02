"""The replay: what a policy's orders would have cost on demand that came, with lost sales. Arrays are series × periods.

Period by period: the goods due come in, demand is served as far as stock goes and the rest is lost, holding is paid on
closing stock and the lost-sale cost on lost units, then an order is placed. One placed at the end of period X is sold from
in period X + 1 + lead time. The first is placed at the end of period 0, the last one before the replay, which is what
``initial`` describes; so ``orders`` orders decide the periods up to ``orders`` + lead time, and the replay ends there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from insights.calc.replenishment.arrays import Floats


@dataclass(frozen=True)
class Case:
    """What is replayed. ``history`` S × T and ``actuals`` S × P units (NaN: unknown, before the first row), with the share of the
    period in stock beside them; ``on_hand`` S and ``in_transit`` S × A at the end of period 0, column a due in period a + 1."""

    series: tuple[str, ...]
    period_days: int
    history: Floats
    history_in_stock: Floats
    actuals: Floats
    actuals_in_stock: Floats
    on_hand: Floats
    in_transit: Floats
    lead_time: int
    holding_cost: float
    lost_sale_cost: float
    orders: int

    @property
    def periods(self) -> int:
        """How many periods are replayed: as far as the orders reach, or as the actuals do."""
        return min(self.first_order + self.orders + self.lead_time, self.actuals.shape[1])

    @property
    def first_order(self) -> int:
        """At the end of which period the first order is placed: 1 where what is in transit already holds period 0's."""
        return 1 if self.in_transit[:, self.lead_time :].any() else 0


@dataclass(frozen=True)
class Situation:
    """What a policy knows when it orders, at the end of a period: demand so far (S × (T + t)), stock, and what is due in the next
    ``lead_time`` periods (S × lead time). Nothing else of the case is known to it."""

    demand: Floats
    in_stock: Floats
    on_hand: Floats
    due: Floats
    period: int


Policy = Callable[[Situation], Floats]


@dataclass(frozen=True)
class Outcome:
    """``costs`` and ``orders`` (lines with a quantity) per period; units asked for and served; quantities S × orders."""

    costs: Floats
    holding: Floats
    asked: float
    served: float
    quantities: Floats

    @property
    def total_cost(self) -> float:
        return float(self.costs.sum())

    @property
    def fill_rate(self) -> float:
        return self.served / self.asked if self.asked else 1.0

    @property
    def order_count(self) -> int:
        return int((self.quantities > 0).sum())


def replay(case: Case, policy: Policy) -> Outcome:
    """Run one policy through the case."""
    last = case.periods
    due = np.zeros((len(case.series), last + case.lead_time + 2))
    due[:, 1 : 1 + case.in_transit.shape[1]] = case.in_transit[:, : last + case.lead_time + 1]
    on_hand = case.on_hand.astype(float)
    costs, holding, quantities, asked, served = np.zeros(last), np.zeros(last), [], 0.0, 0.0
    for period in range(last + 1):
        if period > 0:
            on_hand = on_hand + due[:, period]
            demand = np.nan_to_num(case.actuals[:, period - 1])
            sold = np.minimum(on_hand, demand)
            on_hand = on_hand - sold
            holding[period - 1] = case.holding_cost * on_hand.sum()
            costs[period - 1] = holding[period - 1] + case.lost_sale_cost * (demand - sold).sum()
            asked, served = asked + demand.sum(), served + sold.sum()
        if case.first_order <= period < case.first_order + case.orders:
            quantity = _checked(policy(_situation(case, period, on_hand, due)), len(case.series))
            quantities.append(quantity)
            arrival = period + 1 + case.lead_time
            if arrival < due.shape[1]:
                due[:, arrival] += quantity
    ordered = np.stack(quantities, axis=1) if quantities else np.zeros((len(case.series), 0))
    return Outcome(costs, holding, float(asked), float(served), ordered)


def _situation(case: Case, period: int, on_hand: Floats, due: Floats) -> Situation:
    return Situation(
        demand=np.concatenate([case.history, case.actuals[:, :period]], axis=1),
        in_stock=np.concatenate([case.history_in_stock, case.actuals_in_stock[:, :period]], axis=1),
        on_hand=on_hand.copy(),
        due=due[:, period + 1 : period + 1 + case.lead_time].copy(),
        period=period,
    )


def _checked(quantity: Floats, series: int) -> Floats:
    if quantity.shape != (series,) or not np.isfinite(quantity).all() or (quantity < 0).any():
        raise ValueError("a policy must order one finite quantity of at least 0 per series")
    return quantity
