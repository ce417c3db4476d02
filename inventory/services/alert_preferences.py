"""How many alerts a person wants, of which stores, and when by mail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from inventory.models import AlertPreference, Store
from inventory.querysets.scope import StoreScope
from inventory.services.access import scope_of_user

CHOICES = ("most_alerts", "wants_digest", "digest_hour")


def preference_of(user: Any) -> AlertPreference:
    """The person's own, or the defaults, unsaved."""
    return AlertPreference.objects.filter(user_id=user.pk).first() or AlertPreference(user=user)


def alert_scope_of(user: Any, preference: AlertPreference) -> StoreScope:
    """The stores whose alerts the person wants: those chosen that the person may still see; none chosen, all of these."""
    seen = scope_of_user(user)
    chosen = frozenset(preference.stores.values_list("pk", flat=True)) if preference.pk else frozenset()
    if not chosen:
        return seen
    return StoreScope(store_ids=chosen if seen.all_stores else chosen & seen.store_ids)


@transaction.atomic
def set_preference(*, user: Any, values: dict[str, Any], stores: Iterable[Store] | None = None) -> AlertPreference:
    """Change what is named in ``values`` and, where given, the stores. ``ValidationError`` names the wrong field."""
    row, _ = AlertPreference.objects.select_for_update().get_or_create(user=user)
    for name in CHOICES:
        if name in values:
            setattr(row, name, values[name])
    row.full_clean(exclude=["user"])
    row.save(update_fields=list(CHOICES))
    if stores is not None:
        chosen, seen = list(stores), scope_of_user(user)
        foreign = [store.code for store in chosen if not seen.allows(store.pk)]
        if foreign:
            raise ValidationError({"stores": f"Not among your stores: {', '.join(foreign)}."})
        row.stores.set(chosen)
    return row
