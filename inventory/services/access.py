"""What an actor may see: the store scope of people and of API keys."""

from __future__ import annotations

from typing import Any

from inventory.models import ApiKey, StoreMembership
from inventory.querysets.scope import EVERY_STORE, NO_STORE, StoreScope


def scope_of_user(user: Any) -> StoreScope:
    """Every store for people with ``inventory.view_all_stores``, else the stores where they are members.

    The answer is kept on the user object, so that one request asks once.
    """
    if not user.is_authenticated or not user.is_active:
        return NO_STORE
    cached: StoreScope | None = getattr(user, "_store_scope", None)
    if cached is None:
        if user.has_perm("inventory.view_all_stores"):
            cached = EVERY_STORE
        else:
            stores = StoreMembership.objects.filter(user_id=user.pk).values_list("store_id", flat=True)
            cached = StoreScope(store_ids=frozenset(stores))
        user._store_scope = cached  # noqa: SLF001  our own mark on the object
    return cached


def narrow_user(user: Any, scope: StoreScope) -> None:
    """Let this user object stand for these stores alone: a service that is given the actor only cannot see more."""
    user._store_scope = scope  # noqa: SLF001  see scope_of_user


def scope_of_key(key: ApiKey) -> StoreScope:
    """The stores of the key, never more than its owner's; a key without stores has the owner's."""
    owner = scope_of_user(key.owner)
    chosen = frozenset(key.stores.values_list("pk", flat=True))
    if not chosen:
        return owner
    return StoreScope(store_ids=chosen if owner.all_stores else chosen & owner.store_ids)
