"""What waits for somebody: recommendations, orders, alerts, and a night that is late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum

from insights.models import AnalysisRun, ReorderRecommendation
from insights.services.dashboard.reach import Reach
from inventory.models import PurchaseOrder
from inventory.services.business_days import last_complete_day


@dataclass(frozen=True)
class NightlyState:
    """The newest nightly run whatever became of it, the newest whose results are shown, and whether those are late."""

    latest: AnalysisRun | None
    completed: AnalysisRun | None
    is_late: bool


@dataclass(frozen=True)
class Pending:
    """Recommendations of one urgency that wait, and the margin that is expected to be lost without them."""

    count: int
    money_at_risk: Decimal


def read_pending(reach: Reach) -> Mapping[str, Pending]:
    """Recommendations that wait for a decision, by urgency."""
    rows = reach.rows(ReorderRecommendation).pending().order_by().values_list("urgency_level")
    return {
        urgency: Pending(count, money or Decimal(0))
        for urgency, count, money in rows.annotate(Count("pk"), Sum("money_at_risk"))
    }


def read_open_orders(reach: Reach) -> dict[str, int]:
    return counted(reach.rows(PurchaseOrder).open(), "status")


def counted(rows: Any, column: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(column).annotate(Count("pk")))


def nightly_state(now: datetime) -> NightlyState:
    """Late: the newest analysed day is older than the day before the last complete one, or there is none."""
    runs = AnalysisRun.objects.filter(kind=AnalysisRun.Kind.NIGHTLY)
    completed = runs.completed().order_by("-business_date", "-id").first()
    latest = runs.order_by("-id").first()
    expected = last_complete_day(now=now) - timedelta(days=1)
    return NightlyState(latest, completed, is_late=completed is None or completed.business_date < expected)
