"""Which days the home page sums, and which days it compares them with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

DAYS_OF = {"day": 1, "week": 7, "month": 28, "quarter": 91}
"""Whole weeks, so that a period and the one before it have the same weekdays."""


@dataclass(frozen=True)
class Period:
    """Whole business days, both ends included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, *, days: int) -> Period:
        return cls(last - timedelta(days=days - 1), last)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def previous(self) -> Period:
        """What it is compared with: as many days right before; for a single day, the same weekday a week before."""
        if self.days == 1:
            return Period.ending(self.first - timedelta(days=7), days=1)
        return Period.ending(self.first - timedelta(days=1), days=self.days)

    def dates(self) -> list[date]:
        return [self.first + timedelta(days=i) for i in range(self.days)]

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last
