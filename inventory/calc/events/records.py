"""The envelopes in which events arrive (SPEC RT-2): Kinesis batches, Pipes' lists, REST bodies. Nothing is thrown away.

Each record becomes one ``Received``: an event, or what is wrong with it beside all that was received. Only an envelope
that is none raises.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from inventory.calc.events.contract import InvalidEvent, StockEvent, event_id_of, read_event

MAX_EVENT_BYTES = 256 * 1024  # an event is some 300 bytes; a record of Kinesis may have megabytes
MAX_IDENTITY_LENGTH = 90
HASH_DIGITS = 40


class InvalidEnvelope(ValueError):
    """What was received is no batch of records."""


@dataclass(frozen=True, slots=True)
class Received:
    """One record: ``event``, or None and ``errors`` by field. ``payload`` is its text, or base64 where it is no text.

    ``identity`` is what makes it the same record when it comes again: the event's own id, else the stream's ``eventID``
    (shard and sequence number), else a hash of what it says. ``stream`` is the name of the stream, empty for REST.
    """

    identity: str
    payload: str
    event: StockEvent | None
    errors: dict[str, str] = field(default_factory=dict)
    sequence_number: str = ""
    stream: str = ""


def read_batch(batch: Any, *, latest: datetime) -> list[Received]:
    """The records of a Lambda event: ``{"Records": […]}`` of Kinesis, or the bare list of a Pipe.

    Raises ``InvalidEnvelope`` for anything else.
    """
    records = batch.get("Records") if isinstance(batch, Mapping) else batch
    if not isinstance(records, list):
        raise InvalidEnvelope(
            'This is no batch of records: expected {"Records": [{"kinesis": {"data": …}}]} or a list of records.'
        )
    return [_read_record(record, latest) for record in records]


def read_data(data: bytes, *, shard_id: str, sequence_number: str, stream: str, latest: datetime) -> Received:
    """One record as a consumer gets it from the stream itself."""
    return _read_bytes(
        data,
        raw=lambda: base64.b64encode(data).decode(),
        stream_id=f"{shard_id}:{sequence_number}",
        sequence_number=sequence_number,
        stream=stream,
        latest=latest,
    )


def read_payloads(payloads: Sequence[Any], *, latest: datetime) -> list[Received]:
    """Events that came as JSON values, as in a REST body."""
    return [
        _checked(payload, text=json.dumps(payload), stream_id="", sequence_number="", stream="", latest=latest)
        for payload in payloads
    ]


def read_text(text: str, *, latest: datetime) -> tuple[StockEvent | None, dict[str, str]]:
    """The event in a text that a person edited, or what is wrong with it."""
    try:
        return read_event(_parsed(text), latest=latest), {}
    except InvalidEvent as invalid:
        return None, invalid.errors


def content_identity(*said: str) -> str:
    """The identity of a record that has no id: what it says."""
    return "sha256:" + sha256("\n".join(said).encode("utf-8", "surrogatepass")).hexdigest()[:HASH_DIGITS]


def _read_record(record: Any, latest: datetime) -> Received:
    """A record of Kinesis (its fields under ``kinesis``) or of a Pipe (its fields beside ``data``)."""
    inner = record.get("kinesis", record) if isinstance(record, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("data"), str):
        text = json.dumps(record, default=str)
        return Received(content_identity(text), text, None, {"data": "The record has no data."})
    sequence_number = str(inner.get("sequenceNumber") or "")
    data = inner["data"]
    stream_id = str(record.get("eventID") or "")
    if not 0 < len(stream_id) <= MAX_IDENTITY_LENGTH:
        stream_id = content_identity(sequence_number, str(inner.get("partitionKey") or ""), data)
    place = {
        "stream_id": stream_id,
        "sequence_number": sequence_number,
        "stream": str(record.get("eventSourceARN") or "").rpartition("/")[2],
    }
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return Received(stream_id, data, None, {"data": "This is not base64."}, sequence_number, place["stream"])
    return _read_bytes(decoded, raw=lambda: data, latest=latest, **place)


def _read_bytes(
    data: bytes, *, raw: Any, stream_id: str, sequence_number: str, stream: str, latest: datetime
) -> Received:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        wrong = {"data": "This is not UTF-8; it is kept as base64."}
        return Received(stream_id, raw(), None, wrong, sequence_number, stream)
    if len(data) > MAX_EVENT_BYTES:
        wrong = {"data": f"This has {len(data):,} bytes; an event has at most {MAX_EVENT_BYTES:,}."}
        return Received(stream_id, text, None, wrong, sequence_number, stream)
    try:
        payload = _parsed(text)
    except InvalidEvent as invalid:
        return Received(stream_id, text, None, invalid.errors, sequence_number, stream)
    return _checked(
        payload, text=text, stream_id=stream_id, sequence_number=sequence_number, stream=stream, latest=latest
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidEvent({"data": f"This is not JSON: {why[:120]}."}) from error


def _checked(
    payload: Any, *, text: str, stream_id: str, sequence_number: str, stream: str, latest: datetime
) -> Received:
    try:
        event = read_event(payload, latest=latest)
    except InvalidEvent as invalid:
        identity = event_id_of(payload) or stream_id or content_identity(text)
        return Received(identity, text, None, invalid.errors, sequence_number, stream)
    identity = event.event_id or stream_id or content_identity(text)
    return Received(identity, text, event, {}, sequence_number, stream)
