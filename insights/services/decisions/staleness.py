"""How old the numbers are that a decision is made on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from invencare.lib import clock


def numbers_age_days(row: Any, *, now: datetime) -> int:
    """Days since the forecast or the stock that the row was made from, whichever is older; 0 on their own day."""
    made = min(getattr(row, "forecast_date", None) or row.recommendation_date, row.recommendation_date)
    age: int = (clock.business_date(now, row.store.zone) - made).days
    return max(age, 0)


def staleness_warning(age_days: int) -> str:
    """One sentence where the forecast is older than ``DECISION_NUMBERS_MAX_AGE_DAYS``; empty where it is not."""
    if age_days <= settings.DECISION_NUMBERS_MAX_AGE_DAYS:
        return ""
    return (
        f"The forecast and the stock behind this recommendation are {age_days} days old; wait for the next nightly run, "
        "or look at the stock before you decide."
    )
