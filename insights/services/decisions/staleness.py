"""How old the numbers are that a decision is made on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from invencare.lib import clock


def numbers_age_days(row: Any, *, now: datetime) -> int:
    """Days since the forecast and the stock that the row was made from; 0 on its own day."""
    age: int = (clock.business_date(now, row.store.zone) - row.recommendation_date).days
    return max(age, 0)


def staleness_warning(age_days: int) -> str:
    """One sentence where the forecast is older than ``DECISION_NUMBERS_MAX_AGE_DAYS``; empty where it is not."""
    if age_days <= settings.DECISION_NUMBERS_MAX_AGE_DAYS:
        return ""
    return (
        f"The forecast and the stock behind this recommendation are {age_days} days old; wait for the next nightly run, "
        "or look at the stock before you decide."
    )
