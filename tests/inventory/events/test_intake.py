"""The intake: outcomes, exactly once in effect, constant statements, and what happens when a batch fails."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.db.models import Sum
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from inventory.calc.events.verdicts import Outcome
from inventory.models import Alert, DailySales, InventoryTransaction, Product, StockEvent, StockLevel
from inventory.querysets.scope import StoreScope
from inventory.services.events import Sender, batch
from inventory.services.events.intake import is_transient
from inventory.services.rebuild import find_differences
from tests.cast import NOW, Cast, movement, record, set_bounds
from tests.inventory.events.making import at, event, hand_in, statuses, told

STEADY = "SKU-STEADY"


def on_hand(cast: Cast, sku: str = STEADY, store: str = "N1") -> int:
    return int(StockLevel.objects.get(store__code=store, product__sku=sku).on_hand_units)


def outcomes() -> list[str]:
    return list(StockEvent.objects.order_by("pk").values_list("outcome", flat=True))


def test_each_type_moves_the_ledger_and_the_level(cast: Cast) -> None:
    intake = hand_in(
        event("product_added", STEADY, 50, minute=1),
        event("sale", STEADY, 3, minute=2, unit_price="2.50"),
        event("return", STEADY, 1, minute=3, unit_price=2.5),
        event("product_quantity_changed", STEADY, "-8", minute=4),
        event("product_removed", STEADY, minute=5),
    )
    assert told(intake) == [(200, 0, 50), (200, 50, 47), (200, 47, 48), (200, 48, 40), (200, 40, 0)]
    ledger = InventoryTransaction.objects.order_by("pk").values_list("movement_type", "stock_change", "source")
    assert list(ledger) == [
        ("set", 50, "event"), ("sale", -3, "event"), ("return", 1, "event"), ("adjustment", -8, "event"),
        ("set", -40, "event"),
    ]  # fmt: skip
    assert DailySales.objects.aggregate(Sum("revenue"), Sum("units")) == {"revenue__sum": 5, "units__sum": 3}
    assert not StockLevel.objects.get(product=cast.steady).is_on_sale
    assert list(find_differences()) == []


def test_the_same_events_again_change_nothing(cast: Cast) -> None:
    events = [event("product_added", STEADY, 50, event_id="a"), event("sale", STEADY, 3, minute=1, event_id="b")]
    hand_in(*events)
    assert statuses(hand_in(*events, *events)) == [409, 409, 409, 409]
    assert (on_hand(cast), InventoryTransaction.objects.count(), StockEvent.objects.count()) == (47, 2, 2)


def test_twice_in_one_batch_is_once(cast: Cast) -> None:
    sale = event("sale", STEADY, 3, event_id="b")
    intake = hand_in(sale, sale)
    assert statuses(intake) == [200, 409]
    assert intake.results[1].reason == "Received before; it was applied then."
    assert on_hand(cast) == -3


def test_an_event_older_than_the_last_applied_one_is_recorded_and_not_applied(cast: Cast) -> None:
    intake = hand_in(
        event("product_added", STEADY, 50, minute=10),
        event("sale", STEADY, 3, minute=9),
        event("sale", STEADY, 1, minute=10),  # as old: applied
        event("sale", STEADY, 2, minute=9, store="S1"),  # another store: its own order
        event("sale", "SKU-NEW", 2, minute=9),
    )
    assert statuses(intake) == [200, 409, 200, 200, 200]
    assert outcomes()[1] == "stale"
    assert on_hand(cast) == 49


def test_a_movement_that_is_no_event_makes_none_stale(cast: Cast) -> None:
    """A delivery booked by hand while a sale is still on its way must not swallow the sale."""
    record(movement(cast.north, cast.steady, "receipt", 20, occurred_at=NOW))
    assert statuses(hand_in(event("sale", STEADY, 3, minute=1))) == [200]
    assert on_hand(cast) == 17


def test_an_old_event_is_stale_however_the_events_are_cut_into_batches(cast: Cast) -> None:
    hand_in(event("product_added", STEADY, 50, minute=10))
    assert statuses(hand_in(event("product_removed", STEADY, minute=9), event("sale", STEADY, 1, minute=11))) == [
        409,
        200,
    ]
    assert on_hand(cast) == 49


def test_a_product_is_known_to_those_after_it_alone(cast: Cast) -> None:
    events = [
        event("sale", "P9", 1, minute=1),
        event("product_removed", "P9", minute=2),
        event("product_added", "P9", 46, minute=3, name="Headphones"),
        event("sale", "P9", 1, minute=4),
    ]
    assert statuses(hand_in(*events)) == [400, 404, 200, 200]
    assert on_hand(cast, "P9") == 45
    assert Product.objects.get(sku="P9").name == "Headphones"


def test_a_removal_before_the_first_stock_removes_nothing_in_one_batch_either(cast: Cast) -> None:
    assert statuses(hand_in(event("product_removed", STEADY), event("sale", STEADY, 1, minute=1))) == [404, 200]


def test_a_removal_of_a_level_that_only_people_made_takes_it_off_sale(cast: Cast) -> None:
    set_bounds(cast.north, cast.steady, minimum=2, maximum=5)
    assert statuses(hand_in(event("product_removed", STEADY))) == [200]
    assert not StockLevel.objects.get(product=cast.steady).is_on_sale


def test_what_is_wrong_is_kept_with_its_reason_and_blocks_nothing(cast: Cast) -> None:
    intake = hand_in(
        event("gift", STEADY, 1), event("sale", STEADY, 1, store="X9"), event("sale", STEADY, 1, store=""), [1],
        event("sale", STEADY, 2),
    )  # fmt: skip
    assert statuses(intake) == [400, 400, 400, 400, 200]
    assert [list(result.errors) for result in intake.results] == [["event_type"], ["store_id"], ["store_id"], [""], []]
    letters = StockEvent.objects.dead_letters().order_by("pk")
    assert len(letters) == 4
    assert letters[1].reason == "store_id: There is no store “X9” here."
    assert '"X9"' in letters[1].payload
    assert on_hand(cast) == -2


def test_a_rejected_event_is_told_again_what_is_wrong_and_not_kept_twice(cast: Cast) -> None:
    bad = event("sale", "P77", 1, event_id="x")
    hand_in(bad)
    hand_in(event("product_added", "P77", 5, minute=1))
    (again,) = hand_in(bad).results  # it would pass now: but a redelivery must not end otherwise than the delivery
    assert (again.status, again.reason[:39]) == (400, "product.product_id: There is no product")
    assert StockEvent.objects.dead_letters().count() == 1
    assert on_hand(cast, "P77") == 5


def test_the_sender_may_send_a_rejected_event_again_corrected(cast: Cast) -> None:
    hand_in(event("sale", STEADY, "x", event_id="e"))
    assert told(hand_in(event("sale", STEADY, 4, event_id="e"))) == [(200, 0, -4)]
    row = StockEvent.objects.get(identity="e")
    assert (row.outcome, row.reason, row.after_units) == ("applied", "", -4)
    step = row.steps.get()
    assert (step.kind, step.outcome_before, step.outcome_after) == ("corrected", "rejected", "applied")
    assert '"quantity": "x"' in step.payload_before
    assert statuses(hand_in(event("sale", STEADY, 9, event_id="e"))) == [409]


def test_a_correction_in_the_same_batch_counts_too(cast: Cast) -> None:
    bad, good = event("sale", STEADY, "x", event_id="e"), event("sale", STEADY, 4, event_id="e")
    assert statuses(hand_in(bad, good, bad)) == [400, 200, 409]
    assert on_hand(cast) == -4


@override_settings(EVENT_DEFAULT_STORES={"*": "S1"})
def test_an_event_without_a_store_belongs_to_the_default_store(cast: Cast) -> None:
    assert statuses(hand_in(event("sale", STEADY, 1, store=""))) == [200]
    assert on_hand(cast, store="S1") == -1


def test_a_sender_of_some_stores_reaches_no_other_and_leaves_no_row_there(cast: Cast) -> None:
    sender = Sender(source="api", scope=StoreScope(store_ids=frozenset({cast.north.pk})))
    intake = hand_in(event("sale", STEADY, 1, store="S1"), event("sale", STEADY, 1), sender=sender)
    assert statuses(intake) == [400, 200]
    assert intake.results[0].reason == "store_id: There is no store “S1” here."
    assert outcomes() == ["applied"]


def test_a_sender_without_the_right_adds_and_renames_no_product(cast: Cast) -> None:
    sender = Sender(may_add_products=False, may_rename_products=False)
    intake = hand_in(event("product_added", "P9", 1), event("product_added", STEADY, 1, name="Other"), sender=sender)
    assert statuses(intake) == [400, 200]
    cast.steady.refresh_from_db()
    assert cast.steady.name == "Steady product"
    assert intake.results[1].warning == "The event names the product “Other”, it was known as “Steady product”."


def test_crossing_the_minimum_opens_one_alert_and_coming_back_closes_it(cast: Cast) -> None:
    set_bounds(cast.north, cast.steady, minimum=10, maximum=0)
    hand_in(event("product_added", STEADY, 12), event("sale", STEADY, 3, minute=1), event("sale", STEADY, 1, minute=2))
    hand_in(event("sale", STEADY, 1, minute=3))
    assert Alert.objects.open().filter(kind="below_minimum").count() == 1
    hand_in(event("product_added", STEADY, 40, minute=4))
    assert not Alert.objects.open().filter(kind="below_minimum").exists()


def statements(size: int, first: int, cast: Cast) -> int:
    products = [product.sku for product in cast.products]
    events = [
        event("sale", products[i % 5], 1, minute=i / 1000, store="NS"[i % 2] + "1", event_id=f"{first}-{i}")
        for i in range(size)
    ]
    with CaptureQueriesContext(connection) as queries:
        hand_in(*events)
    return len(queries)


def test_a_batch_takes_the_same_statements_whatever_its_size(cast: Cast) -> None:
    hand_in(
        *(
            event("product_added", product.sku, 10_000, store=store)
            for product in cast.products
            for store in ("N1", "S1")
        )
    )
    assert statements(10, 1, cast) == statements(100, 2, cast) == statements(500, 3, cast) == 13


def test_a_batch_that_fails_goes_in_event_by_event_and_the_culprit_becomes_a_dead_letter(cast: Cast) -> None:
    real = batch.apply_batch

    def breaks_on_five(records: Any, **options: Any) -> Any:
        if any(item.event is not None and item.event.quantity == 5 for item in records):
            raise ZeroDivisionError("five")
        return real(records, **options)

    with patch("inventory.services.events.intake.apply_batch", breaks_on_five):
        intake = hand_in(*(event("sale", STEADY, units, minute=units) for units in range(3, 8)))
    assert statuses(intake) == [200, 200, 400, 200, 200]
    (letter,) = StockEvent.objects.dead_letters()
    assert letter.reason == "It could not be applied: ZeroDivisionError: five"
    assert on_hand(cast) == -(3 + 4 + 6 + 7)


def test_a_database_that_is_away_leaves_everything_from_there_on_to_be_handed_in_again(cast: Cast) -> None:
    real = batch.apply_batch

    def away_at_five(records: Any, **options: Any) -> Any:
        if len(records) > 1:
            raise ZeroDivisionError
        if records[0].event.quantity == 5:
            raise OperationalError(2006, "Server has gone away")
        return real(records, **options)

    with patch("inventory.services.events.intake.apply_batch", away_at_five):
        intake = hand_in(*(event("sale", STEADY, units, minute=units) for units in range(3, 8)))
    assert statuses(intake) == [200, 200]
    assert [received.event.quantity for received in intake.unprocessed if received.event] == [5, 6, 7]
    assert on_hand(cast) == -7
    assert not StockEvent.objects.dead_letters().exists()


def test_whoever_meets_a_twin_at_the_unique_identity_runs_again(cast: Cast) -> None:
    real = batch.apply_batch
    calls: list[int] = []

    def met(records: Any, **options: Any) -> Any:
        calls.append(len(records))
        if len(calls) == 1:
            raise IntegrityError(1062, "Duplicate entry")
        return real(records, **options)

    with patch("inventory.services.events.intake.apply_batch", met):
        assert statuses(hand_in(event("sale", STEADY, 1), event("sale", STEADY, 1, minute=1))) == [200, 200]
    assert calls == [2, 2]


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (OperationalError(2006, "gone"), True),
        (OperationalError(1205, "lock wait"), True),
        (OperationalError("database is locked"), True),
        (OperationalError(1366, "Incorrect string value"), False),
        (IntegrityError(1062, "Duplicate"), False),
        (KeyError("x"), False),
    ],
)
def test_what_another_moment_may_mend_is_told_from_what_it_will_not(error: Exception, transient: bool) -> None:
    assert is_transient(error) is transient


def test_a_record_of_a_megabyte_and_one_with_emoji_are_kept_whole(cast: Cast) -> None:
    hand_in({"event_id": "big", "note": "x" * 200_000}, event("sale", "🍎", 1, event_id="🍐"))
    assert len(StockEvent.objects.get(identity="big").payload) > 200_000
    assert StockEvent.objects.get(identity="🍐").reason == (
        "product.product_id: There is no product “🍎”: add it first, by hand or with product_added."
    )


def test_the_event_clock_never_goes_back(cast: Cast) -> None:
    hand_in(event("sale", STEADY, 1, minute=30))
    hand_in(event("sale", STEADY, 1, minute=10))
    assert StockLevel.objects.get(product=cast.steady).events_applied_to == NOW - timedelta(minutes=90)
    assert at(30).startswith("2026-03-16T07:30")
    assert Outcome.STALE.value in outcomes()
