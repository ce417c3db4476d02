"""An alert while the night's figures are old: every other number of the site rests on them."""

from __future__ import annotations

from datetime import datetime

from insights.services.dashboard.attention import nightly_state
from inventory.models import Alert
from inventory.services.alerts import NewAlert, follow_state

CAUSE = "nightly:late"


def follow_nightly(*, now: datetime) -> bool:
    """Open the alert while the newest analysed day is too old, close it otherwise; whether it is. Safe to run again."""
    state = nightly_state(now)
    follow_state([Alert.Kind.NIGHTLY_LATE], [_alert(state.completed)] if state.is_late else [], now=now)
    return state.is_late


def _alert(completed: object) -> NewAlert:
    day = getattr(completed, "business_date", None)
    words = f"The newest nightly analysis is of {day:%d %b %Y}" if day else "No nightly analysis has finished yet"
    return NewAlert(
        kind=Alert.Kind.NIGHTLY_LATE,
        severity=Alert.Severity.CRITICAL,
        message=f"{words}: forecasts, classes and recommendations are old. See Nightly runs.",
        cause_key=CAUSE,
        is_pinned=True,
    )
