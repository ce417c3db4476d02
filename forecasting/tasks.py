"""Forecasting's background work."""

from __future__ import annotations

from celery import shared_task

from forecasting.services import holiday_loading
from invencare.lib import clock


@shared_task(name="forecasting.load_holidays")
def load_holidays() -> str:
    """The public holidays of every store's country up to next year. Safe to run twice: what is there stays."""
    now = clock.now()
    first_year, last_year = holiday_loading.usual_years(now.date())
    return holiday_loading.load_for_stores(first_year=first_year, last_year=last_year, now=now).sentence()
