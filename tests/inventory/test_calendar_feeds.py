"""The calendar of due deliveries: signed, revocable, without a session, and of its owner's stores alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from inventory.models import CalendarFeed, PurchaseOrder, StockTransfer
from inventory.services.calendar_feeds import create_feed, due_for, revoke_feed, token_of
from inventory.services.purchasing import OrderItem, add_to_draft_order, approve_order, receive_order, send_order
from inventory.services.transfers import TransferItem, approve_transfer, create_transfer, dispatch_transfer
from tests.cast import NOW, Cast


@pytest.fixture(autouse=True)
def _no_throttle_left() -> None:
    cache.clear()


def sent_order(cast: Cast, store: Any, products: int = 1) -> PurchaseOrder:
    who: dict[str, Any] = {"actor": cast.buyer, "now": NOW}
    items = [OrderItem(product.pk, 12, Decimal("3.00")) for product in cast.products[:products]]
    order = add_to_draft_order(store=store, supplier=cast.supplier, items=items, **who)
    approve_order(order_id=order.pk, **who)
    return send_order(order_id=order.pk, **who)


def sent_transfer(cast: Cast, from_store: Any, to_store: Any) -> StockTransfer:
    who: dict[str, Any] = {"actor": cast.buyer, "now": NOW}
    items = [TransferItem(cast.steady.pk, 10)]
    transfer = create_transfer(from_store=from_store, to_store=to_store, items=items, **who)
    approve_transfer(transfer_id=transfer.pk, **who)
    return dispatch_transfer(transfer_id=transfer.pk, **who)


def read(feed: CalendarFeed, token: str = "") -> Any:
    return Client().get(reverse("calendar-feed", args=[token or token_of(feed)]))


def events(feed: CalendarFeed) -> list[Any]:
    response = read(feed)
    assert response.status_code == 200
    return list(Calendar.from_ical(response.content).walk("VEVENT"))


@pytest.fixture
def feed(cast: Cast) -> CalendarFeed:
    return create_feed(owner=cast.buyer, name="Phone", now=NOW)


def test_what_is_on_its_way_is_a_day_with_its_goods(cast: Cast, feed: CalendarFeed) -> None:
    cast.north.address = "1 High Street\nLeeds"
    cast.north.save(update_fields=["address"])
    order = sent_order(cast, cast.north, products=2)
    [event] = events(feed)
    assert event.decoded("dtstart") == date(2026, 3, 21)
    assert event.decoded("dtend") == date(2026, 3, 22)
    assert str(event["uid"]) == f"purchaseorder-{order.pk}@invencare"
    assert str(event["summary"]).endswith(f"{order.number} Acme Wholesale → N1, 24 units")
    assert str(event["description"]).splitlines() == [
        "12 × SKU-SEASONAL Seasonal product",
        "12 × SKU-STEADY Steady product",
    ]
    assert str(event["location"]) == "North, 1 High Street, Leeds"
    assert str(event["url"]) == f"http://testserver/admin/inventory/purchaseorder/{order.pk}/change/"
    assert event["sequence"] == order.version


def test_a_transfer_is_an_arrival_at_the_receiving_store(cast: Cast, feed: CalendarFeed) -> None:
    transfer = sent_transfer(cast, cast.south, cast.north)
    [event] = events(feed)
    assert (event.decoded("dtstart"), str(event["uid"])) == (
        date(2026, 3, 18),
        f"stocktransfer-{transfer.pk}@invencare",
    )
    assert str(event["summary"]).endswith(f"{transfer.number} S1 → N1, 10 units")


def test_only_what_still_comes_is_told_and_what_is_past_its_day_is_overdue(cast: Cast, feed: CalendarFeed) -> None:
    order = sent_order(cast, cast.north)
    line = order.lines.get()
    receive_order(order_id=order.pk, lines={line.pk: 5}, idempotency_key="d1", actor=cast.buyer, now=NOW)
    titles = [[one.title for one in due_for(cast.buyer, now=NOW + timedelta(days=days))] for days in (5, 6)]
    told = f"{order.number} Acme Wholesale → N1, 7 units"
    assert titles == [[told], [f"Overdue: {told}"]]
    receive_order(order_id=order.pk, lines={line.pk: 7}, idempotency_key="d2", actor=cast.buyer, now=NOW)
    assert events(feed) == []


def test_drafts_and_approved_orders_are_not_due(cast: Cast, feed: CalendarFeed) -> None:
    items = [OrderItem(cast.steady.pk, 12, Decimal("3.00"))]
    order = add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)
    approve_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    assert events(feed) == []


@pytest.mark.parametrize(
    ("person", "stores"),
    [
        ("viewer", {"N1", "S1"}),
        ("store_manager", {"N1"}),
        ("buyer", {"N1", "S1"}),
        ("analyst", {"N1", "S1"}),
        ("administrator", {"N1", "S1"}),
        ("outsider", set()),
    ],
)
def test_everybody_reads_of_own_stores_and_no_others(cast: Cast, person: str, stores: set[str]) -> None:
    for store in (cast.north, cast.south):
        sent_order(cast, store)
    sent_transfer(cast, cast.south, cast.north)
    sent_transfer(cast, cast.north, cast.south)
    feed = create_feed(owner=cast.people[person], name="Desk", now=NOW)
    titles = [str(event["summary"]) for event in events(feed)]
    assert len(titles) == 2 * len(stores)
    assert {title.partition(" → ")[2][:2] for title in titles} == stores


def test_a_right_that_was_taken_away_closes_the_calendar_too(cast: Cast, feed: CalendarFeed) -> None:
    sent_order(cast, cast.north)
    assert len(events(feed)) == 1
    cast.buyer.groups.clear()
    assert events(feed) == []


def test_a_revoked_address_and_one_of_somebody_gone_open_nothing(cast: Cast, feed: CalendarFeed) -> None:
    assert revoke_feed(feed_id=feed.pk, actor=cast.buyer, now=NOW) is True
    assert revoke_feed(feed_id=feed.pk, actor=cast.buyer, now=NOW + timedelta(days=1)) is False
    feed.refresh_from_db()
    assert (read(feed).status_code, feed.revoked_at) == (404, NOW)
    other = create_feed(owner=cast.buyer, name="Desk", now=NOW)
    cast.buyer.is_active = False
    cast.buyer.save(update_fields=["is_active"])
    assert read(other).status_code == 404


def test_an_address_cannot_be_made_up(cast: Cast, feed: CalendarFeed, settings: Any) -> None:
    token = token_of(feed)
    other = create_feed(owner=cast.administrator, name="Desk", now=NOW)
    signature = token.rpartition("~")[2]
    forged = [
        token[:-1],
        token.partition("~")[0],
        f"{other.pk}-{other.secret}~{signature}",
        f"{feed.pk}-{'0' * 32}~{signature}",
        "x~y",
        "~",
        "😀",
    ]
    for made_up in forged:
        answer = read(feed, made_up)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found"), made_up
    settings.SECRET_KEY = "another secret of the site" * 3
    assert read(feed, token).status_code == 404  # the table alone does not make an address


def test_it_needs_no_session_and_answers_no_other_method(cast: Cast, feed: CalendarFeed) -> None:
    response = read(feed)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert "Set-Cookie" not in response.headers
    address = reverse("calendar-feed", args=[token_of(feed)])
    assert Client().post(address).status_code == 405
    assert Client(headers={"accept": "text/calendar", "authorization": "Api-Key x.y"}).get(address).status_code == 200


def test_that_it_was_read_is_noted_at_most_hourly(
    cast: Cast, feed: CalendarFeed, django_assert_num_queries: Callable[..., Any]
) -> None:
    read(feed)
    feed.refresh_from_db()
    first = feed.last_read_at
    assert first is not None
    read(feed)
    feed.refresh_from_db()
    assert feed.last_read_at == first


@pytest.mark.parametrize("count", [3, 30])
def test_it_takes_the_same_queries_for_any_number_of_deliveries(
    cast: Cast, feed: CalendarFeed, count: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    for _ in range(count):
        sent_order(cast, cast.north, products=2)
        sent_transfer(cast, cast.south, cast.north)
    with django_assert_num_queries(8):  # feed, note, permissions twice, and two for each kind
        assert len(Calendar.from_ical(read(feed).content).walk("VEVENT")) == 2 * count


def test_a_feed_needs_a_name(cast: Cast) -> None:
    with pytest.raises(ValidationError, match="where you will read it"):
        create_feed(owner=cast.buyer, name="  ", now=NOW)


def test_people_make_see_and_revoke_their_own_in_the_admin(cast: Cast, client: Client) -> None:
    client.force_login(cast.store_manager)
    client.post(reverse("admin:inventory_calendarfeed_add"), {"name": "Phone"})
    feed = CalendarFeed.objects.get()
    page = reverse("admin:inventory_calendarfeed_change", args=[feed.pk])
    assert (feed.owner, feed.name) == (cast.store_manager, "Phone")
    assert f"http://testserver/api/v1/calendar/{token_of(feed)}.ics" in client.get(page).content.decode()
    client.post(reverse("admin:inventory_calendarfeed_revoke", args=[feed.pk]))
    assert read(feed).status_code == 404
    assert token_of(feed) not in client.get(page).content.decode()


def test_nobody_reads_or_revokes_anothers_address_but_who_manages_people_revokes(
    cast: Cast, feed: CalendarFeed, client: Client
) -> None:
    page = reverse("admin:inventory_calendarfeed_change", args=[feed.pk])
    revoke = reverse("admin:inventory_calendarfeed_revoke", args=[feed.pk])
    for person in (cast.viewer, cast.store_manager, cast.analyst, cast.outsider):
        client.force_login(person)
        assert token_of(feed) not in client.get(page, follow=True).content.decode()
        assert client.post(revoke).status_code == 403
    with pytest.raises(PermissionDenied):
        revoke_feed(feed_id=feed.pk, actor=cast.analyst, now=NOW)
    client.force_login(cast.administrator)
    text = client.get(page).content.decode()
    assert "shown to its owner alone" in text
    assert token_of(feed) not in text
    assert client.get(revoke).status_code == 302
    assert read(feed).status_code == 200  # a link revokes nothing
    client.post(revoke)
    assert read(feed).status_code == 404
