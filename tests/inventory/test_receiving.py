"""Deliveries that are not what was ordered: short, over, refused, and what the ledger and the position make of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from insights.frames.reorder import load_reorder_frame
from inventory.models import InventoryTransaction, PurchaseOrder, PurchaseOrderLine, Receipt, StockLevel
from inventory.services.errors import Conflict
from inventory.services.purchasing import (
    Arrival,
    OrderItem,
    add_to_draft_order,
    approve_order,
    close_order,
    receive_order,
    send_order,
)
from tests.cast import NOW, TODAY, Cast


@pytest.fixture
def sent(cast: Cast) -> PurchaseOrder:
    items = [OrderItem(cast.steady.pk, 12, Decimal("3.00")), OrderItem(cast.seasonal.pk, 6, Decimal("2.50"))]
    order = add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)
    approve_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    return send_order(order_id=order.pk, actor=cast.buyer, now=NOW)


def receive(cast: Cast, order: PurchaseOrder, key: str = "d1", **arrivals: int | Arrival) -> PurchaseOrder:
    """Arrivals by product: steady=…, seasonal=…"""
    lines = {order.lines.get(product=getattr(cast, name)).pk: arrival for name, arrival in arrivals.items()}
    return receive_order(order_id=order.pk, lines=lines, idempotency_key=key, actor=cast.buyer, now=NOW)


def on_hand(cast: Cast) -> dict[str, int]:
    return dict(StockLevel.objects.filter(store=cast.north).values_list("product__sku", "on_hand_units"))


def on_order(cast: Cast) -> dict[int, int]:
    """What the order policy counts as coming."""
    ids = [cast.steady.pk, cast.seasonal.pk]
    return load_reorder_frame(store_id=cast.north.pk, product_ids=ids, recommendation_date=TODAY).on_order_units


def test_refused_units_are_recorded_and_never_become_stock(cast: Cast, sent: PurchaseOrder) -> None:
    order = receive(cast, sent, steady=Arrival(units=9, refused_units=3, refusal="crushed"))
    line = order.lines.get(product=cast.steady)
    assert (line.received_units, line.refused_units, line.open_units) == (9, 3, 3)
    assert (on_hand(cast), on_order(cast)) == ({"SKU-STEADY": 9}, {cast.steady.pk: 3, cast.seasonal.pk: 6})
    receipt = Receipt.objects.get()
    assert (receipt.units, receipt.refused_units, receipt.refusal) == (9, 3, "crushed")
    assert order.notes.endswith("bo received 9 units, refused 3 units of SKU-STEADY (crushed)\n")
    assert InventoryTransaction.objects.get().quantity == 9


def test_a_delivery_that_is_refused_whole_leaves_the_order_sent(cast: Cast, sent: PurchaseOrder) -> None:
    order = receive(cast, sent, steady=Arrival(refused_units=12))
    assert (order.status, on_hand(cast), InventoryTransaction.objects.count()) == ("sent", {}, 0)
    assert Receipt.objects.get().refusal == "damaged"


def test_the_rest_of_a_short_line_is_closed_with_its_reason_and_is_no_longer_on_order(
    cast: Cast, sent: PurchaseOrder
) -> None:
    order = receive(cast, sent, steady=Arrival(units=5, close_reason="short"))
    line = order.lines.get(product=cast.steady)
    assert (line.received_units, line.cancelled_units, line.close_reason, line.open_units) == (5, 7, "short", 0)
    assert (order.status, on_order(cast)) == ("partly_received", {cast.seasonal.pk: 6})
    assert order.notes.endswith("bo received 5 units, closed 7 units short\n")


def test_when_every_line_is_received_or_closed_the_order_is_over(cast: Cast, sent: PurchaseOrder) -> None:
    order = receive(cast, sent, steady=12, seasonal=Arrival(close_reason="discontinued"))
    assert (order.status, order.closed_at, on_order(cast)) == ("received", NOW, {})


def test_an_order_of_which_every_line_was_closed_and_nothing_came_is_cancelled(cast: Cast, sent: PurchaseOrder) -> None:
    closed = Arrival(close_reason="short")
    order = receive(cast, sent, steady=closed, seasonal=closed)
    assert (order.status, order.closed_at, on_hand(cast)) == ("cancelled", NOW, {})


def test_what_comes_after_all_of_a_closed_line_is_taken(cast: Cast, sent: PurchaseOrder) -> None:
    receive(cast, sent, steady=Arrival(units=5, close_reason="short"))
    order = receive(cast, sent, "d2", steady=6)
    line = order.lines.get(product=cast.steady)
    assert (line.received_units, line.cancelled_units, line.close_reason, line.open_units) == (11, 1, "short", 0)
    order = receive(cast, sent, "d3", steady=1)
    line = order.lines.get(product=cast.steady)
    assert (line.received_units, line.cancelled_units, line.close_reason) == (12, 0, "")


def test_units_over_the_order_are_taken_within_the_tolerance_and_marked(
    cast: Cast, sent: PurchaseOrder, settings: Any
) -> None:
    settings.OVER_DELIVERY_TOLERANCE = 0.2
    with pytest.raises(ValidationError) as refused:
        receive(cast, sent, steady=15)
    assert refused.value.messages == ["SKU-STEADY: 15 units would have arrived of 12 ordered; at most 14 are accepted."]
    receive(cast, sent, steady=11)
    order = receive(cast, sent, "d2", steady=3)
    assert list(Receipt.objects.order_by("pk").values_list("units", "over_units")) == [(11, 0), (3, 2)]
    assert InventoryTransaction.objects.latest("pk").reason == "2 units more than ordered"
    assert order.notes.endswith("bo received 3 units (2 more than ordered)\n")
    line = order.lines.get(product=cast.steady)
    assert (line.over_units, line.open_units, on_hand(cast)) == (2, 0, {"SKU-STEADY": 14})


@pytest.mark.parametrize(("tolerance", "most"), [(0, 12), (0.1, 13), (0.25, 15), (1.0, 24)])
def test_the_tolerance_counts_whole_units(cast: Cast, sent: PurchaseOrder, settings: Any, tolerance: float, most: int) -> None:  # fmt: skip
    settings.OVER_DELIVERY_TOLERANCE = tolerance
    with pytest.raises(ValidationError, match=f"at most {most} are accepted"):
        receive(cast, sent, steady=most + 1)
    assert receive(cast, sent, steady=most).lines.get(product=cast.steady).received_units == most


def test_the_same_request_again_changes_nothing_refusals_and_closing_included(cast: Cast, sent: PurchaseOrder) -> None:
    arrival = Arrival(units=5, refused_units=1, refusal="wet", close_reason="short")
    first = receive(cast, sent, steady=arrival)
    before = (PurchaseOrder.objects.values().get(), list(PurchaseOrderLine.objects.order_by("pk").values()))
    again = receive(cast, sent, steady=arrival)
    assert (PurchaseOrder.objects.values().get(), list(PurchaseOrderLine.objects.order_by("pk").values())) == before
    assert (again.version, Receipt.objects.count(), InventoryTransaction.objects.count()) == (first.version, 1, 1)
    with pytest.raises(Conflict, match="with other units"):
        receive(cast, sent, steady=Arrival(units=5, refused_units=2))


@pytest.mark.parametrize(
    ("arrival", "message"),
    [
        (Arrival(units=1, close_reason="because"), "SKU-STEADY: “because” is no reason to close a line."),
        (Arrival(refused_units=-1), "SKU-STEADY: -1 units cannot arrive; correct the stock by a count instead."),
        (Arrival(refused_units=10**8), "SKU-STEADY: 100,000,000 refused units are a slip of the keyboard."),
        (Arrival(), "Give the units that arrived of at least one line."),
    ],
)
def test_a_delivery_that_cannot_be_is_refused_by_line(
    cast: Cast, sent: PurchaseOrder, arrival: Arrival, message: str
) -> None:
    before = list(PurchaseOrderLine.objects.order_by("pk").values())
    with pytest.raises(ValidationError) as refused:
        receive(cast, sent, steady=arrival)
    assert refused.value.messages == [message]
    assert list(PurchaseOrderLine.objects.order_by("pk").values()) == before


def test_an_order_closed_as_not_needed_says_so_on_every_open_line(cast: Cast, sent: PurchaseOrder) -> None:
    receive(cast, sent, steady=12)
    order = close_order(order_id=sent.pk, reason="not_needed", actor=cast.buyer, now=NOW)
    lines = order.lines.order_by("pk").values_list("cancelled_units", "close_reason")
    assert list(lines) == [(0, ""), (6, "not_needed")]
    assert order.notes.endswith("bo closed it 6 units short: we no longer need it\n")
    with pytest.raises(ValidationError, match="no reason to close an order"):
        close_order(order_id=sent.pk, reason="", actor=cast.buyer, now=NOW)


def test_the_database_refuses_what_makes_no_sense(cast: Cast, sent: PurchaseOrder) -> None:
    line = sent.lines.get(product=cast.steady)
    for changes in ({"cancelled_units": 13, "close_reason": "short"}, {"cancelled_units": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PurchaseOrderLine.objects.filter(pk=line.pk).update(**changes)
    for fields in ({"units": 0}, {"units": 0, "refused_units": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Receipt.objects.create(line=line, received_on=TODAY, idempotency_key="x", **fields)
