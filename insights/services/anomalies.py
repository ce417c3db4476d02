"""The day's anomalies, with what the calendar knows of the days before."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from analytics.services.anomalies import HISTORY_DAYS, SpecialDays, refresh_anomalies
from forecasting.services.special_days import special_days


def find_anomalies(*, last_day: date, now: datetime) -> int:
    """Examine the newest days up to ``last_day``; the number of anomalies. Safe to run again."""
    known = special_days(first_day=last_day - timedelta(days=HISTORY_DAYS - 1), last_day=last_day)
    return refresh_anomalies(last_day=last_day, special=SpecialDays(known), now=now)
