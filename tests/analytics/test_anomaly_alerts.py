"""Alerts of unusual sales: one per owner and day, most money first, closed with their cause."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.models import Anomaly
from analytics.services.anomaly_alerts import follow_anomalies
from inventory.models import Alert, Store
from tests.cast import NOW, TODAY, Cast

YESTERDAY = TODAY - timedelta(days=1)


def odd(store: Store, **changes: Any) -> Anomaly:
    values: dict[str, Any] = {
        "business_date": YESTERDAY,
        "level": "store",
        "scope_key": store.code,
        "currency": store.currency,
        "metric": "revenue",
        "kind": "day",
        "actual": 40,
        "expected": 100,
        "lower": 80,
        "upper": 120,
        "deviations": -6,
        "money": -60.0,
        "money_size": 60.0,
        "updated_at": NOW,
    }
    return Anomaly.objects.create(store=store, **{**values, **changes})


def open_alerts() -> list[tuple[str | None, str, Decimal]]:
    rows = Alert.objects.open().worst_first().select_related("store")
    return [(alert.store.code if alert.store else None, alert.severity, alert.money) for alert in rows]


def test_one_stores_day_is_one_alert_told_by_the_figure_with_the_most_money(cast: Cast) -> None:
    odd(cast.north)
    odd(cast.north, metric="units", money=-55.0, money_size=55.0)
    odd(cast.south, kind="silent", metric="transactions", money_size=300.456)
    assert follow_anomalies(now=NOW) == 2
    assert open_alerts() == [("S1", "critical", Decimal("300.46")), ("N1", "high", Decimal("60.00"))]
    assert Alert.objects.get(store=cast.north).message.endswith("2026-03-15: 40, usual 80 to 120")


def test_what_is_dismissed_gone_or_old_closes(cast: Cast) -> None:
    dismissed, gone = odd(cast.north), odd(cast.south)
    odd(cast.north, business_date=YESTERDAY - timedelta(days=7))
    assert follow_anomalies(now=NOW) == 2
    Anomaly.objects.filter(pk=dismissed.pk).update(status="dismissed")
    gone.delete()
    odd(cast.south, business_date=TODAY, level="company", scope_key="GBP")
    assert follow_anomalies(now=NOW + timedelta(hours=1)) == 1
    assert Alert.objects.filter(closed_at=NOW + timedelta(hours=1)).count() == 2


def test_nothing_odd_is_nothing_to_tell(cast: Cast) -> None:
    assert follow_anomalies(now=NOW) == 0


def test_its_queries_do_not_grow(cast: Cast) -> None:
    counts = []
    for i in range(2):
        for n in range(1 + 20 * i):
            odd(cast.north, business_date=YESTERDAY - timedelta(days=n % 7), scope_key=f"{i}:{n}")
        Alert.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            follow_anomalies(now=NOW)
        counts.append(len(queries))
    assert counts[0] == counts[1]
