"""Events as producers send them, for the tests of the intake."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from inventory.calc.events.records import read_payloads
from inventory.services.events import Intake, Sender, latest_instant, take_in
from tests.cast import NOW


def at(minute: float) -> str:
    """An instant of the morning before the tests' now."""
    return (NOW - timedelta(hours=2) + timedelta(minutes=minute)).isoformat()


def event(
    kind: str,
    product: str,
    quantity: Any = None,
    *,
    minute: float = 0,
    store: str = "N1",
    name: str = "",
    event_id: str = "",
    **more: Any,
) -> dict[str, Any]:
    said: dict[str, Any] = {"product_id": product, "product_name": name, "timestamp": at(minute), **more}
    if quantity is not None:
        said["quantity"] = quantity
    body: dict[str, Any] = {"event_type": kind, "product": said}
    if store:
        body["store_id"] = store
    if event_id:
        body["event_id"] = event_id
    return body


def kinesis(
    payload: Any, *, sequence: int, shard: str = "shardId-000000000000", stream: str = "stock"
) -> dict[str, Any]:
    """A record as Lambda hands it over; bytes go in as they are, anything else as JSON."""
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return {
        "kinesis": {
            "partitionKey": "p",
            "sequenceNumber": str(sequence),
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": 1773651600.1,
        },
        "eventSource": "aws:kinesis",
        "eventID": f"{shard}:{sequence}",
        "eventSourceARN": f"arn:aws:kinesis:eu-west-1:123456789012:stream/{stream}",
    }


def hand_in(*payloads: Any, sender: Sender | None = None, now: datetime = NOW) -> Intake:
    return take_in(
        read_payloads(list(payloads), latest=latest_instant(now)), sender=sender or Sender(name="test"), now=now
    )


def statuses(intake: Intake) -> list[int]:
    return [result.status for result in intake.results]


def told(intake: Intake) -> Sequence[tuple[int, int | None, int | None]]:
    return [(result.status, result.before_units, result.after_units) for result in intake.results]
