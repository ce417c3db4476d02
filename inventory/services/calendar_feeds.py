"""The calendar of due deliveries and arrivals, at an address that opens without a session and can be revoked."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.signing import BadSignature, Signer
from django.db.models import Q

from invencare.lib import clock
from inventory.models import CalendarFeed, PurchaseOrder, PurchaseOrderLine, StockTransfer, StockTransferLine, Store
from inventory.querysets.scope import StoreScope
from inventory.services.access import scope_of_user

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_EVENTS = 500  # of each kind, the earliest first
LINES_TOLD = 20
READ_STEP = timedelta(hours=1)
ON_THE_WAY = ["sent", "partly_received"]


class NoSuchFeed(Exception):
    """No address that opens anything; it does not say why."""


@dataclass(frozen=True)
class Due:
    """One entry: a whole day on which something should arrive at a store."""

    kind: str  # the document's model, "purchaseorder" or "stocktransfer"
    pk: int
    version: int
    day: date
    title: str
    store: Store
    lines: tuple[str, ...]


def create_feed(*, owner: User, name: str, now: datetime) -> CalendarFeed:
    """A new address for its owner's calendar."""
    if not name.strip():
        raise ValidationError({"name": "Say where you will read it, such as “Phone”."})
    return CalendarFeed.objects.create(owner=owner, name=name.strip(), secret=secrets.token_hex(16), created_at=now)


def revoke_feed(*, feed_id: int, actor: User, now: datetime) -> bool:
    """Close the address for good; whether this call did. Its owner may, and whoever manages people."""
    feed = CalendarFeed.objects.get(pk=feed_id)
    if feed.owner_id != actor.pk and not actor.has_perm("auth.change_user"):
        raise PermissionDenied("This calendar is somebody else's.")
    return bool(CalendarFeed.objects.filter(pk=feed_id, revoked_at=None).update(revoked_at=now))


def token_of(feed: CalendarFeed) -> str:
    """What the address of the feed ends with."""
    return _signer().sign(f"{feed.pk}-{feed.secret}")


def open_feed(*, token: str, now: datetime) -> CalendarFeed:
    """The feed of a token, its reading noted at most hourly. Raises ``NoSuchFeed``: forged, revoked, owner gone."""
    try:
        key, _, secret = _signer().unsign(token).partition("-")
    except BadSignature as error:
        raise NoSuchFeed from error
    feed = CalendarFeed.objects.select_related("owner").filter(pk=int(key), secret=secret, revoked_at=None).first()
    if feed is None or not feed.owner.is_active:
        raise NoSuchFeed
    unread = Q(last_read_at=None) | Q(last_read_at__lte=now - READ_STEP)
    CalendarFeed.objects.filter(unread, pk=feed.pk).update(last_read_at=now)
    return feed


def _signer() -> Signer:
    return Signer(salt="inventory.calendar", sep="~")


def due_for(owner: Any, *, now: datetime) -> list[Due]:
    """What is on its way to the stores that the person may see, by the rights that they have now."""
    scope = scope_of_user(owner)
    due = [*_deliveries(scope, now)] if owner.has_perm("inventory.view_purchaseorder") else []
    if owner.has_perm("inventory.view_stocktransfer"):
        due += _arrivals(scope, now)
    return sorted(due, key=lambda one: (one.day, one.kind, one.pk))


def calendar_of(feed: CalendarFeed, *, now: datetime, address_of: Callable[[Due], str]) -> bytes:
    """The feed as iCalendar (RFC 5545); ``address_of`` gives the whole address of a document's page."""
    from icalendar import Calendar, Event  # loads the world's time zones, which no other page needs

    calendar = Calendar()
    calendar.add("prodid", "-//InvenCare//Deliveries//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Deliveries")
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for one in due_for(feed.owner, now=now):
        event = Event()
        event.add("uid", f"{one.kind}-{one.pk}@invencare")
        event.add("dtstamp", now)
        event.add("sequence", one.version)
        event.add("dtstart", one.day)
        event.add("dtend", one.day + timedelta(days=1))
        event.add("summary", one.title)
        event.add("description", "\n".join(one.lines))
        event.add("location", ", ".join([one.store.name, *one.store.address.split("\n")]).strip(", "))
        event.add("url", address_of(one))
        event.add("transp", "TRANSPARENT")
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def _deliveries(scope: StoreScope, now: datetime) -> Iterator[Due]:
    orders = PurchaseOrder.objects.visible_to(scope).filter(status__in=ON_THE_WAY, expected_date__isnull=False)
    orders = orders.select_related("store", "supplier").order_by("expected_date", "pk")[:MOST_EVENTS]
    coming = _by_document(PurchaseOrderLine.objects.still_to_come(), "purchase_order_id", orders)
    for order in orders:
        lines = coming.get(order.pk, [])
        yield Due(
            kind="purchaseorder",
            pk=order.pk,
            version=order.version,
            day=order.expected_date,
            title=_title(
                order, order.expected_date, f"{order.supplier.name} → {order.store.code}", lines, order.store, now
            ),
            store=order.store,
            lines=_told(lines),
        )


def _arrivals(scope: StoreScope, now: datetime) -> Iterator[Due]:
    transfers = StockTransfer.objects.arriving_at(scope).filter(status__in=ON_THE_WAY, expected_date__isnull=False)
    transfers = transfers.select_related("from_store", "to_store").order_by("expected_date", "pk")[:MOST_EVENTS]
    coming = _by_document(StockTransferLine.objects.in_transit(), "transfer_id", transfers)
    for transfer in transfers:
        lines = coming.get(transfer.pk, [])
        way = f"{transfer.from_store.code} → {transfer.to_store.code}"
        yield Due(
            kind="stocktransfer",
            pk=transfer.pk,
            version=transfer.version,
            day=transfer.expected_date,
            title=_title(transfer, transfer.expected_date, way, lines, transfer.to_store, now),
            store=transfer.to_store,
            lines=_told(lines),
        )


Line = tuple[str, str, int]  # SKU, name, units to come


def _by_document(lines: Any, field: str, documents: Any) -> dict[int, list[Line]]:
    rows = lines.filter(**{f"{field}__in": [document.pk for document in documents]}).order_by("product__sku")
    found: dict[int, list[Line]] = {}
    for document_id, *line in rows.values_list(field, "product__sku", "product__name", "coming_units"):
        found.setdefault(document_id, []).append((line[0], line[1], line[2]))
    return found


def _title(document: Any, day: date, way: str, lines: list[Line], store: Store, now: datetime) -> str:
    late = "Overdue: " if day < clock.business_date(now, store.zone) else ""
    units = sum(line[2] for line in lines)
    return f"{late}{document.number} {way}, {units:,} units"


def _told(lines: list[Line]) -> tuple[str, ...]:
    told = tuple(f"{units:,} × {sku} {name}" for sku, name, units in lines[:LINES_TOLD])
    more = len(lines) - len(told)
    return (*told, f"and {more:,} more") if more > 0 else told
