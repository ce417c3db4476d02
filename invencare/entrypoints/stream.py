"""The Lambda function behind a Kinesis stream or an EventBridge Pipe (SPEC RT-2 and RT-5)."""

from __future__ import annotations

import logging
from typing import Any

from invencare.entrypoints.frame import drop_dead_connections
from invencare.lib import clock
from invencare.lib.correlation import correlated
from inventory.calc.events.records import read_batch
from inventory.calc.events.verdicts import Outcome
from inventory.services.events import Sender, latest_instant, take_in

logger = logging.getLogger(__name__)

Failures = dict[str, list[dict[str, str]]]


def stock_events(event: Any, context: Any) -> Failures:
    """Take a batch in; name the records that have to come again, in the form that Lambda and Pipes understand.

    Poison records are dead letters and not named: they would hold up their shard. What is no batch at all raises
    ``InvalidEnvelope``. Wire it with ``ReportBatchItemFailures``.
    """
    drop_dead_connections()
    with correlated(getattr(context, "aws_request_id", "")):
        now = clock.now()
        intake = take_in(read_batch(event, latest=latest_instant(now)), sender=Sender(), now=now)
        logger.info(
            "%d events taken in, %d applied, %d rejected, %d to come again",
            len(intake.results),
            intake.count(Outcome.APPLIED),
            intake.count(Outcome.REJECTED),
            len(intake.unprocessed),
        )
        numbers = [record.sequence_number for record in intake.unprocessed]
        if intake.failure is not None and not all(numbers):
            raise intake.failure  # without a number nothing can be named: the whole batch comes again
        return {"batchItemFailures": [{"itemIdentifier": number} for number in numbers]}
