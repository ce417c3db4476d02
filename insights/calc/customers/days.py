"""What each customer bought on each day: the one input of every customer model, and its summary at a cut-off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DAYS_OF_A_WEEK = 7.0


class TooFewCustomersError(ValueError):
    """The data hold too little to say anything; the message says what is missing."""


@dataclass(frozen=True)
class CustomerDays:
    """One entry per customer and day with a movement, sorted by customer, then day. All arrays have D entries.

    ``customer`` is a place in ``customer_ids`` (N); ``day`` an ordinal (``date.toordinal``); ``sold_units`` units
    sold; ``money`` net of returns of the day, in one currency; ``margin`` money less cost, equal to ``money`` where
    no cost is known; ``value`` is the one that lifetime value is made of. A *purchase day* is one with units sold and net money > 0.
    """

    customer_ids: Ints
    customer: Ints
    day: Ints
    sold_units: Floats
    money: Floats
    margin: Floats
    uses_margin: bool = False

    @property
    def value(self) -> Floats:
        return self.margin if self.uses_margin else self.money

    @property
    def is_purchase(self) -> Bools:
        return np.asarray((self.sold_units > 0) & (self.money > 0))

    def before(self, day: int) -> CustomerDays:
        """Only what happened before ``day``; the customers stay, those without anything left among them."""
        return self.where(self.day < day)

    def between(self, first: int, last: int) -> CustomerDays:
        """Both days included."""
        return self.where((self.day >= first) & (self.day <= last))

    def where(self, chosen: Bools) -> CustomerDays:
        return CustomerDays(
            self.customer_ids,
            self.customer[chosen],
            self.day[chosen],
            self.sold_units[chosen],
            self.money[chosen],
            self.margin[chosen],
            self.uses_margin,
        )


@dataclass(frozen=True)
class PurchaseSummary:
    """Each customer with a purchase, as of the end of a day. Arrays of M entries, ``place`` into ``customer_ids``.

    ``frequency`` purchase days after the first one (x); ``recency_weeks`` from the first to the last (t_x);
    ``age_weeks`` from the first to the end (T); ``mean_value`` of the purchase days after the first one, 0 where
    there is none; ``total_money`` net of all returns; ``days_since_last``; ``purchase_days`` = frequency + 1.
    """

    place: Ints
    frequency: Floats
    recency_weeks: Floats
    age_weeks: Floats
    mean_value: Floats
    total_money: Floats
    days_since_last: Floats

    @property
    def purchase_days(self) -> Floats:
        return self.frequency + 1


def summarise(days: CustomerDays, *, end_day: int) -> PurchaseSummary:
    """Summarise what happened up to and including ``end_day``; days collapse, two invoices of a day are one purchase.

    Worked: bought for 5 on day 0, 8 on day 7 and 4 on day 21,
    end on day 28: frequency 2, recency 3 weeks, age 4 weeks, mean value 6, total 17, 7 days since the last.
    Raises ``TooFewCustomersError`` where nobody bought anything.
    """
    known = days.where(days.day <= end_day)
    count = len(days.customer_ids)
    bought = known.where(known.is_purchase)
    if not len(bought.day):
        raise TooFewCustomersError("no customer has bought anything yet")
    purchases = np.bincount(bought.customer, minlength=count)
    place = np.flatnonzero(purchases)
    ends = np.cumsum(purchases[place])
    starts = ends - purchases[place]
    first, last = bought.day[starts], bought.day[ends - 1]
    later = np.add.reduceat(bought.value, starts) - bought.value[starts]
    frequency = (purchases[place] - 1).astype(np.float64)
    return PurchaseSummary(
        place=place,
        frequency=frequency,
        recency_weeks=(last - first) / DAYS_OF_A_WEEK,
        age_weeks=(end_day - first) / DAYS_OF_A_WEEK,
        mean_value=np.where(frequency > 0, later / np.maximum(frequency, 1), 0.0),
        total_money=sum_by(known.customer, known.money, count)[place],
        days_since_last=(end_day - last).astype(np.float64),
    )


def sum_by(code: Ints, values: Floats, count: int) -> Floats:
    """Sums of ``values`` by code from 0 to ``count`` − 1; float64 for none as well."""
    return np.asarray(np.bincount(code, weights=values, minlength=count), dtype=np.float64)


def kept_share(days: CustomerDays) -> float:
    """Net money of all days over that of purchase days, 0 to 1: what later returns leave of a purchase's value."""
    bought = float(days.money[days.is_purchase].sum())
    return min(max(float(days.money.sum()) / bought, 0.0), 1.0) if bought > 0 else 0.0
