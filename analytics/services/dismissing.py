"""Dismissing anomalies with a reason, and opening them again: every step is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from analytics.models import Anomaly, AnomalyDecision
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.people import name_of, scope_for

MAY_DISMISS = "analytics.dismiss_anomaly"
REASON_LENGTH = 300
Action = AnomalyDecision.Action
_STEPS = {
    Action.DISMISS: (Anomaly.Status.OPEN, Anomaly.Status.DISMISSED, "It has been dismissed already."),
    Action.REOPEN: (Anomaly.Status.DISMISSED, Anomaly.Status.OPEN, "It is open already."),
}


@transaction.atomic
def decide_anomaly(
    *, anomaly_id: int, action: str, reason: str, actor: Any, now: datetime, scope: StoreScope | None = None
) -> AnomalyDecision:
    """Dismiss an anomaly of the actor's stores, or open it again. The right itself is checked at the door, like every right.

    Of two at once one wins. Raises ``ValidationError`` without a reason, ``PermissionDenied`` for another store's,
    ``Conflict`` where it is so already.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= REASON_LENGTH:
        raise ValidationError({"reason": f"Give a reason of 1 to {REASON_LENGTH} letters."})
    if not Anomaly.objects.visible_to(scope_for(actor, scope)).filter(pk=anomaly_id).exists():
        raise PermissionDenied("This anomaly is not of your stores.")
    before, after, refusal = _STEPS[Action(action)]
    if not Anomaly.objects.filter(pk=anomaly_id, status=before).update(status=after, updated_at=now):
        raise Conflict(refusal)
    decision: AnomalyDecision = AnomalyDecision.objects.create(
        anomaly_id=anomaly_id,
        action=action,
        reason=reason,
        decided_by=actor if getattr(actor, "pk", None) else None,
        decided_by_name=name_of(actor),
        decided_at=now,
    )
    return decision
