"""The one place that reads the clock and that turns an instant into a business day.

An operation reads ``now()`` once and passes it down.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)


def business_date(instant: datetime, zone: ZoneInfo) -> date:
    """The local calendar day of an aware instant in a store's zone."""
    if instant.tzinfo is None:
        raise ValueError("instant must be aware: give it a time zone")
    return instant.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a local day begins (the first moment, also where midnight is skipped)."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def midday(day: date, zone: ZoneInfo) -> datetime:
    """Local noon in UTC: the instant given to a sale of which only the day is known."""
    return datetime.combine(day, time(12), tzinfo=zone).astimezone(UTC)


def seconds_by_day(start: datetime, end: datetime, zone: ZoneInfo) -> dict[date, int]:
    """How many whole seconds of ``[start, end)`` lie on each local day; empty when it ends before it starts.

    Days with a clock change have 23 or 25 hours, so that the seconds always add up to the interval.
    """
    seconds: dict[date, int] = {}
    while start < end:
        day = business_date(start, zone)
        stop = min(end, day_start(day + timedelta(days=1), zone))
        seconds[day] = int((stop - start).total_seconds())
        start = stop
    return seconds
