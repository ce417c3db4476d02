"""Transfers: stock leaves one store and reaches another, and what is lost on the way is said."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from inventory.models import InventoryTransaction, StockLevel, StockTransfer
from inventory.services.errors import Conflict
from inventory.services.transfers import (
    TransferItem,
    cancel_transfer,
    create_transfer,
    create_transfer_by_sku,
    dispatch_transfer,
    receive_transfer,
)
from tests.cast import NOW, Cast, movement, record


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


def stock(cast: Cast) -> tuple[int, int]:
    """On hand of the steady product in south and in north."""
    units = dict(StockLevel.objects.filter(product=cast.steady).values_list("store__code", "on_hand_units"))
    return units.get("S1", 0), units.get("N1", 0)


def test_a_draft_adds_up_a_product_and_moves_nothing(cast: Cast, transfer: StockTransfer) -> None:
    assert (transfer.number, transfer.status) == (f"TR-{transfer.pk}", "draft")
    assert list(transfer.lines.values_list("product__sku", "units")) == [("SKU-STEADY", 10)]
    assert stock(cast) == (50, 0)


def test_dispatch_takes_the_units_out_and_receipt_puts_them_in(cast: Cast, transfer: StockTransfer) -> None:
    dispatched = dispatch_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    assert (dispatched.status, stock(cast)) == ("sent", (40, 0))
    line = transfer.lines.get()
    received = receive_transfer(transfer_id=transfer.pk, lines={line.pk: 10}, actor=cast.store_manager, now=NOW)
    assert (received.status, received.closed_at, stock(cast)) == ("received", NOW, (40, 10))
    kinds = InventoryTransaction.objects.filter(reference=transfer.number).order_by("pk")
    assert list(kinds.values_list("movement_type", "store__code", "stock_change")) == [
        ("transfer_out", "S1", -10),
        ("transfer_in", "N1", 10),
    ]


def test_what_is_missing_is_named_and_in_neither_store(cast: Cast, transfer: StockTransfer) -> None:
    dispatch_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    line = transfer.lines.get()
    received = receive_transfer(transfer_id=transfer.pk, lines={line.pk: 7}, actor=cast.buyer, now=NOW)
    assert received.notes.endswith("bo received it, missing 3 of SKU-STEADY\n")
    assert stock(cast) == (40, 7)
    assert InventoryTransaction.objects.get(movement_type="transfer_in").reason == "missing 3 of SKU-STEADY"


def test_nothing_arrived_is_an_end_too(cast: Cast, transfer: StockTransfer) -> None:
    dispatch_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    received = receive_transfer(transfer_id=transfer.pk, lines={}, actor=cast.buyer, now=NOW)
    assert (received.status, stock(cast)) == ("received", (40, 0))


def test_a_second_receipt_and_a_second_dispatch_change_nothing(cast: Cast, transfer: StockTransfer) -> None:
    dispatch_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    with pytest.raises(Conflict, match="is in transit; it cannot be dispatched now"):
        dispatch_transfer(transfer_id=transfer.pk, version=transfer.version, actor=cast.buyer, now=NOW)
    everything = {transfer.lines.get().pk: 10}
    receive_transfer(transfer_id=transfer.pk, lines=everything, actor=cast.buyer, now=NOW)
    with pytest.raises(Conflict, match="is received; it cannot be received now"):
        receive_transfer(transfer_id=transfer.pk, lines=everything, actor=cast.buyer, now=NOW)
    assert stock(cast) == (40, 10)


@pytest.mark.parametrize("units", [-1, 11])
def test_more_than_was_dispatched_or_less_than_nothing_is_refused(
    cast: Cast, transfer: StockTransfer, units: int
) -> None:
    dispatch_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW)
    with pytest.raises(ValidationError) as refused:
        receive_transfer(transfer_id=transfer.pk, lines={transfer.lines.get().pk: units}, actor=cast.buyer, now=NOW)
    assert refused.value.messages == [f"SKU-STEADY: 0 to 10 units can arrive, not {units}."]
    assert stock(cast) == (40, 0)


def test_a_draft_is_cancelled_and_what_is_in_transit_is_not(cast: Cast, transfer: StockTransfer) -> None:
    other = create_transfer(
        from_store=cast.south,
        to_store=cast.north,
        items=[TransferItem(cast.steady.pk, 1)],
        actor=cast.buyer,
        now=NOW,
    )
    dispatch_transfer(transfer_id=other.pk, actor=cast.buyer, now=NOW)
    assert cancel_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW).status == "cancelled"
    with pytest.raises(Conflict, match="is in transit"):
        cancel_transfer(transfer_id=other.pk, actor=cast.buyer, now=NOW)


def test_each_end_is_the_work_of_its_own_store(cast: Cast, transfer: StockTransfer) -> None:
    """The manager of north may ask for and receive stock, and not send it away from south."""
    with pytest.raises(PermissionDenied, match="which sends this transfer"):
        dispatch_transfer(transfer_id=transfer.pk, actor=cast.store_manager, now=NOW)
    assert stock(cast) == (50, 0)
    back = create_transfer(
        from_store=cast.north,
        to_store=cast.south,
        items=[TransferItem(cast.steady.pk, 1)],
        actor=cast.store_manager,
        now=NOW,
    )
    dispatch_transfer(transfer_id=back.pk, actor=cast.store_manager, now=NOW)
    with pytest.raises(PermissionDenied, match="which receives this transfer"):
        receive_transfer(transfer_id=back.pk, lines={}, actor=cast.store_manager, now=NOW)
    assert stock(cast) == (50, -1)


def test_strangers_to_both_stores_are_refused(cast: Cast, transfer: StockTransfer) -> None:
    for step in (
        lambda: cancel_transfer(transfer_id=transfer.pk, actor=cast.outsider, now=NOW),
        lambda: create_transfer(
            from_store=cast.south,
            to_store=cast.north,
            items=[TransferItem(cast.steady.pk, 1)],
            actor=cast.outsider,
            now=NOW,
        ),
    ):
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
    assert StockTransfer.objects.count() == 0
