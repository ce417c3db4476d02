"""From days of sales to rows that a regression of quantity on price can use: spells of one price within a week.

A spell is the days of one week on which a product cost the same in a store. A day without a sale keeps the last price
seen; a day out of stock is left out of both quantity and exposure; weekdays count by what they usually sell. Products
that sell little in one store are summed over the stores: the logarithm of a small count is biased.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from insights.calc.pricing.linear_model import Bools, Floats, Ints

PRICE_STEP = 0.01  # prices within 1 % are one price
LONGEST_GAP_DAYS = 56  # without a sale for longer, nobody knows whether it was for sale
LEAST_EXPOSURE_DAYS = 2.0
UNITS_OF_ONE_STORE = 4.0  # a spell's mean units from which each store stands alone
WEEK = 7


@dataclass(frozen=True)
class DailyPrices:
    """One entry per product, store and day with a row, in any order. ``item``, ``store`` and each item's ``category`` are codes from 0.

    ``day`` an ordinal; ``units`` and ``revenue`` net of returns; ``is_promotion``; ``is_out`` some of the day without stock.
    """

    item: Ints
    store: Ints
    day: Ints
    units: Floats
    revenue: Floats
    is_promotion: Bools
    is_out: Bools
    category: Ints


@dataclass(frozen=True)
class PricePanel:
    """One entry per spell. ``units`` sold, ``exposure_days`` in usual days; ``price`` mean paid; ``promotion`` 0 or 1.

    ``week`` counts Monday weeks (ordinal // 7); ``store`` is one code over all where stores were summed.
    """

    item: Ints
    store: Ints
    week: Ints
    price: Floats
    units: Floats
    exposure_days: Floats
    promotion: Floats
    category: Ints

    @property
    def log_quantity(self) -> Floats:
        """Per usual day. Half a unit is added: the mean logarithm of a Poisson count plus ½ is that of its mean, near enough."""
        return np.asarray(np.log((self.units + 0.5) / self.exposure_days))

    def where(self, chosen: Bools) -> PricePanel:
        return PricePanel(
            self.item[chosen],
            self.store[chosen],
            self.week[chosen],
            self.price[chosen],
            self.units[chosen],
            self.exposure_days[chosen],
            self.promotion[chosen],
            self.category,
        )


def make_panel(days: DailyPrices) -> PricePanel:
    """The spells of every product. Rows before a series' first priced sale, and after its last, are left out."""
    usable = np.isfinite(days.units) & np.isfinite(days.revenue)
    order = np.flatnonzero(usable)
    order = order[np.lexsort((days.day[order], days.store[order], days.item[order]))]
    item, store, day = days.item[order], days.store[order], days.day[order]
    units, revenue, is_out = days.units[order], days.revenue[order], days.is_out[order]
    promotion = days.is_promotion[order].astype(np.float64)
    sold = (units > 0) & (revenue > 0)
    new_series = np.r_[True, (np.diff(item) != 0) | (np.diff(store) != 0)] if len(item) else np.empty(0, np.bool_)
    source = _last_sold(sold, new_series)
    known = source >= 0
    priced = np.maximum(source, 0)
    price = np.where(known, revenue[priced] / np.where(units[priced] > 0, units[priced], 1), np.nan)
    until = np.where(np.r_[new_series[1:], True][: len(day)], day + 1, np.r_[day[1:], 0][: len(day)])
    until = np.minimum(until, day + LONGEST_GAP_DAYS)
    weekday = _weekday_sums(days, day)
    level = np.full(len(price), -1, dtype=np.int64)
    level[known] = np.rint(np.log(price[known]) / PRICE_STEP).astype(np.int64)
    pieces = _pieces(day, until, is_out, known)
    row, week, first, last = pieces
    exposure = weekday[days.category[item[row]], last] - weekday[days.category[item[row]], first]
    own_day = first == day[row] - weekday_offset(day)
    return _grouped(
        item=item[row],
        store=store[row],
        week=week,
        level=level[row] * 2 + (promotion[priced][row] > 0),
        units=np.where(own_day & sold[row] & ~is_out[row], units[row], 0.0),
        revenue=np.where(own_day & sold[row] & ~is_out[row], revenue[row], 0.0),
        exposure=exposure,
        promotion=promotion[priced][row],
        category=days.category,
    )


def weekday_offset(day: Ints) -> int:
    """The ordinal that column 0 of the weekday sums stands for."""
    return int(day.min()) if len(day) else 0


def _last_sold(sold: Bools, new_series: Bools) -> Ints:
    """For each row the place of the last sale of its series up to it; −1 where there is none yet."""
    place = np.where(sold, np.arange(len(sold)), -1)
    found = np.maximum.accumulate(place) if len(place) else place
    start = np.maximum.accumulate(np.where(new_series, np.arange(len(sold)), 0)) if len(place) else place
    return np.where(found >= start, found, -1)


def _weekday_sums(days: DailyPrices, day: Ints) -> Floats:
    """Category × day: usual days up to each day, where a weekday counts by its share of the category's units times 7."""
    first, last = weekday_offset(day), int(day.max(initial=0)) + LONGEST_GAP_DAYS + 2
    count = int(days.category.max(initial=0)) + 1
    category = days.category[days.item]
    sums = (
        np.bincount(
            category * WEEK + days.day % WEEK, weights=np.maximum(days.units, 0.0), minlength=count * WEEK
        ).reshape(count, WEEK)
        + 1.0
    )
    factor = sums / sums.mean(axis=1, keepdims=True)
    calendar = factor[:, np.arange(first, last) % WEEK]
    return np.concatenate([np.zeros((count, 1)), np.cumsum(calendar, axis=1)], axis=1)


def _pieces(day: Ints, until: Ints, is_out: Bools, known: Bools) -> tuple[Ints, Ints, Ints, Ints]:
    """Cut [day, until) at the weeks: (row, week, first, last) with both ends as columns of the weekday sums.

    The row's own day is left out where it was out of stock.
    """
    offset = weekday_offset(day)
    start = np.where(is_out, day + 1, day)
    row = np.flatnonzero(known & (start < until))
    start = start[row]
    found = []
    while len(row):
        week = (start - 1) // WEEK  # ordinal 1 is a Monday
        end = np.minimum(until[row], (week + 1) * WEEK + 1)
        found.append((row, week, start - offset, end - offset))
        left = end < until[row]
        row, start = row[left], end[left]
    if not found:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, nothing, nothing
    row, week, first, last = (np.concatenate(column) for column in zip(*found, strict=True))
    return row, week, first, last


def _grouped(
    *,
    item: Ints,
    store: Ints,
    week: Ints,
    level: Ints,
    units: Floats,
    revenue: Floats,
    exposure: Floats,
    promotion: Floats,
    category: Ints,
) -> PricePanel:
    parts = _sums(item, store, week, level, units, revenue, exposure, promotion)
    count = int(item.max(initial=-1)) + 1
    rows = np.bincount(parts[0], minlength=count)
    mean = np.bincount(parts[0], weights=parts[4], minlength=count) / np.maximum(rows, 1)
    sells_little = mean < UNITS_OF_ONE_STORE
    if sells_little.any():
        everywhere = int(store.max(initial=0)) + 1
        store = np.where(sells_little[item], everywhere, store)
        parts = _sums(item, store, week, level, units, revenue, exposure, promotion)
    item, store, week, price, units, exposure, promotion = parts
    chosen = (units > 0) & (price > 0) & (exposure >= LEAST_EXPOSURE_DAYS)
    return PricePanel(item, store, week, price, units, exposure, promotion, category).where(chosen)


def _sums(
    item: Ints,
    store: Ints,
    week: Ints,
    level: Ints,
    units: Floats,
    revenue: Floats,
    exposure: Floats,
    promotion: Floats,
) -> tuple[Ints, Ints, Ints, Floats, Floats, Floats, Floats]:
    if not len(item):
        ints, floats = np.empty(0, np.int64), np.empty(0)
        return ints, ints, ints, floats, floats, floats, floats
    order = np.lexsort((level, week, store, item))
    keys = [values[order] for values in (item, store, week, level)]
    new = np.r_[True, np.any([np.diff(values) != 0 for values in keys], axis=0)]
    starts = np.flatnonzero(new)
    units, revenue, days = (np.add.reduceat(values[order], starts) for values in (units, revenue, exposure))
    price = np.divide(revenue, units, out=np.zeros_like(revenue), where=units > 0)
    return keys[0][starts], keys[1][starts], keys[2][starts], price, units, days, promotion[order][starts]
