"""The weeks that live accuracy counts in."""

from __future__ import annotations

from datetime import date, timedelta

WEEKS_AHEAD = 4  # a forecast is measured for so many weeks


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())
