"""What every callable function has around its work: read the event, answer in one form, keep internals inside.

A function is written against snake_case, like the API; the frame speaks the camelCase of the Lambda contract to the
outside. Whoever may invoke a function sees every store: the right to invoke is given and taken in IAM.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.db import connections
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.serializers import BaseSerializer

from invencare.lib import clock
from invencare.lib.correlation import correlated
from inventory.api.errors import envelope
from inventory.api.strict import shown

Answer = dict[str, Any]
Work = Callable[[Any, datetime], Answer]
Handler = Callable[[Any, Any], Answer]
UNDERSCORED = re.compile(r"_([a-z0-9])")


class UnknownParameters(ValidationError):
    """Names as the caller wrote them."""


def callable_function(
    takes: type[BaseSerializer[Any]], *, data_keys: frozenset[str] = frozenset()
) -> Callable[[Work], Handler]:
    """Make a Lambda handler of ``work(query, now)``, with ``takes`` checking the event.

    Answers ``{"statusCode", "body"}``; the body is a JSON text with ``success``, what ``work`` gave, and ``timestamp``.
    Under ``data_keys`` stand mappings whose keys are data (a model's name) and stay as they are.
    """

    def decorate(work: Work) -> Handler:
        @wraps(work)
        def handler(event: Any, context: Any) -> Answer:
            drop_dead_connections()
            with correlated(getattr(context, "aws_request_id", "")):
                now = clock.now()
                try:
                    answer = work(_checked(takes, payload_of(event)), now)
                except Exception as error:  # noqa: BLE001  the outermost frame: what nobody foresaw is a 500 with an id
                    return _refused(error, now)
                return _response(HTTPStatus.OK, {"success": True, **camel(answer, data_keys)}, now)

        return handler

    return decorate


def payload_of(event: Any) -> dict[str, Any]:
    """The event itself, or the JSON body of an API Gateway event."""
    if not isinstance(event, Mapping):
        raise ParseError("The event must be a JSON object.")
    if "body" not in event:
        return dict(event)
    body = event["body"]
    if isinstance(body, str):
        body = _parsed(body, is_base64=bool(event.get("isBase64Encoded")))
    if body is None:
        body = {}
    if not isinstance(body, Mapping):
        raise ParseError("The body must be a JSON object.")
    return dict(body)


def camel(value: Any, data_keys: frozenset[str] = frozenset()) -> Any:
    """The value with camelCase keys, at any depth."""
    if isinstance(value, Mapping):
        return {
            camel_name(name): _kept(inner, data_keys) if name in data_keys else camel(inner, data_keys)
            for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [camel(inner, data_keys) for inner in value]
    return value


def camel_name(name: str) -> str:
    return UNDERSCORED.sub(lambda found: found.group(1).upper(), name)


def drop_dead_connections() -> None:
    """A frozen process wakes up with connections that are long dead. One within a transaction is its caller's."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def _kept(value: Mapping[str, Any], data_keys: frozenset[str]) -> dict[str, Any]:
    return {name: camel(inner, data_keys) for name, inner in value.items()}


def _parsed(body: str, *, is_base64: bool) -> Any:
    try:
        text = base64.b64decode(body, validate=True).decode() if is_base64 else body
        return json.loads(text or "{}")
    except (binascii.Error, ValueError, RecursionError) as error:
        raise ParseError("The body is no JSON.") from error


def _checked(takes: type[BaseSerializer[Any]], payload: dict[str, Any]) -> Any:
    """The payload in snake_case, validated; a name that the contract does not have is refused."""
    serializer: Any = takes()
    names = {camel_name(name): name for name in serializer.fields}
    unknown = [name for name in payload if name not in names]
    if unknown:
        raise UnknownParameters({shown(name): ["Unknown parameter."] for name in unknown})
    serializer = takes(data={names[name]: value for name, value in payload.items()})
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def _refused(error: Exception, now: datetime) -> Answer:
    """By the API's own translation of what went wrong, which also logs what was not foreseen."""
    response = envelope(error, {})
    told = response.data["error"]
    fields = told["fields"] if isinstance(error, UnknownParameters) else camel(told["fields"])
    message = told["message"]
    if response.status_code == HTTPStatus.BAD_REQUEST and fields:
        message = _missing(error) or f"The request was refused: see {', '.join(fields)}."
    body = {"success": False, "error": message, "code": told["code"], "fields": fields, "errorId": told["id"]}
    return _response(response.status_code, body, now)


def _missing(error: Exception) -> str:
    missing = [name for name, codes in _codes(error).items() if "required" in codes]
    return f"Missing required parameter: {', '.join(missing)}" if missing else ""


def _codes(error: Exception) -> dict[str, Any]:
    codes = error.get_codes() if isinstance(error, ValidationError) else {}
    return {camel_name(name): found for name, found in codes.items()} if isinstance(codes, dict) else {}


def _response(status: int, body: dict[str, Any], now: datetime) -> Answer:
    text = json.dumps({**body, "timestamp": now.isoformat()}, allow_nan=False, default=str)
    return {"statusCode": status, "body": text}
