"""What an order quantity would have cost, seen afterwards: the covered days are played again with other quantities.

The only thing that differs between the alternatives is the one order: what was wanted, what else came in, when the order
came and in which parts, are as they were. Orders placed later are as they were, too: they come after the period.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DAYS_OF_A_WEEK = 7
DAYS_OF_A_YEAR = 365.0
HALF_A_UNIT = 0.5
"""Less than this is the estimate's noise, and no day with lost sales."""


@dataclass(frozen=True)
class Periods:
    """N periods of at most T days; columns after a period's ``days`` are not read.

    ``opening_units`` [N] at the start of the first day; ``demand_units`` [N, T] wanted; ``other_units`` [N, T] all that
    else changed the stock on the day (deliveries of other orders, counts, write-offs; signed); ``delivered_share``
    [N, T] the share of the ordered units that came on the day; ``unit_cost`` and ``unit_margin`` [N] money per unit;
    ``holding_per_day`` [N] money per unit and day; ``rate_per_day`` [N] units that sell on a day after the period;
    ``shelf_life_days`` [N], 0 where it does not matter.
    """

    opening_units: Floats
    demand_units: Floats
    other_units: Floats
    delivered_share: Floats
    days: Ints
    unit_cost: Floats
    unit_margin: Floats
    holding_per_day: Floats
    rate_per_day: Floats
    shelf_life_days: Floats


@dataclass(frozen=True)
class Replay:
    """For each period and quantity [N, K]: units lost, days with lost sales, units over at the end, and money.

    ``excess_units`` are left at the end beyond what another such period sells. ``cost`` is the lost margin plus the
    holding: of every day in the period, and of what is left until it is sold.
    """

    lost_units: Floats
    stockout_days: Ints
    left_units: Floats
    excess_units: Floats
    holding: Floats
    cost: Floats


def replay(periods: Periods, quantities: Floats) -> Replay:
    """Play every period with every quantity; ``quantities`` [N, K] units ordered.

    A day begins with what comes in, then sells what it can; what is wanted beyond it is lost. Stock never falls under
    0. Worked: 5 on hand, 4 wanted on each of 3 days, the order comes whole on the second day. With 8 ordered nothing
    is lost (5-4=1, 9-4=5, 5-4=1); with 4 ordered 3 are lost (1, 5-4=1, 1 of 4); with none 7.
    """
    stock = np.repeat(np.maximum(periods.opening_units, 0.0)[:, None], quantities.shape[1], axis=1)
    lost, unit_days = np.zeros_like(stock), np.zeros_like(stock)
    stockout_days = np.zeros(stock.shape, dtype=np.int64)
    for day in range(periods.demand_units.shape[1]):
        inside = (day < periods.days)[:, None]
        coming = periods.other_units[:, day, None] + quantities * periods.delivered_share[:, day, None]
        offered = np.maximum(stock + coming, 0.0)
        missing = np.maximum(periods.demand_units[:, day, None] - offered, 0.0)
        left = np.maximum(offered - periods.demand_units[:, day, None], 0.0)
        lost += np.where(inside, missing, 0.0)
        stockout_days += inside & (missing >= HALF_A_UNIT)
        unit_days += np.where(inside, left, 0.0)
        stock = np.where(inside, left, stock)
    holding = unit_days * periods.holding_per_day[:, None] + cost_of_the_rest(stock, periods)
    next_period = (periods.rate_per_day * periods.days)[:, None]
    return Replay(
        lost_units=lost,
        stockout_days=stockout_days,
        left_units=stock,
        excess_units=np.maximum(stock - next_period, 0.0),
        holding=holding,
        cost=lost * periods.unit_margin[:, None] + holding,
    )


def cost_of_the_rest(left_units: Floats, periods: Periods) -> Floats:
    """What holding ``left_units`` [N, K] costs until they are sold, at ``rate_per_day``.

    The j-th unit waits j / rate days. A unit costs at most what it was bought for: one that would wait longer than
    that is worth, or past its shelf life, is written off. n(n+1)/2 / rate × holding for the units that are sold, the
    unit cost for the others. Worked: 10 units, 2 a day, 0.01 a unit and day: 55 / 2 × 0.01 = 0.275.
    """
    rate, holding = periods.rate_per_day[:, None], periods.holding_per_day[:, None]
    cost = periods.unit_cost[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        worth_waiting = np.where(holding > 0, cost / holding, np.inf)  # days
        fresh = np.where(periods.shelf_life_days[:, None] > 0, periods.shelf_life_days[:, None], np.inf)
        patient = np.where(rate > 0, np.floor(rate * np.minimum(worth_waiting, fresh)), 0.0)
        sold = np.minimum(left_units, patient)
        waiting = np.where(rate > 0, sold * (sold + 1) / 2 / rate * holding, 0.0)
    return np.asarray(waiting + (left_units - sold) * cost)


def needed_units(periods: Periods) -> Floats:
    """The order [N] that would have just lost nothing from the day it came on; 0 where none came, or none was needed.

    The stock on that day, without the order, is played; from there it is the deepest gap between what was wanted and
    what else was there. Worked, as above: 1 is left when it comes, 8 are wanted from there on: 7.
    """
    stock = np.maximum(periods.opening_units, 0.0)
    gap, needed = np.zeros_like(stock), np.zeros_like(stock)
    has_come = np.zeros(stock.shape, dtype=np.bool_)
    for day in range(periods.demand_units.shape[1]):
        inside = day < periods.days
        starts = inside & ~has_come & (periods.delivered_share[:, day] > 0)
        gap = np.where(starts, -stock, gap)
        has_come |= starts
        net = periods.demand_units[:, day] - periods.other_units[:, day]
        gap = np.where(inside & has_come, gap + net, gap)
        needed = np.where(inside & has_come, np.maximum(needed, gap), needed)
        stock = np.where(inside & ~has_come, np.maximum(stock - net, 0.0), stock)
    return needed


def forecast_value_added(*, recommended: Floats, decided: Floats, needed: Floats) -> Floats:
    """How many units nearer to the needed order the decision was than the recommendation; negative: farther away.

    Worked: 12 recommended, 18 decided, 20 needed: 8 - 2 = 6.
    """
    return np.asarray(np.abs(recommended - needed) - np.abs(decided - needed))


def filled_demand(demand: Floats, sold_units: Floats, *, first_weekday: Ints) -> tuple[Floats, Floats]:
    """Demand [N, T] with an estimate on unknown days (NaN), and how much of it was not seen [N, T].

    An unknown day is given the mean of the known days of its weekday, else of all known days, else what was sold; never
    less than was sold. ``first_weekday`` [N] is that of the first column, Monday 0.
    """
    known = np.isfinite(demand)
    filled = np.where(known, demand, 0.0)
    weekday = (np.arange(demand.shape[1]) + first_weekday[:, None]) % DAYS_OF_A_WEEK
    overall = _mean(filled.sum(axis=1), known.sum(axis=1))
    for day in range(DAYS_OF_A_WEEK):
        here = weekday == day
        seen = (known & here).sum(axis=1)
        mean = np.where(seen > 0, _mean((filled * (known & here)).sum(axis=1), seen), overall)
        filled = np.where(here & ~known, mean[:, None], filled)
    sold = np.maximum(sold_units, 0.0)
    filled = np.maximum(filled, sold)
    return filled, filled - sold


def _mean(total: Floats, count: Ints) -> Floats:
    """0 where nothing was counted."""
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), 0.0))
