"""Who hands events in, and what the sender is told of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from inventory.calc.events.records import Received
from inventory.calc.events.verdicts import STATUS_CODES, Outcome
from inventory.models import StockEvent
from inventory.querysets.scope import EVERY_STORE, StoreScope

CLOCK_TOLERANCE = timedelta(minutes=5)
ANY_STREAM = "*"


@dataclass(frozen=True)
class Sender:
    """A door with whoever stands in it. A stream is trusted like whoever may write to it: see docs/events.md."""

    source: str = StockEvent.Source.STREAM
    name: str = ""
    scope: StoreScope = EVERY_STORE
    may_add_products: bool = True
    may_rename_products: bool = True


@dataclass(frozen=True, slots=True)
class EventResult:
    """What became of one record; ``errors`` by field of a rejected one."""

    received: Received
    outcome: Outcome
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)
    warning: str = ""
    before_units: int | None = None
    after_units: int | None = None

    @property
    def status(self) -> int:
        """200 applied, 404 nothing to remove, 400 rejected, 409 stale or received before (SPEC RT-3)."""
        return STATUS_CODES[self.outcome]


def latest_instant(now: datetime) -> datetime:
    """The latest instant that an event may carry: clocks differ a little."""
    return now + CLOCK_TOLERANCE


def store_of_stream(stream: str) -> str:
    """The code of the store that events of this stream belong to when they name none; empty without one."""
    stores: dict[str, str] = settings.EVENT_DEFAULT_STORES
    return stores.get(stream) or stores.get(ANY_STREAM, "")
