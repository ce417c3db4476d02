"""Who sends a request: a person with a session, or a machine with a key that acts for its owner."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from inventory.models import ApiKey
from inventory.querysets.scope import StoreScope
from inventory.services.access import scope_of_user


def key_of(request: Request) -> ApiKey | None:
    return request.auth if isinstance(request.auth, ApiKey) else None


def actor_id(request: Request) -> str:
    """One word per actor: a key is not its owner, so that their throttles and idempotency keys stay apart."""
    key = key_of(request)
    return f"key:{key.prefix}" if key else f"user:{request.user.pk}"


def actor_name(request: Request) -> str:
    """What the ledger records: the user name, or the key's name with its owner's."""
    user: Any = request.user
    key = key_of(request)
    return f"{user.get_username()} by key {key.name}"[:150] if key else str(user.get_username())


def scope_of(request: Request) -> StoreScope:
    """The stores of the actor; a recognised key has put its own on its owner."""
    return scope_of_user(request.user)
