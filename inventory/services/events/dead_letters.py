"""What people do with events that were not applied: replay them, edited or as they are, or discard them with a reason.

A replay is judged under the event's own identity, so that a second one finds it applied; each leaves a step in the
event's history. What a person may not do by hand (another store, a new product), a replay does not do either.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError

from inventory.calc.events.records import Received, read_text
from inventory.calc.events.verdicts import Outcome
from inventory.models import StockEvent, StockEventStep
from inventory.services.access import scope_of_user
from inventory.services.errors import Conflict, Unknown
from inventory.services.events.batch import apply_batch
from inventory.services.events.intake import is_transient
from inventory.services.events.rows import Replay
from inventory.services.events.sender import EventResult, Sender, latest_instant
from inventory.services.locking import in_one_transaction

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 500
LONGEST_NOTE = 500
REPLAYABLE = frozenset({Outcome.REJECTED.value, Outcome.STALE.value})


@dataclass
class Handled:
    """What became of the events of one call, by identity where something is to be said."""

    results: list[EventResult] = field(default_factory=list)
    discarded: int = 0
    skipped: dict[str, str] = field(default_factory=dict)

    def count(self, outcome: Outcome) -> int:
        return sum(1 for result in self.results if result.outcome is outcome)


def replay(*, event_id: int, actor: Any, now: datetime, payload: str | None = None, note: str = "") -> EventResult:
    """Judge a rejected or stale event again, with ``payload`` in the place of what it said, if given.

    A late sale, return or change is applied unless the stock was counted or set since; see ``batch``. Raises
    ``Unknown`` for an event that is not the actor's to see, ``Conflict`` where it is applied or discarded by now.
    """
    try:
        return _replay(event_id=event_id, actor=actor, now=now, payload=payload, note=note)
    except (Conflict, Unknown, ValidationError):
        raise
    except Exception as error:
        if is_transient(error):
            raise
        logger.exception("the replay of event %s failed", event_id)
        raise Conflict(f"It still cannot be applied: {type(error).__name__}. The log has more.") from error


def replay_many(*, event_ids: Sequence[int], actor: Any, now: datetime, note: str = "") -> Handled:
    """Replay up to ``MOST_AT_ONCE`` events in the order received, each in a transaction of its own."""
    _refuse_too_many(event_ids)
    handled = Handled()
    for event_id in sorted(event_ids):
        try:
            handled.results.append(replay(event_id=event_id, actor=actor, now=now, note=note))
        except (Conflict, Unknown) as refusal:
            handled.skipped[str(event_id)] = str(refusal)
    return handled


@in_one_transaction
def discard(*, event_ids: Sequence[int], actor: Any, now: datetime, reason: str) -> Handled:
    """Close dead letters for good, with the reason; those that somebody handled meanwhile are skipped."""
    _refuse_too_many(event_ids)
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": "Say why it is discarded."})
    if len(reason) > LONGEST_NOTE:
        raise ValidationError({"reason": f"The reason has at most {LONGEST_NOTE} characters."})
    handled = Handled()
    rows = StockEvent.objects.visible_to(scope_of_user(actor)).select_for_update().order_by("pk")
    found = {row.pk: row for row in rows.filter(pk__in=list(event_ids))}
    steps = []
    for event_id in sorted(event_ids):
        row = found.get(event_id)
        if row is None or row.outcome not in REPLAYABLE:
            handled.skipped[str(event_id)] = "It is not there." if row is None else _closed(row)
            continue
        steps.append(_step(row, actor, now, reason))
        row.outcome = Outcome.DISCARDED.value
    StockEvent.objects.filter(pk__in=[step.event_id for step in steps]).update(outcome=Outcome.DISCARDED.value)
    StockEventStep.objects.bulk_create(steps)
    handled.discarded = len(steps)
    return handled


@in_one_transaction
def _replay(*, event_id: int, actor: Any, now: datetime, payload: str | None, note: str) -> EventResult:
    scope = scope_of_user(actor)
    row = StockEvent.objects.visible_to(scope).select_for_update().filter(pk=event_id).first()
    if row is None:
        raise Unknown({"event_id": ["There is no such event here."]})
    if row.outcome not in REPLAYABLE:
        raise Conflict(_closed(row))
    text = row.payload if payload is None else payload
    event, errors = read_text(text, latest=latest_instant(now))
    stream = row.sender if row.source == StockEvent.Source.STREAM else ""
    received = Received(row.identity, text, event, errors, row.sequence_number, stream)
    sender = Sender(
        source=row.source,
        name=actor.get_username(),
        scope=scope,
        may_add_products=actor.has_perm("inventory.add_product"),
        may_rename_products=actor.has_perm("inventory.change_product"),
    )
    (result,) = apply_batch([received], sender=sender, now=now, replayed=Replay(user=actor, note=note[:LONGEST_NOTE]))
    return result


def _closed(row: StockEvent) -> str:
    return f"The event {row.identity} is {row.get_outcome_display().lower()} already."


def _step(row: StockEvent, actor: Any, now: datetime, reason: str) -> StockEventStep:
    return StockEventStep(
        event=row,
        kind=StockEventStep.Kind.DISCARDED,
        taken_at=now,
        taken_by=actor,
        actor_name=actor.get_username(),
        note=reason,
        outcome_before=row.outcome,
        outcome_after=Outcome.DISCARDED.value,
        reason_before=row.reason,
        reason_after=row.reason,
    )


def _refuse_too_many(event_ids: Sequence[int]) -> None:
    if not 1 <= len(event_ids) <= MOST_AT_ONCE:
        raise ValidationError({"events": f"Choose 1 to {MOST_AT_ONCE} events at a time, not {len(event_ids):,}."})
