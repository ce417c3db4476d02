"""Deliveries in any cut, order of consumers, repetition and crash come to what one pass over the stream comes to."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.calc.events.records import read_data
from inventory.models import InventoryTransaction, StockEvent, StockLevel
from inventory.services.events import Sender, latest_instant, take_in
from inventory.services.rebuild import find_differences
from tests.cast import NOW, Cast
from tests.inventory.events.making import event
from tests.inventory.events.oracle import Oracle

KINDS = ["product_added", "product_removed", "product_quantity_changed", "sale", "return"]
PRODUCTS = ["SKU-STEADY", "SKU-NEW", "SKU-GONE"]  # the last is in no catalogue

one_event = st.builds(
    lambda kind, sku, store, quantity, minute, number: event(
        kind, sku, quantity, store=store, minute=minute, event_id=f"e{number}"
    ),
    st.sampled_from(KINDS),
    st.sampled_from(PRODUCTS),
    st.sampled_from(["N1", "S1", "X9"]),
    st.one_of(st.integers(1, 9), st.just("3"), st.just("many")),
    st.integers(0, 12),
    st.integers(0, 25),
)
# A consumer reads so many records from its place on; then it notes the place, or dies before it can.
step = st.tuples(st.integers(0, 1), st.integers(1, 7), st.booleans())


def same_id_same_event(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """An id that comes again comes with the event that it had first: a duplicate, not a correction."""
    first: dict[str, dict[str, Any]] = {}
    return [first.setdefault(said["event_id"], said) for said in events if not _adds_unknown(said)]


def _adds_unknown(said: dict[str, Any]) -> bool:
    """The oracle knows a fixed catalogue."""
    return bool(
        said["event_type"] in {"product_added", "product_removed"} and said["product"]["product_id"] == "SKU-GONE"
    )


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(one_event, min_size=1, max_size=25).map(same_id_same_event), st.lists(step, max_size=12))
def test_every_interleaving_comes_to_what_one_pass_comes_to(
    cast: Cast, events: list[dict[str, Any]], steps: list[tuple[int, int, bool]]
) -> None:
    records = [json.dumps(said).encode() for said in events]
    oracle = Oracle({"N1", "S1"}, {"SKU-STEADY", "SKU-NEW"}).read(records)
    with transaction.atomic():
        places = [0, 0]
        for consumer, length, is_noted in steps:
            deliver(records, places[consumer], places[consumer] + length)
            if is_noted:
                places = [max(places[consumer] + length, place) for place in places]
        deliver(records, min(places), len(records))
        deliver(records, 0, len(records))
        compare(oracle)
        transaction.set_rollback(True)


def deliver(records: list[bytes], first: int, last: int) -> None:
    latest = latest_instant(NOW + timedelta(hours=1))
    batch = [
        read_data(data, shard_id="s", sequence_number=str(first + i), stream="stock", latest=latest)
        for i, data in enumerate(records[first:last])
    ]
    intake = take_in(batch, sender=Sender(), now=NOW)
    assert intake.failure is None


def compare(oracle: Oracle) -> None:
    levels = {
        (level.store.code, level.product.sku): (level.on_hand_units, level.is_on_sale, level.events_applied_to)
        for level in StockLevel.objects.select_related("store", "product")
    }
    assert levels == {place: (shelf.units, shelf.on_sale, shelf.newest) for place, shelf in oracle.shelves.items()}
    kept = dict.fromkeys(("applied", "rejected", "stale", "unknown"), 0) | {
        outcome: StockEvent.objects.filter(outcome=outcome).count()
        for outcome in ("applied", "rejected", "stale", "unknown")
    }
    assert kept == {outcome: oracle.outcomes[outcome] for outcome in kept}
    assert InventoryTransaction.objects.count() == oracle.outcomes["applied"]
    assert list(find_differences()) == []
