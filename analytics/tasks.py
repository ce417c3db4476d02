"""Analytics' background work."""

from __future__ import annotations

from celery import shared_task

from analytics.services.metrics import refresh_metrics as refresh
from invencare.lib import clock


@shared_task(name="analytics.refresh_metrics")
def refresh_metrics() -> int:
    """Bring the sums over days up to date; the number of days. Two at once do no harm: one waits for the other."""
    return refresh(now=clock.now())
