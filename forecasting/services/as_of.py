"""What may be known when a past day is forecast again."""

from __future__ import annotations

from datetime import date, datetime

from invencare.lib import clock
from inventory.models import Store


def as_of(*, store: Store, forecast_date: date, now: datetime) -> datetime | None:
    """The time before which something must have been known to take part in a forecast of that day; None: now.

    A past day is forecast as it was when it began in the store's zone: events, planned prices and overrides that came later
    are left out, and an override that was withdrawn later is still in force.
    """
    return None if forecast_date >= clock.business_date(now, store.zone) else clock.day_start(forecast_date, store.zone)
