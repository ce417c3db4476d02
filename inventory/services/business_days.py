"""Which business day is over."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from invencare.lib import clock
from inventory.models import Store


def last_complete_day(*, now: datetime) -> date:
    """The newest business day that is over in every active store; in the company's zone where there is no store."""
    zones = [store.zone for store in Store.objects.filter(is_active=True)] or [ZoneInfo(settings.TIME_ZONE)]
    return min(clock.business_date(now, zone) for zone in zones) - timedelta(days=1)
