"""Which endpoint has to be told what: found by comparing alerts with messages, so that no writer of alerts knows of it.

An alert becomes visible when its transaction commits, however late; a comparison finds it then, where a cursor over
ids would have passed it by.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from inventory.models import Alert, WebhookDelivery, WebhookEndpoint
from inventory.services.webhooks.endpoints import endpoint_of_setting

LOOKED_BACK = timedelta(days=2)  # over closed alerts: so long may the job be down without anything being missed
MOST_AT_ONCE = 1000

Event = WebhookDelivery.Event


def plan_deliveries(*, now: datetime) -> int:
    """Make a pending message for each opening and closing that an endpoint was not told of; how many."""
    endpoint_of_setting(now=now)
    return sum(_plan(endpoint, now) for endpoint in WebhookEndpoint.objects.filter(is_active=True))


def _plan(endpoint: WebhookEndpoint, now: datetime) -> int:
    recent = Q(closed_at__isnull=True) | Q(closed_at__gte=now - LOOKED_BACK)
    alerts = Alert.objects.filter(recent, opened_at__gte=endpoint.created_at).select_related("store", "product")
    if endpoint.alert_kinds:
        alerts = alerts.filter(kind__in=endpoint.alert_kinds)
    planned = [(alert, Event.OPENED) for alert in _untold(alerts, endpoint, Event.OPENED)]
    planned += [
        (alert, Event.CLOSED) for alert in _untold(alerts.filter(closed_at__isnull=False), endpoint, Event.CLOSED)
    ]
    WebhookDelivery.objects.bulk_create(
        [
            WebhookDelivery(
                endpoint=endpoint, alert=alert, event=event, body=body_of(alert, event), next_attempt_at=now
            )
            for alert, event in planned
        ],
        ignore_conflicts=True,
        batch_size=200,
    )
    return len(planned)


def _untold(alerts: QuerySet[Alert], endpoint: WebhookEndpoint, event: str) -> list[Alert]:
    told = WebhookDelivery.objects.filter(endpoint=endpoint, alert=OuterRef("pk"), event=event)
    return list(alerts.filter(~Exists(told)).order_by("pk")[:MOST_AT_ONCE])


def body_of(alert: Alert, event: str) -> str:
    """The message: what is wrong where, and since when."""
    said: dict[str, Any] = {
        "event": str(event),
        "alert": {
            "id": alert.pk,
            "kind": alert.kind,
            "severity": alert.severity,
            "message": alert.message,
            "store_id": alert.store.code if alert.store else None,
            "product_id": alert.product.sku if alert.product else None,
            "opened_at": alert.opened_at.isoformat(),
            "closed_at": alert.closed_at.isoformat() if event == Event.CLOSED and alert.closed_at else None,
        },
    }
    return json.dumps(said, ensure_ascii=False)
