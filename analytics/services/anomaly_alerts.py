"""Anomalies that are worth an alert: the newest days', one per store or figure, most money first."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Max

from analytics.models import Anomaly
from inventory.models import Alert
from inventory.services.alerts import NewAlert, follow_state

TOLD_DAYS = 7
"""So long an anomaly is an alert; then it is history, on its own page."""
MOST_ALERTS = 200
CENT = Decimal("0.01")


def follow_anomalies(*, now: datetime) -> int:
    """Open an alert per day and figure's owner, and close those dismissed, gone or old; how many are open. Safe to repeat.

    Revenue, units and sale lines of one store's day are one cause: the one with the most money tells it. Silence of a
    store is critical: its sales may be missing, not low.
    """
    newest = Anomaly.objects.aggregate(newest=Max("business_date"))["newest"]
    rows: Iterable[Anomaly] = []
    if newest is not None:
        recent = Anomaly.objects.open().between(newest - timedelta(days=TOLD_DAYS - 1), newest)
        rows = recent.select_related("store", "product").order_by("-money_size", "pk")
    causes: dict[str, NewAlert] = {}
    for row in rows:
        causes.setdefault(_cause(row), _alert(row))
        if len(causes) == MOST_ALERTS:
            break
    follow_state([Alert.Kind.ANOMALY], causes.values(), now=now)
    return len(causes)


def _cause(row: Anomaly) -> str:
    return f"anomaly:{row.level}:{row.scope_key}:{row.business_date}"[:150]


def _alert(row: Anomaly) -> NewAlert:
    silent = row.kind == Anomaly.Kind.SILENT
    return NewAlert(
        kind=Alert.Kind.ANOMALY,
        severity=Alert.Severity.CRITICAL if silent else Alert.Severity.HIGH,
        message=f"{row}: {row.actual:,.0f}, usual {row.lower:,.0f} to {row.upper:,.0f}",
        cause_key=_cause(row),
        store_id=row.store_id,
        product_id=row.product_id,
        money=Decimal(row.money_size).quantize(CENT),
        currency=row.currency,
    )
