"""One id that follows a piece of work through request, task, Lambda call and log line."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")

_current: ContextVar[str] = ContextVar("correlation_id", default="")


def current_id() -> str:
    """The id of the work in hand, or ``""`` outside of any."""
    return _current.get()


def new_id() -> str:
    return uuid.uuid4().hex


def begin(correlation_id: str = "") -> Token[str]:
    """Take up this id, or a new one where none (or an unusable one) is given; ``end`` takes the answer."""
    return _current.set(correlation_id if ACCEPTED.fullmatch(correlation_id) else new_id())


def end(token: Token[str]) -> None:
    """Go back to the id before ``begin``."""
    _current.reset(token)


@contextmanager
def correlated(correlation_id: str = "") -> Iterator[str]:
    """Run the block under this id, or under a new one where none (or an unusable one) is given."""
    token = begin(correlation_id)
    try:
        yield current_id()
    finally:
        end(token)


class CorrelationMiddleware:
    """Take the caller's ``X-Request-ID``, or make one, and send it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with correlated(request.headers.get(HEADER, "")) as correlation_id:
            response = self.get_response(request)
            response[HEADER] = correlation_id
            return response
