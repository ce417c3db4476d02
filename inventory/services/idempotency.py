"""The same POST twice is one effect and one answer.

The row that remembers the answer is written in the transaction of the effect itself: either both are there or
neither, whatever dies in between. Two requests at once meet at the row's unique key, where the second waits for
the first. A refused request leaves no row, so that the key can be used again for the corrected one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, OperationalError, transaction

from inventory.models import IdempotentRequest
from inventory.services.locking import gave_up_for_locks, retried

KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Request:
    """What identifies one POST: who sent it, under which key, where to, and what it said."""

    actor: str
    key: str
    method_path: str
    body_hash: str


@dataclass(frozen=True)
class Answer:
    """An HTTP status and a JSON-plain body; ``replayed`` when it was given before."""

    status_code: int
    body: Any
    replayed: bool = False


class KeyReused(Exception):
    """The key was used for another request."""


class InProgress(Exception):
    """The first request with this key is still at work."""


def answer_once(request: Request, *, work: Callable[[], Answer]) -> Answer:
    """The first answer to ``request``: from memory, or by doing ``work`` in one transaction with its memory.

    ``work`` may run again after a deadlock, so it must do nothing that its transaction does not take back.
    """
    return retried(partial(_answer, request, work))


def effect_key(*, actor: str, key: str) -> str:
    """The key of the effect in the ledger, in at most 44 characters: still known after the answer is forgotten."""
    return "api:" + sha256(f"{actor} {key}".encode()).hexdigest()[:40]


def forget_answers(*, before: datetime) -> int:
    """Delete the answers given before an instant; the number deleted. The effects stay known by their keys."""
    return IdempotentRequest.objects.filter(created_at__lt=before).delete()[0]


@transaction.atomic
def _answer(request: Request, work: Callable[[], Answer]) -> Answer:
    known = IdempotentRequest.objects.filter(actor=request.actor, key=request.key).first()
    if known is None and (claimed := _claim(request)) is not None:
        answer = work()
        claimed.status_code, claimed.response = answer.status_code, answer.body
        claimed.save(update_fields=["status_code", "response"])
        return answer
    first = known or IdempotentRequest.objects.get(actor=request.actor, key=request.key)
    return _replay(first, request)


def _claim(request: Request) -> IdempotentRequest | None:
    """The new row, or None when another request wrote it first (waiting here until that one has ended)."""
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(
                actor=request.actor,
                key=request.key,
                method_path=request.method_path,
                request_hash=request.body_hash,
            )
    except IntegrityError:
        return None
    except OperationalError as error:
        if gave_up_for_locks(error) and error.args[0] != DEADLOCK:
            raise InProgress from error
        raise


DEADLOCK = 1213  # MySQL: the transaction is gone and runs again from its start


def _replay(first: IdempotentRequest, request: Request) -> Answer:
    if (first.method_path, first.request_hash) != (request.method_path, request.body_hash):
        raise KeyReused
    if first.status_code is None:
        raise InProgress
    return Answer(status_code=first.status_code, body=first.response, replayed=True)
