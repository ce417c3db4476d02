"""How new the sums are, in one row."""

from __future__ import annotations

from analytics.models import MetricsState

STATE_ID = 1


def metrics_state() -> MetricsState:
    """Since when later sales and movements may be missing, and the version of the sums; empty before the first refresh."""
    return MetricsState.objects.filter(pk=STATE_ID).first() or MetricsState(pk=STATE_ID)
