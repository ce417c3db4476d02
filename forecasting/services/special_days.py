"""Days on which a store is closed or keeps a holiday, by store."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from forecasting.models import CalendarEvent
from inventory.models import Store

KINDS = (CalendarEvent.Kind.HOLIDAY, CalendarEvent.Kind.CLOSURE)


def special_days(*, first_day: date, last_day: date) -> dict[int, set[date]]:
    """Business dates by store id, both days included, of the active events that hold for the whole store. Four queries.

    An event for some products or categories alone leaves the store's day as it is.
    """
    events = (
        CalendarEvent.objects.active()
        .between(first_day, last_day)
        .filter(kind__in=KINDS)
        .prefetch_related("stores", "products")
        .order_by("pk")
    )
    stores = list(Store.objects.order_by("pk"))
    found: dict[int, set[date]] = defaultdict(set)
    for event in events:
        if event.categories or event.products.all():
            continue
        days = _days(max(event.first_day, first_day), min(event.last_day, last_day))
        for store_id in _stores_of(event, stores):
            found[store_id].update(days)
    return dict(found)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def _stores_of(event: CalendarEvent, stores: list[Store]) -> list[int]:
    """As ``CalendarEvent.objects.at`` has it: chosen stores, those of the country and region, or all."""
    chosen = [store.pk for store in event.stores.all()]
    if chosen:
        return chosen
    return [
        store.pk
        for store in stores
        if not event.country or (store.country == event.country and event.region in {"", store.region})
    ]
