"""Made events on their way: to a Kinesis stream, to a site's REST endpoint, or straight into the intake."""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Any, Protocol

from invencare.aws import kinesis
from invencare.aws.errors import Retryable
from inventory.calc.events.generation import MadeEvent
from inventory.calc.events.records import read_data
from inventory.calc.events.schema import MAX_EVENTS
from inventory.models import StockEvent
from inventory.services.events.intake import take_in
from inventory.services.events.sender import Sender, latest_instant

PUT_ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 0.1
HTTP_TIMEOUT_SECONDS = 60.0


class Undelivered(Exception):
    """The other side takes nothing, and another try will not change that."""


class Target(Protocol):
    """Where made events go; ``send`` takes a batch in order and returns how many had which outcome."""

    most: int

    def send(self, batch: Sequence[MadeEvent]) -> Counter[str]: ...


@dataclass
class Sent:
    """What was sent, by kind of event and by outcome as far as the target tells."""

    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def events(self) -> int:
        return self.kinds.total()


def send_events(
    events: Iterable[MadeEvent], target: Target, *, per_second: float | None, batch: int, stop: Event, sent: Sent
) -> None:
    """Send in batches, at ``per_second`` if given, until the events end or ``stop`` is set; ``sent`` is kept up to date."""
    began = time.monotonic()
    for part in _parts(events, min(batch, target.most)):
        if stop.is_set():
            break
        if per_second:
            stop.wait(max(0.0, began + sent.events / per_second - time.monotonic()))
        if stop.is_set():
            break
        sent.outcomes.update(target.send(part))
        sent.kinds.update(event.kind for event in part)
        sent.seconds = time.monotonic() - began


class StreamTarget:
    """PutRecords, with the product as the partition key; what is not taken is put again, and before what follows it."""

    most = kinesis.MOST_PUT

    def __init__(self, stream: str) -> None:
        self.stream = stream

    def send(self, batch: Sequence[MadeEvent]) -> Counter[str]:
        left = [(event.partition_key, event.data) for event in batch]
        for attempt in range(PUT_ATTEMPTS):
            try:
                failed = kinesis.put_records(self.stream, left)
            except Retryable:
                failed = list(range(len(left)))
            if not failed:
                return Counter({"put": len(batch)})
            left = [left[position] for position in failed]
            pause = FIRST_PAUSE_SECONDS * 2**attempt
            time.sleep(random.uniform(pause / 2, pause))  # noqa: S311  jitter, not a secret
        raise Undelivered(f"{len(left)} records were not taken after {PUT_ATTEMPTS} tries.")


class SiteTarget:
    """``POST /api/v1/events`` of a site, with an API key. What is no JSON is sent as a text, which is as bad."""

    most = MAX_EVENTS

    def __init__(self, address: str, key: str) -> None:
        if not address.startswith(("http://", "https://")):
            raise Undelivered(f"“{address}” is no address of a site: use https://…")
        self.address = address.rstrip("/") + "/api/v1/events"
        self.key = key

    def send(self, batch: Sequence[MadeEvent]) -> Counter[str]:
        body = json.dumps([_value(event.data) for event in batch]).encode()
        headers = {"Authorization": f"Api-Key {self.key}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.address, body, headers)  # noqa: S310  http or https, see above
        for attempt in range(PUT_ATTEMPTS):
            try:
                with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_SECONDS) as response:  # noqa: S310
                    return Counter(result["outcome"] for result in json.load(response)["results"])
            except urllib.error.HTTPError as error:
                if error.code not in {429, 502, 503, 504}:
                    raise Undelivered(f"{self.address} answered {error.code}: {error.read(300)!r}") from error
                pause = float(error.headers.get("Retry-After") or FIRST_PAUSE_SECONDS * 2**attempt)
            except OSError:
                pause = FIRST_PAUSE_SECONDS * 2**attempt
            time.sleep(min(pause, HTTP_TIMEOUT_SECONDS))
        raise Undelivered(f"{self.address} did not answer after {PUT_ATTEMPTS} tries.")


class DirectTarget:
    """Straight into the intake of this site."""

    most = 10_000

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._position = 0

    def send(self, batch: Sequence[MadeEvent]) -> Counter[str]:
        now: datetime = self._clock()
        received = []
        for event in batch:
            self._position += 1
            number = f"{now.timestamp():.0f}-{self._position}"
            received.append(
                read_data(
                    event.data,
                    shard_id="generator",
                    sequence_number=number,
                    stream="generator",
                    latest=latest_instant(now),
                )
            )
        sender = Sender(source=StockEvent.Source.GENERATOR, name="generator")
        intake = take_in(received, sender=sender, now=now)
        if intake.failure is not None:
            raise Undelivered(f"The database is away: {intake.failure}") from intake.failure
        return Counter(result.outcome.value for result in intake.results)


def _value(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


def _parts(events: Iterable[MadeEvent], size: int) -> Iterator[list[MadeEvent]]:
    part: list[MadeEvent] = []
    for event in events:
        part.append(event)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
