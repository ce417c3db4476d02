"""Sending what is due: claimed by a conditional UPDATE, sent outside of any transaction, noted, tried again later.

A sender that dies in the middle leaves its message claimed for a while; then another takes it up. So a receiver may get
a message twice, with the same id: it should know it by that.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from invencare.aws import sns
from invencare.aws.errors import Retryable, Terminal
from invencare.lib import outgoing
from inventory.models import WebhookDelivery, WebhookEndpoint
from inventory.services.webhooks.endpoints import secret_of, sign

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 10.0
CLAIMED_FOR = timedelta(minutes=2)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
MOST_ATTEMPTS = 12  # over about a day
MOST_AT_ONCE = 200
LONGEST_ANSWER = 300
GONE = 410

Status = WebhookDelivery.Status


class _Failed(Exception):
    """The message did not arrive; ``is_final`` when another try would not help."""

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        super().__init__(why)
        self.is_final = is_final


def send_due(*, now: datetime) -> tuple[int, int]:
    """Send the messages that are due, oldest first; how many arrived and how many did not."""
    due = WebhookDelivery.objects.filter(status=Status.PENDING, next_attempt_at__lte=now, endpoint__is_active=True)
    arrived = failed = 0
    for delivery in due.select_related("endpoint", "alert").order_by("next_attempt_at", "pk")[:MOST_AT_ONCE]:
        if not _claim(delivery, now):
            continue
        try:
            answer = _send(delivery, now)
        except _Failed as failure:
            failed += 1
            _note_failure(delivery, failure, now)
        else:
            arrived += 1
            WebhookDelivery.objects.filter(pk=delivery.pk).update(
                status=Status.DELIVERED, delivered_at=now, last_answer=answer[:LONGEST_ANSWER]
            )
    return arrived, failed


def retry_deliveries(ids: list[int], *, now: datetime) -> int:
    """Put messages that were given up back into the queue; how many."""
    return WebhookDelivery.objects.filter(pk__in=ids, status=Status.FAILED).update(
        status=Status.PENDING, attempts=0, next_attempt_at=now
    )


def pause_after(attempts: int) -> timedelta:
    """How long to wait after the n-th try: 30 s, 1, 2, 4 minutes … up to 6 hours."""
    doublings: int = 2 ** (attempts - 1)
    return min(LONGEST_PAUSE, FIRST_PAUSE * doublings)


def _claim(delivery: WebhookDelivery, now: datetime) -> bool:
    """Whether the message is ours to send: nobody else has moved it on."""
    unclaimed = WebhookDelivery.objects.filter(
        pk=delivery.pk, status=Status.PENDING, next_attempt_at=delivery.next_attempt_at
    )
    claimed = unclaimed.update(next_attempt_at=now + CLAIMED_FOR, attempts=F("attempts") + 1)
    delivery.attempts += 1
    return bool(claimed)


def _note_failure(delivery: WebhookDelivery, failure: _Failed, now: datetime) -> None:
    is_final = failure.is_final or delivery.attempts >= MOST_ATTEMPTS
    WebhookDelivery.objects.filter(pk=delivery.pk).update(
        status=Status.FAILED if is_final else Status.PENDING,
        next_attempt_at=now + pause_after(delivery.attempts),
        last_answer=str(failure)[:LONGEST_ANSWER],
    )
    logger.warning(
        "message %s to %s did not arrive (try %d): %s", delivery.pk, delivery.endpoint, delivery.attempts, failure
    )


def _send(delivery: WebhookDelivery, now: datetime) -> str:
    if delivery.endpoint.kind == WebhookEndpoint.Kind.SNS:
        return _publish(delivery)
    timestamp, body = str(int(now.timestamp())), delivery.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"InvenCare/{settings.INVENCARE_VERSION}",
        "X-InvenCare-Delivery": str(delivery.pk),
        "X-InvenCare-Event": delivery.event,
        "X-InvenCare-Timestamp": timestamp,
        "X-InvenCare-Signature": "v1=" + sign(secret_of(delivery.endpoint), timestamp=timestamp, body=body),
    }
    try:
        answer = outgoing.post(
            delivery.endpoint.address,
            body,
            headers,
            allow_private=settings.WEBHOOK_ALLOW_PRIVATE,
            timeout_seconds=TIMEOUT_SECONDS,
        )
    except outgoing.Refused as refusal:
        raise _Failed(str(refusal), is_final=True) from refusal
    except outgoing.Unreachable as error:
        raise _Failed(str(error)) from error
    if not 200 <= answer.status < 300:
        raise _Failed(f"{answer.status}: {answer.text[:200]}", is_final=answer.status == GONE)
    return f"{answer.status}: {answer.text[:200]}"


def _publish(delivery: WebhookDelivery) -> str:
    try:
        return sns.publish(delivery.endpoint.address, subject=f"InvenCare: {delivery.alert}", message=delivery.body)
    except Retryable as error:
        raise _Failed(str(error)) from error
    except Terminal as error:
        raise _Failed(str(error), is_final=True) from error
