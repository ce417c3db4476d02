"""The rows of ``stock_events``: which are there, new ones, and those that are judged again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection

from inventory.calc.events.records import Received
from inventory.calc.events.verdicts import Outcome
from inventory.models import StockEvent, StockEventStep
from inventory.services.events.sender import Sender
from inventory.services.locking import in_chunks

if TYPE_CHECKING:
    from inventory.services.events.batch import Judged

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class KnownEvent:
    """An event that has a row; ``payload`` of a rejected one alone."""

    pk: int
    outcome: str
    reason: str
    payload: str = ""

    def is_corrected_by(self, received: Received) -> bool:
        return self.outcome == Outcome.REJECTED and self.payload != received.payload


@dataclass(frozen=True)
class Replay:
    """Who has an event judged again, and why."""

    user: Any = None
    note: str = ""


def known_events(identities: Iterable[str]) -> dict[str, KnownEvent]:
    """Those of ``identities`` that have a row."""
    known: dict[str, KnownEvent] = {}
    rejected: list[int] = []
    for part in in_chunks(sorted(set(identities))):
        for identity, pk, outcome, reason in StockEvent.objects.filter(identity__in=part).values_list(
            "identity", "pk", "outcome", "reason"
        ):
            known[identity] = KnownEvent(pk, outcome, reason)
            if outcome == Outcome.REJECTED:
                rejected.append(pk)
    for ids in in_chunks(sorted(rejected)):
        for identity, payload in StockEvent.objects.filter(pk__in=ids).values_list("identity", "payload"):
            known[identity] = KnownEvent(known[identity].pk, known[identity].outcome, known[identity].reason, payload)
    return known


_COLUMNS = (
    "identity event_type outcome reason warning store_id product_id quantity before_units after_units occurred_at "
    "received_at source sender sequence_number payload"
).split()


def insert_events(judged: Sequence[Judged], *, sender: Sender, now: datetime) -> None:
    """One row per event. Straight to the driver, like the ledger's rows: as objects they would take three times as long."""
    if not judged:
        return
    adapt = connection.ops.adapt_datetimefield_value
    received_at = adapt(now)
    values = []
    for item in judged:
        columns = _columns(item)
        values.append(
            (
                item.received.identity,
                columns["event_type"],
                columns["outcome"],
                columns["reason"],
                columns["warning"],
                columns["store_id"],
                columns["product_id"],
                columns["quantity"],
                columns["before_units"],
                columns["after_units"],
                None if columns["occurred_at"] is None else adapt(columns["occurred_at"]),
                received_at,
                sender.source,
                sender.name or item.received.stream,
                item.received.sequence_number,
                item.received.payload,
            )
        )
    statement = (
        f"INSERT INTO {StockEvent._meta.db_table} ({', '.join(_COLUMNS)}) "  # noqa: S608  our own names
        f"VALUES ({', '.join(['%s'] * len(_COLUMNS))})"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


_JUDGED = "event_type outcome reason warning store_id product_id quantity before_units after_units occurred_at".split()


def rewrite_events(judged: Sequence[Judged], *, sender: Sender, now: datetime, replayed: Replay | None) -> None:
    """Bring rows of events that were judged again up to date, each with a step of its history."""
    if not judged:
        return
    there = StockEvent.objects.select_for_update().in_bulk([item.known.pk for item in judged if item.known])
    steps = []
    for item in judged:
        row = there[item.known.pk]  # type: ignore[union-attr]  # chosen for having one
        before = (row.outcome, row.reason, row.payload)
        for name, value in _columns(item).items():
            setattr(row, name, value)
        row.payload = item.received.payload
        steps.append(_step(row, before, sender=sender, now=now, replayed=replayed))
    StockEvent.objects.bulk_update(there.values(), [name.removesuffix("_id") for name in _JUDGED] + ["payload"])
    StockEventStep.objects.bulk_create(steps)


def _step(
    row: StockEvent, before: tuple[str, str, str], *, sender: Sender, now: datetime, replayed: Replay | None
) -> StockEventStep:
    outcome, reason, payload = before
    return StockEventStep(
        event=row,
        kind=StockEventStep.Kind.CORRECTED if replayed is None else StockEventStep.Kind.REPLAYED,
        taken_at=now,
        taken_by=None if replayed is None else replayed.user,
        actor_name=sender.name,
        note="" if replayed is None else replayed.note,
        outcome_before=outcome,
        outcome_after=row.outcome,
        reason_before=reason,
        reason_after=row.reason,
        payload_before=payload if payload != row.payload else "",
    )


def _columns(item: Judged) -> dict[str, Any]:
    event, place, verdict, row = item.event, item.place, item.verdict, item.row
    assert verdict is not None  # noqa: S101  every new record was judged
    return {
        "event_type": "" if event is None else event.event_type,
        "outcome": verdict.outcome.value,
        "reason": verdict.reason[:LONGEST_REASON],
        "warning": verdict.warning[:LONGEST_REASON],
        "store_id": None if place is None else place.store.pk,
        "product_id": None if place is None or place.product is None else place.product.pk,
        "quantity": None if event is None else event.quantity,
        "before_units": None if row is None else row.before,
        "after_units": None if row is None else row.after,
        "occurred_at": None if event is None else event.occurred_at,
    }
