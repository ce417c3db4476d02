"""Envelopes: every record comes out as an event, or as what is wrong beside all that was received."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.calc.events.records import InvalidEnvelope, read_batch, read_payloads
from inventory.services.events import latest_instant
from tests.cast import NOW
from tests.inventory.events.making import event, kinesis

LATEST = latest_instant(NOW)
SALE = event("sale", "P1", 1)


def read_one(record: Any) -> Any:
    (received,) = read_batch({"Records": [record]}, latest=LATEST)
    return received


def test_a_kinesis_record_is_known_by_shard_and_number() -> None:
    received = read_one(kinesis(SALE, sequence=7, shard="shardId-000000000003"))
    assert (received.identity, received.sequence_number, received.stream) == ("shardId-000000000003:7", "7", "stock")
    assert received.event.product_code == "P1"
    assert json.loads(received.payload) == SALE


def test_the_same_number_in_two_shards_is_two_events() -> None:
    first, second = read_batch(
        {"Records": [kinesis(SALE, sequence=7, shard=f"shardId-{shard}") for shard in (1, 2)]}, latest=LATEST
    )
    assert first.identity != second.identity


def test_its_own_id_comes_first() -> None:
    assert read_one(kinesis(SALE | {"event_id": "till-9:4711"}, sequence=7)).identity == "till-9:4711"


def test_its_own_id_counts_also_when_the_rest_is_wrong() -> None:
    received = read_one(kinesis({"event_id": "till-9:4711", "product": 3}, sequence=7))
    assert (received.identity, received.event) == ("till-9:4711", None)


def test_a_pipe_hands_over_a_bare_list() -> None:
    inner = kinesis(SALE, sequence=7)
    flat = {**inner["kinesis"], "eventID": inner["eventID"], "eventSourceARN": inner["eventSourceARN"]}
    (received,) = read_batch([flat], latest=LATEST)
    assert received == read_one(inner)


def test_a_record_with_data_alone_is_known_by_what_it_says() -> None:
    bare = {"kinesis": {"data": base64.b64encode(json.dumps(SALE).encode()).decode()}}
    other = {"kinesis": {"data": base64.b64encode(json.dumps(SALE | {"store_id": "S1"}).encode()).decode()}}
    first, again, another = read_batch({"Records": [bare, bare, other]}, latest=LATEST)
    assert first.identity == again.identity != another.identity
    assert first.identity.startswith("sha256:")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xfe", "This is not UTF-8; it is kept as base64."),
        (b"{", "This is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)."),
        (b"[" * 100_000, "This is not JSON: nested too deeply."),
        (b"", "This is not JSON: Expecting value: line 1 column 1 (char 0)."),
        (b'"' + b"x" * 1024 * 1024 + b'"', "This has 1,048,578 bytes; an event has at most 262,144."),
    ],
)
def test_data_that_is_no_event_is_kept_with_the_reason(data: bytes, why: str) -> None:
    received = read_one(kinesis(data, sequence=1))
    assert received.event is None
    assert received.errors == {"data": why}
    kept = received.payload.encode()
    assert data in (kept, base64.b64decode(kept + b"==") if data == b"\xff\xfe" else kept)


def test_base64_that_is_none_is_kept() -> None:
    record = kinesis(SALE, sequence=1)
    record["kinesis"]["data"] = "not base64!"
    received = read_one(record)
    assert (received.payload, received.errors) == ("not base64!", {"data": "This is not base64."})
    assert received.sequence_number == "1"


@pytest.mark.parametrize("record", [None, 3, "x", [], {}, {"kinesis": 3}, {"kinesis": {}}, {"data": 5}])
def test_a_record_without_data_is_kept(record: Any) -> None:
    received = read_one(record)
    assert received.errors == {"data": "The record has no data."}
    assert json.loads(received.payload) == record


@pytest.mark.parametrize("batch", [None, {}, {"Records": None}, {"Records": {}}, "x", 3, {"event_type": "sale"}])
def test_an_envelope_that_is_none_is_refused(batch: Any) -> None:
    with pytest.raises(InvalidEnvelope):
        read_batch(batch, latest=LATEST)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    json_values,
    st.sampled_from(["event_type", "store_id", "event_id", "product", "quantity", "timestamp", "unit_price"]),
)
def test_whatever_a_field_holds_reading_says_what_is_wrong_and_never_fails(value: Any, name: str) -> None:
    said = json.loads(json.dumps(SALE))
    (said if name in {"event_type", "store_id", "event_id", "product"} else said["product"])[name] = value
    (received,) = read_payloads([said], latest=LATEST)
    assert (received.event is None) == bool(received.errors)
    received.payload.encode()
    received.identity.encode()
