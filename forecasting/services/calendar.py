"""The calendar as people keep it: who may plan what, and what is on for a product in a store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from forecasting.models import CalendarEvent, ForecastOverride
from inventory.models import Product, Store
from inventory.querysets.scope import StoreScope
from inventory.services.people import name_of, scope_for

CHANGEABLE = frozenset(
    "name kind first_day last_day country region categories given_uplift is_active stores products".split()
)


def check_reach(*, scope: StoreScope, stores: Sequence[Store], country: str) -> None:
    """Raise ``ValidationError`` where an event names stores and a country, or more than the actor's own stores."""
    if stores and country:
        raise ValidationError({"country": "Choose stores or a country, not both."})
    if not scope.all_stores and not (stores and all(scope.allows(store.pk) for store in stores)):
        raise ValidationError({"stores": "Choose from your own stores: an event elsewhere is not yours to plan."})


def reaches_only(event: CalendarEvent, scope: StoreScope) -> bool:
    """Whether an event is held in stores of the scope alone. Asks the table: rows were read with the reader's stores only."""
    if scope.all_stores:
        return True
    places = CalendarEvent.stores.through.objects.filter(calendarevent_id=event.pk)
    stores = list(places.values_list("store_id", flat=True))
    return bool(stores) and all(scope.allows(pk) for pk in stores)


def stamp(event: CalendarEvent, *, is_new: bool, actor: Any, now: datetime) -> None:
    """Who made a new event and when; when an old one was changed."""
    event.updated_at = now
    if is_new:
        event.created_by, event.created_by_name, event.created_at = actor, name_of(actor), now


@transaction.atomic
def create_event(
    *, values: dict[str, Any], actor: Any, now: datetime, scope: StoreScope | None = None
) -> CalendarEvent:
    """A new event. Raises ``ValidationError``."""
    event = CalendarEvent()
    stamp(event, is_new=True, actor=actor, now=now)
    return _save(event, values, scope_for(actor, scope))


@transaction.atomic
def change_event(
    *, event: CalendarEvent, values: dict[str, Any], actor: Any, now: datetime, scope: StoreScope | None = None
) -> CalendarEvent:
    """Change some of ``CHANGEABLE``. Raises ``ValidationError``, and ``PermissionDenied`` for an event of other stores."""
    own = scope_for(actor, scope)
    if not reaches_only(event, own):
        raise PermissionDenied("This event is held in stores that are not yours.")
    stamp(event, is_new=False, actor=actor, now=now)
    return _save(event, values, own)


def _save(event: CalendarEvent, values: dict[str, Any], scope: StoreScope) -> CalendarEvent:
    related = {name: values[name] for name in ("stores", "products") if name in values}
    for name, value in values.items():
        if name not in related:
            setattr(event, name, value)
    stores = related.get("stores", list(event.stores.all()) if event.pk else [])
    check_reach(scope=scope, stores=stores, country=event.country)
    event.full_clean(exclude=["created_by"])
    event.save()
    for name, rows in related.items():
        getattr(event, name).set(rows)
    return event


def events_of(*, product: Product, store: Store, first_day: date, last_day: date) -> list[CalendarEvent]:
    """The active events of these days that concern the product in the store, oldest first. Two queries."""
    events = CalendarEvent.objects.active().at(store).between(first_day, last_day)
    rows = events.prefetch_related("products").order_by("first_day", "pk")
    return [event for event in rows if concerns(event, product.pk, product.category)]


def concerns(event: CalendarEvent, product_id: int, category: str) -> bool:
    """Whether the event is for this product; ``products`` is best fetched before."""
    products = {product.pk for product in event.products.all()}
    return (not products and not event.categories) or product_id in products or category in event.categories


def held_in(event: CalendarEvent, store: Store) -> bool:
    """Whether the event is held in this store; ``stores`` is best fetched before."""
    stores = {own.pk for own in event.stores.all()}
    if stores:
        return store.pk in stores
    return not event.country or (event.country == store.country and event.region in {"", store.region})


def overrides_of(*, product: Product, store: Store, first_day: date, last_day: date) -> list[ForecastOverride]:
    """The overrides in force of these days, oldest first. One query."""
    rows = ForecastOverride.objects.active().filter(product=product, store=store)
    return list(rows.between(first_day, last_day).order_by("pk"))
