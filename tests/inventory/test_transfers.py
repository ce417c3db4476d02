"""Transfers: stock leaves one store and reaches another, and what is lost or found on the way is in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Sum

from insights.frames.reorder import load_reorder_frame
from inventory.models import InventoryTransaction, StockLevel, StockTransfer, StockTransferLine, TransferReceipt
from inventory.services.errors import Conflict
from inventory.services.rebuild import find_differences
from inventory.services.transfers import (
    TransferItem,
    approve_transfer,
    cancel_transfer,
    change_transfer_lines,
    close_transfer,
    create_transfer,
    create_transfer_by_sku,
    dispatch_transfer,
    receive_transfer,
)
from tests.cast import NOW, TODAY, Cast, movement, record


@pytest.fixture
def transfer(cast: Cast) -> StockTransfer:
    record(movement(cast.south, cast.steady, "count", 50))
    return create_transfer(
        from_store=cast.south,
        to_store=cast.north,
        items=[TransferItem(cast.steady.pk, 8), TransferItem(cast.steady.pk, 2)],
        actor=cast.buyer,
        now=NOW,
    )


@pytest.fixture
def on_the_way(cast: Cast, transfer: StockTransfer) -> StockTransfer:
    approve_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    return dispatch_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)


def stock(cast: Cast) -> tuple[int, int]:
    """On hand of the steady product in south and in north."""
    units = dict(StockLevel.objects.filter(product=cast.steady).values_list("store__code", "on_hand_units"))
    return units.get("S1", 0), units.get("N1", 0)


def in_transit(cast: Cast) -> int:
    """What the order policy is told is on its way to north, or decided to be."""
    frame = load_reorder_frame(store_id=cast.north.pk, product_ids=[cast.steady.pk], recommendation_date=TODAY)
    return frame.in_transit_units.get(cast.steady.pk, 0)


def receive(cast: Cast, transfer: StockTransfer, units: int, key: str = "a1", actor: Any = None) -> StockTransfer:
    lines = {transfer.lines.get().pk: units}
    return receive_transfer(
        transfer_id=transfer.pk, lines=lines, idempotency_key=key, actor=actor or cast.store_manager, now=NOW
    )


def movements(transfer: StockTransfer) -> list[tuple[str, str, int, str]]:
    rows = InventoryTransaction.objects.filter(reference=transfer.number).order_by("pk")
    return list(rows.values_list("store__code", "movement_type", "stock_change", "reason"))


def test_a_draft_adds_up_a_product_moves_nothing_and_is_counted_on_by_orders(
    cast: Cast, transfer: StockTransfer
) -> None:
    assert (transfer.number, transfer.status) == (f"TR-{transfer.pk}", "draft")
    assert list(transfer.lines.values_list("product__sku", "units")) == [("SKU-STEADY", 10)]
    assert (stock(cast), in_transit(cast)) == ((50, 0), 10)


def test_the_lines_of_a_draft_are_changed_and_taken_out(cast: Cast, transfer: StockTransfer) -> None:
    line = transfer.lines.get()
    change_transfer_lines(transfer_id=transfer.pk, units={line.pk: 4}, actor=cast.store_manager, now=NOW)
    assert transfer.lines.get().units == 4
    for units in ({line.pk: -1}, {line.pk: 10_000_001}, {0: 1}):
        with pytest.raises(ValidationError):
            change_transfer_lines(transfer_id=transfer.pk, units=units, actor=cast.buyer, now=NOW)
    change_transfer_lines(transfer_id=transfer.pk, units={line.pk: 0}, actor=cast.buyer, now=NOW)
    with pytest.raises(ValidationError, match="nothing to approve"):
        approve_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)


def test_it_leaves_after_approval_alone_and_its_lines_are_then_fixed(cast: Cast, transfer: StockTransfer) -> None:
    with pytest.raises(Conflict, match="is draft; only approved transfers can be dispatched"):
        dispatch_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    assert approve_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW).status == "approved"
    with pytest.raises(Conflict, match="only draft transfers can be changed"):
        change_transfer_lines(transfer_id=transfer.pk, units={}, actor=cast.buyer, now=NOW)
    assert stock(cast) == (50, 0)


def test_dispatch_takes_the_units_out_and_receipt_puts_them_in(cast: Cast, on_the_way: StockTransfer) -> None:
    assert (on_the_way.status, on_the_way.expected_date, stock(cast)) == ("sent", date(2026, 3, 18), (40, 0))
    assert in_transit(cast) == 10
    received = receive(cast, on_the_way, 10)
    assert (received.status, received.closed_at, stock(cast)) == ("received", NOW, (40, 10))
    assert in_transit(cast) == 0
    assert movements(on_the_way) == [("S1", "transfer_out", -10, ""), ("N1", "transfer_in", 10, "")]


def test_the_day_of_arrival_can_be_said_but_not_in_the_past(cast: Cast, transfer: StockTransfer) -> None:
    approve_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    who: dict[str, Any] = {"transfer_id": transfer.pk, "actor": cast.buyer, "now": NOW}
    with pytest.raises(ValidationError, match="2026-03-15 is past"):
        dispatch_transfer(expected_date=date(2026, 3, 15), **who)
    assert dispatch_transfer(expected_date=date(2026, 3, 30), **who).expected_date == date(2026, 3, 30)


def test_what_arrives_in_part_leaves_the_rest_in_transit(cast: Cast, on_the_way: StockTransfer) -> None:
    partly = receive(cast, on_the_way, 7)
    assert (partly.status, partly.closed_at, stock(cast), in_transit(cast)) == ("partly_received", None, (40, 7), 3)
    whole = receive(cast, on_the_way, 3, "a2")
    assert (whole.status, stock(cast), in_transit(cast)) == ("received", (40, 10), 0)
    assert list(TransferReceipt.objects.order_by("pk").values_list("units", "received_by__username")) == [
        (7, "max"),
        (3, "max"),
    ]


def test_what_never_arrives_is_written_off_with_its_reason_and_both_sides_agree(
    cast: Cast, on_the_way: StockTransfer
) -> None:
    receive(cast, on_the_way, 7)
    closed = close_transfer(transfer_id=on_the_way.pk, reason="box fell", actor=cast.store_manager, now=NOW)
    assert (closed.status, closed.closed_at, stock(cast), in_transit(cast)) == ("received", NOW, (40, 7), 0)
    assert closed.notes.endswith("max closed it, missing 3 of SKU-STEADY: box fell\n")
    assert closed.lines.get().lost_units == 3
    assert movements(on_the_way) == [
        ("S1", "transfer_out", -10, ""),
        ("N1", "transfer_in", 7, ""),
        ("N1", "transfer_in", 3, "lost in transit: box fell"),
        ("N1", "write_off", -3, "lost in transit: box fell"),
    ]


def test_a_transfer_of_which_nothing_arrived_is_closed_too(cast: Cast, on_the_way: StockTransfer) -> None:
    close_transfer(transfer_id=on_the_way.pk, reason="stolen", actor=cast.buyer, now=NOW)
    assert (stock(cast), in_transit(cast)) == ((40, 0), 0)
    moved = InventoryTransaction.objects.filter(movement_type__startswith="transfer").aggregate(Sum("stock_change"))
    assert moved == {"stock_change__sum": 0}


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_loss_needs_a_reason(cast: Cast, on_the_way: StockTransfer, reason: str) -> None:
    with pytest.raises(ValidationError, match="Say why"):
        close_transfer(transfer_id=on_the_way.pk, reason=reason, actor=cast.buyer, now=NOW)
    assert in_transit(cast) == 10


def test_more_than_left_is_found_in_transit_within_the_tolerance(
    cast: Cast, on_the_way: StockTransfer, settings: Any
) -> None:
    settings.OVER_DELIVERY_TOLERANCE = 0.2
    receive(cast, on_the_way, 7)
    with pytest.raises(ValidationError) as refused:
        receive(cast, on_the_way, 6, "a2")
    assert refused.value.messages == ["SKU-STEADY: 0 to 5 units can arrive, not 6."]
    received = receive(cast, on_the_way, 5, "a3")
    assert received.notes.endswith("max received 5 units (2 more than left)\n")
    assert (received.status, stock(cast)) == ("received", (40, 12))
    assert movements(on_the_way)[2:] == [("N1", "transfer_in", 3, ""), ("N1", "adjustment", 2, "found in transit")]
    assert received.lines.get().found_units == 2


def test_the_same_arrival_twice_is_booked_once_even_after_the_end(cast: Cast, on_the_way: StockTransfer) -> None:
    for _ in range(2):
        receive(cast, on_the_way, 10)
    assert (stock(cast), TransferReceipt.objects.count()) == ((40, 10), 1)
    with pytest.raises(Conflict, match="is booked already, with other units"):
        receive(cast, on_the_way, 9)
    with pytest.raises(Conflict, match="is received; only transfers in transit can be received"):
        receive(cast, on_the_way, 1, "a2")
    assert stock(cast) == (40, 10)


@pytest.mark.parametrize(
    ("units", "message"),
    [
        (-1, "SKU-STEADY: 0 to 20 units can arrive, not -1."),
        (21, "SKU-STEADY: 0 to 20 units can arrive, not 21."),
        (0, "Give the units that arrived of at least one line; if none will, close the transfer."),
    ],
)
def test_an_arrival_that_cannot_be_is_refused_and_nothing_moves(
    cast: Cast, on_the_way: StockTransfer, units: int, message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        receive(cast, on_the_way, units)
    assert refused.value.messages == [message]
    assert (stock(cast), in_transit(cast), TransferReceipt.objects.count()) == ((40, 0), 10, 0)


def test_a_stale_page_dispatches_nothing_twice(cast: Cast, on_the_way: StockTransfer) -> None:
    with pytest.raises(Conflict, match="is in transit; only approved transfers can be dispatched"):
        dispatch_transfer(transfer_id=on_the_way.pk, version=2, actor=cast.buyer, now=NOW)
    assert stock(cast) == (40, 0)


@pytest.mark.parametrize("is_approved", [False, True])
def test_what_has_not_left_is_cancelled(cast: Cast, transfer: StockTransfer, is_approved: bool) -> None:
    if is_approved:
        approve_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    cancelled = cancel_transfer(transfer_id=transfer.pk, reason="no van", actor=cast.store_manager, now=NOW)
    assert (cancelled.status, cancelled.closed_at) == ("cancelled", NOW)
    assert cancelled.notes.endswith("max cancelled it: no van\n")


def test_what_is_in_transit_is_not_cancelled(cast: Cast, on_the_way: StockTransfer) -> None:
    with pytest.raises(Conflict, match="only draft or approved transfers can be cancelled"):
        cancel_transfer(transfer_id=on_the_way.pk, actor=cast.buyer, now=NOW)


def test_the_ledger_is_the_levels_through_the_whole_life(cast: Cast, on_the_way: StockTransfer) -> None:
    assert list(find_differences()) == []
    receive(cast, on_the_way, 7)
    assert list(find_differences()) == []
    close_transfer(transfer_id=on_the_way.pk, reason="lost", actor=cast.buyer, now=NOW)
    assert list(find_differences()) == []


def test_each_end_is_the_work_of_its_own_store(cast: Cast, transfer: StockTransfer) -> None:
    """The manager of north may ask for and receive stock, and not send it away from south."""
    who: dict[str, Any] = {"transfer_id": transfer.pk, "actor": cast.store_manager, "now": NOW}
    with pytest.raises(PermissionDenied, match="which sends this transfer"):
        approve_transfer(**who)
    approve_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    with pytest.raises(PermissionDenied, match="which sends this transfer"):
        dispatch_transfer(**who)
    assert stock(cast) == (50, 0)
    back = create_transfer(
        from_store=cast.north,
        to_store=cast.south,
        items=[TransferItem(cast.steady.pk, 1)],
        actor=cast.store_manager,
        now=NOW,
    )
    approve_transfer(transfer_id=back.pk, actor=cast.store_manager, now=NOW)
    dispatch_transfer(transfer_id=back.pk, actor=cast.store_manager, now=NOW)
    for step in (
        lambda: receive(cast, back, 1),
        lambda: close_transfer(transfer_id=back.pk, reason="lost", actor=cast.store_manager, now=NOW),
    ):
        with pytest.raises(PermissionDenied, match="which receives this transfer"):
            step()
    assert stock(cast) == (50, -1)


def test_strangers_to_both_stores_are_refused(cast: Cast, transfer: StockTransfer) -> None:
    item = [TransferItem(cast.steady.pk, 1)]
    who: dict[str, Any] = {"actor": cast.outsider, "now": NOW}
    steps: list[Callable[[], object]] = [
        lambda: cancel_transfer(transfer_id=transfer.pk, **who),
        lambda: change_transfer_lines(transfer_id=transfer.pk, units={}, **who),
        lambda: create_transfer(from_store=cast.south, to_store=cast.north, items=item, **who),
    ]
    for step in steps:
        with pytest.raises(PermissionDenied, match="Neither store is one of yours"):
            step()
    assert list(StockTransfer.objects.values_list("status", flat=True)) == ["draft"]


def test_bad_transfers_are_refused_by_field(cast: Cast) -> None:
    def create(units: dict[str, int], to_store: object = None) -> StockTransfer:
        return create_transfer_by_sku(
            from_store=cast.south,
            to_store=to_store or cast.north,  # type: ignore[arg-type]
            units_by_sku=units,
            actor=cast.buyer,
            now=NOW,
        )

    for units, to_store, field in (
        ({}, None, "lines"),
        ({"SKU-STEADY": 0}, None, "lines"),
        ({"NOPE 🛒": 1}, None, "lines"),
        ({"SKU-STEADY": 1}, cast.south, "to_store"),
    ):
        with pytest.raises(ValidationError) as refused:
            create(units, to_store)
        assert list(refused.value.message_dict) == [field]
    assert (StockTransfer.objects.count(), StockTransferLine.objects.count()) == (0, 0)
