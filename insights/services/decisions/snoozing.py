"""What comes back by itself: snoozed recommendations on their day; and proposals that nobody signed, which lapse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from insights.models import Decision, ReorderRecommendation
from invencare.lib import clock
from inventory.models import Store
from inventory.services.locking import in_chunks, in_one_transaction, lock_rows

BY_ITSELF = "InvenCare"
Action = Decision.Action
Status = ReorderRecommendation.Status


@in_one_transaction
def bring_back(*, now: datetime, through: date | None = None) -> int:
    """Make snoozed rows pending whose day has begun in their store, or is not after ``through``; the number of them.

    Safe to run twice, or two at once.
    """
    return _move(_due(now, through), Status.SNOOZED, Status.PENDING, Action.RETURN, now=now)


@in_one_transaction
def let_lapse(*, before: date, now: datetime) -> int:
    """Expire proposals of recommendations from before this day that no second person approved; the number of them."""
    due = ReorderRecommendation.objects.filter(status=Status.PROPOSED, recommendation_date__lt=before)
    ids = list(due.order_by("pk").values_list("pk", flat=True))
    return _move(ids, Status.PROPOSED, Status.EXPIRED, Action.EXPIRE, now=now)


def _due(now: datetime, through: date | None) -> list[int]:
    zones: dict[int, str] = dict(Store.objects.order_by().values_list("pk", "time_zone"))
    is_due = Q(snoozed_until__lte=through) if through else Q(pk__in=[])
    for name in sorted(set(zones.values())):
        today = clock.business_date(now, ZoneInfo(name))
        is_due |= Q(store__in=[pk for pk, zone in zones.items() if zone == name], snoozed_until__lte=today)
    snoozed = ReorderRecommendation.objects.filter(is_due, status=Status.SNOOZED)
    return list(snoozed.order_by("pk").values_list("pk", flat=True))


def _move(ids: Sequence[int], before: Status, after: Status, action: Action, *, now: datetime) -> int:
    """Change the status of those that still have the old one, and keep it in their history."""
    moved = 0
    for some in in_chunks(ids):
        lock_rows(ReorderRecommendation, some)
        rows = list(ReorderRecommendation.objects.filter(pk__in=some, status=before).defer("dossier", "notes"))
        ReorderRecommendation.objects.filter(pk__in=[row.pk for row in rows]).update(
            status=after, version=F("version") + 1, updated_at=now
        )
        Decision.objects.bulk_create(
            Decision(
                recommendation=row,
                action=action,
                status_before=before,
                status_after=after,
                quantity=row.proposed_quantity if before == Status.PROPOSED else None,
                recommended_quantity=row.recommended_order_quantity,
                decided_by_name=BY_ITSELF,
                decided_at=now,
            )
            for row in rows
        )
        moved += len(rows)
    return moved
