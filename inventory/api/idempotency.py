"""The ``Idempotency-Key`` header on POSTs that move stock."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.api.actors import actor_id
from inventory.services import idempotency

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
ACCEPTED = re.compile(r"[\x21-\x7e]{1,100}")

Handler = Callable[..., Response]


def idempotent(*, required: bool) -> Callable[[Handler], Handler]:
    """Give the first answer again to the same key and body; do the work in one transaction with that answer."""

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def answered_once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            key = _key(request, required=required)
            if not key:
                return handler(view, request, *args, **kwargs)
            answer = idempotency.answer_once(
                _identified(request, key), work=lambda: _plain(handler(view, request, *args, **kwargs))
            )
            headers = {REPLAYED: "true"} if answer.replayed else None
            return Response(answer.body, status=answer.status_code, headers=headers)

        return extend_schema(parameters=[key_parameter(required=required)])(answered_once)

    return decorate


def given_key(request: Request) -> str:
    """The header's value, checked; empty without it. For actions that keep the key on their own row."""
    return _key(request, required=False)


def effect_key(request: Request) -> str:
    """The key of this request's effect in the ledger. Only for actions that require the header."""
    return idempotency.effect_key(actor=actor_id(request), key=_key(request, required=True))


def _key(request: Request, *, required: bool) -> str:
    key = request.headers.get(HEADER, "")
    if not key and not required:
        return ""
    if not key:
        raise ValidationError({HEADER: ["Send this header: a new value, such as a UUID, for every new request."]})
    if not ACCEPTED.fullmatch(key):
        raise ValidationError({HEADER: ["1 to 100 printable ASCII characters without spaces."]})
    return key


def _identified(request: Request, key: str) -> idempotency.Request:
    # Sorted: the same JSON with other spaces or another order of names is the same request.
    try:
        body = json.dumps(request.data, sort_keys=True).encode()
    except RecursionError as error:
        raise ParseError("JSON parse error - nested too deeply.") from error
    return idempotency.Request(
        actor=actor_id(request),
        key=key,
        method_path=f"{request.method} {request.path}",
        body_hash=sha256(body).hexdigest(),
    )


def _plain(response: Response) -> idempotency.Answer:
    """The response as JSON would carry it, so that the first answer and its replay are the same to the byte."""
    body = json.loads(JSONRenderer().render(response.data) or "null")
    return idempotency.Answer(status_code=response.status_code, body=body)


def key_parameter(*, required: bool) -> OpenApiParameter:
    return OpenApiParameter(
        name=HEADER,
        location=OpenApiParameter.HEADER,
        required=required,
        pattern="^[!-~]{1,100}$",
        description=(
            f"A new value for every new request. The same value with the same body gets the first answer again "
            f"(with the header `{REPLAYED}: true`); with another body it is refused with 422."
        ),
    )
