"""Dead letters that nobody has handled are an alert."""

from __future__ import annotations

from datetime import datetime

from inventory.models import Alert, StockEvent
from inventory.services.alerts import NewAlert, close_alerts, open_alerts

CAUSE = "events:dead-letters"


def watch_dead_letters(*, now: datetime) -> bool:
    """Open the alert while there are dead letters, close it when there are none; whether there are."""
    oldest = StockEvent.objects.dead_letters().order_by("pk").only("reason").first()
    if oldest is None:
        close_alerts([CAUSE], now=now)
        return False
    alert = NewAlert(
        kind=Alert.Kind.DEAD_LETTERS,
        severity=Alert.Severity.HIGH,
        message=f"Stock events could not be applied, first: {oldest.reason}",
        cause_key=CAUSE,
    )
    open_alerts([alert], now=now)
    return True
