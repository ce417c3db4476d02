"""Who acts: what they are called in notes and messages, and which stores they act in."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from inventory.querysets.scope import StoreScope
from inventory.services.access import scope_of_user


def name_of(actor: User) -> str:
    """What people call the actor: the full name, else the user name."""
    return actor.get_full_name() or actor.get_username()


def scope_for(actor: User, scope: StoreScope | None) -> StoreScope:
    """The scope that the door gave (an API key's), else the person's own."""
    return scope_of_user(actor) if scope is None else scope


def require_store(store_id: int, *, actor: User, scope: StoreScope | None) -> None:
    if not scope_for(actor, scope).allows(store_id):
        raise PermissionDenied("This store is not one of yours.")


def log_line(text: str, *, now: datetime) -> str:
    """One line of an order's or transfer's notes."""
    return f"{now:%Y-%m-%d %H:%M} UTC: {text}"


def in_units(units: int) -> str:
    """The number with its word: 1 unit, 1,200 units."""
    return f"{units:,} unit" if abs(units) == 1 else f"{units:,} units"
