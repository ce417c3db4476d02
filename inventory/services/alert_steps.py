"""What people do with alerts: put them off, take them back, give them to somebody. They close by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet

from inventory.models import Alert
from inventory.querysets.scope import StoreScope
from inventory.services.access import scope_of_user

LONGEST_SNOOZE = timedelta(days=90)
MAY = "inventory.change_alert"


def snooze_alerts(
    *, alert_ids: Iterable[int], until: datetime, actor: User, scope: StoreScope | None = None, now: datetime
) -> int:
    """Put the open alerts off until then; how many. ``ValidationError`` for an instant that is past or too far ahead."""
    if not now < until <= now + LONGEST_SNOOZE:
        raise ValidationError({"until": f"Choose a time within the next {LONGEST_SNOOZE.days} days."})
    return int(_open_ones(alert_ids, actor, scope).update(snoozed_until=until))


def wake_alerts(*, alert_ids: Iterable[int], actor: User, scope: StoreScope | None = None) -> int:
    """Take the alerts back that were put off; how many were."""
    return int(_open_ones(alert_ids, actor, scope).filter(snoozed_until__isnull=False).update(snoozed_until=None))


def assign_alerts(
    *, alert_ids: Iterable[int], assignee: User | None, actor: User, scope: StoreScope | None = None
) -> int:
    """Give the open alerts to somebody who may see them, or to nobody; how many. ``ValidationError`` if they may not."""
    rows = _open_ones(alert_ids, actor, scope)
    if assignee is not None:
        _check_assignee(assignee, rows)
    return int(rows.update(assigned_to=assignee))


def people_for(alert: Alert) -> list[User]:
    """Who may see the alert, and can be given it."""
    people = User.objects.filter(is_active=True, is_staff=True).order_by("username")
    return [one for one in people if one.has_perm("inventory.view_alert") and scope_of_user(one).allows(alert.store_id)]


def _open_ones(alert_ids: Iterable[int], actor: User, scope: StoreScope | None) -> Any:
    """Of these, the open ones of the actor's stores. ``PermissionDenied`` without the right."""
    if not actor.has_perm(MAY):
        raise PermissionDenied(f"This needs the permission {MAY}.")
    rows = Alert.objects.visible_to(scope_of_user(actor) if scope is None else scope)
    return rows.open().filter(pk__in=list(alert_ids))


def _check_assignee(assignee: User, rows: QuerySet[Any]) -> None:
    seen = scope_of_user(assignee)
    stores = set(rows.order_by().values_list("store_id", flat=True).distinct())
    if not assignee.is_active or not assignee.has_perm("inventory.view_alert"):
        raise ValidationError({"assigned_to": f"{assignee.get_username()} may not see alerts."})
    if not all(seen.allows(store_id) for store_id in stores):
        raise ValidationError({"assigned_to": f"{assignee.get_username()} does not see every store of these alerts."})
