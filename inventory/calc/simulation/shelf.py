"""What a ledger must make of the simulated movements: running stock, and the time without any."""

from __future__ import annotations

import numpy as np

from inventory.calc.simulation.demand import IntArray
from inventory.calc.simulation.events import Events
from inventory.calc.simulation.local_time import LocalTime


def balances(events: Events, products: int) -> tuple[IntArray, IntArray]:
    """The events' places by series and time, and the stock in the ledger after each, in that order."""
    series = events.store * products + events.product
    order = np.argsort(series, kind="stable")
    total = np.cumsum(events.change[order])
    is_first = np.diff(series[order], prepend=-1) != 0
    before_series = (total - events.change[order])[is_first]
    return order, total - np.repeat(before_series, np.diff(np.append(np.flatnonzero(is_first), len(order))))


def out_of_stock_seconds(events: Events, local: LocalTime, shape: tuple[int, int, int]) -> IntArray:
    """Seconds of each local day [S, P, T] on which the ledger shows no stock, from the first movement on.

    A stock-out begins with the movement that leaves 0 or less and ends with the next that leaves more; one that is
    still open lasts to the end of the last day.
    """
    _, products, days = shape
    order, after = balances(events, products)
    is_out = after <= 0
    series = events.store[order] * products + events.product[order]
    at, day = events.at[order], events.day[order]
    is_last = np.diff(series, append=-1) != 0
    ends_at = np.where(is_last, local.midnight[series // products, days], np.append(at[1:], 0))
    end_day = np.where(is_last, days - 1, np.append(day[1:], 0))
    seconds = np.zeros(shape, dtype=np.int64)
    for place in np.flatnonzero(is_out):
        store, product = divmod(int(series[place]), products)
        midnights = local.midnight[store]
        for one_day in range(day[place], end_day[place] + 1):
            start = max(at[place], midnights[one_day])
            seconds[store, product, one_day] += max(0, min(ends_at[place], midnights[one_day + 1]) - start)
    return seconds
