"""What comes back by itself: snoozed recommendations on their day; and proposals that nobody signed, which lapse."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import F, Q

from insights.models import Decision, ReorderRecommendation
from insights.services.decisions.excess import EXCESS
from insights.services.decisions.kinds import Kind
from insights.services.decisions.orders import ORDERS
from insights.services.decisions.transfers import TRANSFERS
from invencare.lib import clock
from inventory.models import Store
from inventory.services.locking import in_chunks, in_one_transaction, lock_rows

BY_ITSELF = "InvenCare"
KINDS: tuple[Kind, ...] = (ORDERS, TRANSFERS, EXCESS)
Action = Decision.Action
Status = ReorderRecommendation.Status


@in_one_transaction
def bring_back(*, now: datetime, through: date | None = None) -> int:
    """Make snoozed rows pending whose day has begun in their store, or is not after ``through``; the number of them.

    Safe to run twice, or two at once.
    """
    return sum(
        _move(kind, _due(kind, now, through), Status.SNOOZED, Status.PENDING, Action.RETURN, now=now) for kind in KINDS
    )


@in_one_transaction
def let_lapse(*, before: date, now: datetime) -> int:
    """Expire proposals of recommendations from before this day that no second person approved; the number of them."""
    lapsed = 0
    for kind in KINDS:
        due = kind.model.objects.filter(status=Status.PROPOSED, recommendation_date__lt=before)
        ids = list(due.order_by("pk").values_list("pk", flat=True))
        lapsed += _move(kind, ids, Status.PROPOSED, Status.EXPIRED, Action.EXPIRE, now=now)
    return lapsed


def _due(kind: Kind, now: datetime, through: date | None) -> list[int]:
    zones: dict[int, str] = dict(Store.objects.order_by().values_list("pk", "time_zone"))
    is_due = Q(snoozed_until__lte=through) if through else Q(pk__in=[])
    for name in sorted(set(zones.values())):
        today = clock.business_date(now, ZoneInfo(name))
        here = [pk for pk, zone in zones.items() if zone == name]
        is_due |= Q(**{f"{kind.store_path}__in": here}, snoozed_until__lte=today)
    snoozed = kind.model.objects.filter(is_due, status=Status.SNOOZED)
    return list(snoozed.order_by("pk").values_list("pk", flat=True))


def _move(kind: Kind, ids: Sequence[int], before: Status, after: Status, action: Action, *, now: datetime) -> int:
    """Change the status of those that still have the old one, and keep it in their history."""
    moved = 0
    for some in in_chunks(ids):
        lock_rows(kind.model, some)
        rows = list(kind.model.objects.filter(pk__in=some, status=before).defer("dossier", "notes"))
        kind.model.objects.filter(pk__in=[row.pk for row in rows]).update(
            status=after, version=F("version") + 1, updated_at=now
        )
        Decision.objects.bulk_create(
            Decision(
                **{kind.link: row},
                action=action,
                status_before=before,
                status_after=after,
                quantity=row.proposed_quantity if before == Status.PROPOSED else None,
                recommended_quantity=kind.recommended(row),
                decided_by_name=BY_ITSELF,
                decided_at=now,
            )
            for row in rows
        )
        moved += len(rows)
    return moved
