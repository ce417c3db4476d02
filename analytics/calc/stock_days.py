"""The stock at the end of each day, worked back from the stock now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta


def closing_stock(
    *, on_hand_units: int, changes: Mapping[date, int], tracked_from: date | None, first_day: date, last_day: date
) -> list[int]:
    """Closing stock (units) of each day of the period on which stock was recorded, oldest first.

    ``changes`` are net changes by business date, from the first day to now. What happened after a day is taken
    back from the stock of now. Empty where nothing was ever counted, or only after the period.

    Worked: 5 now, +4 today, -3 yesterday: yesterday closed with 1, the day before with 4.
    """
    if tracked_from is None:
        return []
    stock = on_hand_units - sum(units for day, units in changes.items() if day > last_day)
    days: list[int] = []
    day = last_day
    while day >= max(first_day, tracked_from):
        days.append(stock)
        stock -= changes.get(day, 0)
        day -= timedelta(days=1)
    return days[::-1]


def days_on_shelf(
    *, first_day: date, last_day: date, was_there_before: bool, first_sale: date | None, tracked_from: date | None
) -> int | None:
    """Days of the period since the product was first sold or counted; None where it never was."""
    starts = [day for day in (first_sale, tracked_from) if day is not None and day <= last_day]
    if was_there_before or any(day <= first_day for day in starts):
        return (last_day - first_day).days + 1
    return (last_day - min(starts)).days + 1 if starts else None
