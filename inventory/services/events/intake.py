"""The intake: batches go in whole; one that fails goes in event by event, so that none holds up the others.

Three ways to end for a record. It was taken in: applied, or kept with the reason why not. It broke our own code or the
database's rules: it is kept as a dead letter with the error. Or the database cannot take anything now: then it and all
that follow are unprocessed, in order, for their sender to hand in again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from django.db import Error as DatabaseError
from django.db import IntegrityError, InterfaceError, OperationalError

from inventory.calc.events.records import Received
from inventory.calc.events.verdicts import Outcome
from inventory.services.events.batch import apply_batch
from inventory.services.events.sender import EventResult, Sender
from inventory.services.locking import drop_broken_connection, gave_up_for_locks, retried

logger = logging.getLogger(__name__)

MEETINGS = 3  # how often a batch is run again because somebody else wrote one of its events meanwhile

# What the server or the way to it says when another moment may be better: MySQL's and the client library's numbers.
TRANSIENT = frozenset(
    {1021, 1040, 1053, 1077, 1078, 1079, 1080, 1129, 1158, 1159, 1160, 1161, 1203, 1205, 1206, 1213, 1290, 1317, 1836}
    | {1927, 2002, 2003, 2005, 2006, 2012, 2013, 2014, 2026, 2055, 3024}
)
TRANSIENT_WORDS = ("database is locked", "disk i/o error", "unable to open", "disk is full")


@dataclass
class Intake:
    """Results of the records that were taken in, in their order; the rest is unprocessed because of ``failure``."""

    results: list[EventResult] = field(default_factory=list)
    unprocessed: list[Received] = field(default_factory=list)
    failure: Exception | None = None

    def count(self, *outcomes: Outcome) -> int:
        return sum(1 for result in self.results if result.outcome in outcomes)

    def add(self, other: Intake) -> None:
        self.results += other.results
        self.unprocessed += other.unprocessed
        self.failure = self.failure or other.failure


def take_in(records: Sequence[Received], *, sender: Sender, now: datetime) -> Intake:
    """Apply the records in their order; never raises for what a record or the database's state is to blame for."""
    intake = Intake()
    for batch in _without_corrections_inside(records):
        if intake.failure is not None:
            intake.unprocessed += batch
        else:
            intake.add(_take_in(batch, sender=sender, now=now))
    return intake


def _without_corrections_inside(records: Sequence[Received]) -> Iterator[list[Received]]:
    """The records in runs in which an identity never comes with two contents: the second would correct the first."""
    run: list[Received] = []
    contents: dict[str, str] = {}
    for record in records:
        if contents.setdefault(record.identity, record.payload) != record.payload:
            yield run
            run, contents = [], {record.identity: record.payload}
        run.append(record)
    if run:
        yield run


def _take_in(batch: list[Received], *, sender: Sender, now: datetime) -> Intake:
    try:
        return Intake(results=_applied(batch, sender=sender, now=now))
    except Exception as error:  # noqa: BLE001  whatever is wrong with one record must not stop the others
        if is_transient(error):
            return _postponed(batch, error)
        logger.warning("a batch of %d events failed (%s); it goes in event by event", len(batch), error)
    intake = Intake()
    for position, record in enumerate(batch):
        intake.add(_take_in_alone(record, sender=sender, now=now))
        if intake.failure is not None:
            intake.unprocessed += batch[position + 1 :]
            break
    return intake


def _take_in_alone(record: Received, *, sender: Sender, now: datetime) -> Intake:
    try:
        return Intake(results=_applied([record], sender=sender, now=now))
    except Exception as error:
        if is_transient(error):
            return _postponed([record], error)
        logger.exception("the event %s cannot be applied; it becomes a dead letter", record.identity)
        return _buried(record, error, sender=sender, now=now)


def _buried(record: Received, error: Exception, *, sender: Sender, now: datetime) -> Intake:
    """The record as a dead letter that says what broke."""
    broken = Received(
        record.identity,
        record.payload,
        None,
        {"": f"It could not be applied: {type(error).__name__}: {error}"[:300]},
        record.sequence_number,
        record.stream,
    )
    try:
        return Intake(results=_applied([broken], sender=sender, now=now))
    except DatabaseError as second:
        return _postponed([record], second)


def _applied(batch: list[Received], *, sender: Sender, now: datetime) -> list[EventResult]:
    for meeting in range(1, MEETINGS + 1):
        try:
            return retried(partial(apply_batch, batch, sender=sender, now=now))
        except IntegrityError:
            if meeting == MEETINGS:
                raise
    raise AssertionError("unreachable: the last meeting returns or raises")


def _postponed(records: list[Received], error: Exception) -> Intake:
    logger.warning("%d events have to be handed in again: %s", len(records), error)
    drop_broken_connection()
    return Intake(unprocessed=list(records), failure=error)


def is_transient(error: Exception) -> bool:
    """Whether the same batch may well go in later: no database, no lock, no room."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    code = error.args[0] if error.args else None
    return code in TRANSIENT or gave_up_for_locks(error) or any(word in str(error).lower() for word in TRANSIENT_WORDS)
