"""The Lambda function behind a stream: what it answers, and that nothing holds up a shard but a database that is away."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import patch

import pytest
from django.db import OperationalError

from invencare.entrypoints.stream import stock_events
from inventory.calc.events.records import InvalidEnvelope
from inventory.models import StockEvent, StockLevel
from inventory.services.events import batch
from tests.cast import Cast
from tests.inventory.events.making import event, kinesis

ALL_WELL: dict[str, Any] = {"batchItemFailures": []}


def sales(*units: Any) -> dict[str, Any]:
    return {
        "Records": [kinesis(event("sale", "SKU-STEADY", n, minute=i), sequence=100 + i) for i, n in enumerate(units)]
    }


def test_a_batch_goes_in_and_a_poison_record_does_not_hold_it_up(cast: Cast) -> None:
    assert stock_events(sales(1, "x", 2), None) == ALL_WELL
    assert StockLevel.objects.get().on_hand_units == -3
    letter = StockEvent.objects.dead_letters().get()
    assert (letter.sequence_number, letter.sender, letter.source) == ("101", "stock", "stream")


def test_the_same_batch_again_changes_nothing(cast: Cast) -> None:
    for _ in range(3):
        assert stock_events(sales(1, 2), None) == ALL_WELL
    assert StockLevel.objects.get().on_hand_units == -3


def test_every_kind_of_poison_is_kept_and_none_comes_again(cast: Cast) -> None:
    records = [
        kinesis(b"\xff", sequence=1),
        kinesis(b"[]", sequence=2),
        kinesis(b"x" * 1024 * 1024, sequence=3),
        kinesis(event("gift", "SKU-STEADY", 1), sequence=4),
        {"eventID": "s:5", "kinesis": {"sequenceNumber": "5", "data": "?"}},
        "no record",
        kinesis(event("sale", "SKU-STEADY", 1), sequence=6),
    ]
    assert stock_events({"Records": records}, None) == ALL_WELL
    assert StockEvent.objects.dead_letters().count() == 6
    assert StockLevel.objects.get().on_hand_units == -1


def test_a_pipe_hands_over_a_bare_list(cast: Cast) -> None:
    pipe = [{**record["kinesis"], "eventID": record["eventID"]} for record in sales(1, 2)["Records"]]
    assert stock_events(pipe, None) == ALL_WELL
    assert stock_events(sales(1, 2), None) == ALL_WELL  # the same records by the other way: known
    assert StockLevel.objects.get().on_hand_units == -3


def away_from(units: int) -> Any:
    real = batch.apply_batch

    def apply(records: Any, **options: Any) -> Any:
        if any(item.event and item.event.quantity >= units for item in records):
            raise OperationalError(2013, "Lost connection") if len(records) == 1 else ValueError
        return real(records, **options)

    return patch("inventory.services.events.intake.apply_batch", apply)


def test_a_database_that_goes_away_asks_for_the_rest_of_the_batch_in_order(cast: Cast) -> None:
    with away_from(3):
        answer = stock_events(sales(1, 2, 3, 1), None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "102"}, {"itemIdentifier": "103"}]}
    assert stock_events(sales(1, 2, 3, 1), None) == ALL_WELL
    assert StockLevel.objects.get().on_hand_units == -7


def test_without_numbers_the_whole_batch_has_to_come_again(cast: Cast) -> None:
    bare = {"Records": [{"kinesis": {"data": record["kinesis"]["data"]}} for record in sales(1, 3)["Records"]]}
    with away_from(3), pytest.raises(OperationalError):
        stock_events(bare, None)
    assert stock_events(bare, None) == ALL_WELL
    assert StockLevel.objects.get().on_hand_units == -4


def test_what_is_no_batch_fails_aloud(cast: Cast) -> None:
    with pytest.raises(InvalidEnvelope, match="no batch of records"):
        stock_events({"detail": json.dumps(sales(1))}, None)
