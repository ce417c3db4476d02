"""One envelope for everything that goes wrong: ``{"error": {"code", "message", "fields", "id"}}``.

``id`` is the request's correlation id, which the log lines carry; an unexpected error says that and nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import (
    NON_FIELD_ERRORS,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import OperationalError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from invencare.lib.correlation import current_id, new_id
from inventory.calc.balances import InvalidMovement
from inventory.services.errors import Conflict, Unknown
from inventory.services.idempotency import InProgress, KeyReused
from inventory.services.locking import gave_up_for_locks

logger = logging.getLogger(__name__)

BODY = "body"
Fields = dict[str, list[str]]


class ConflictError(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = "The request body is too large."
    default_code = "too_large"


class KeyReusedError(exceptions.APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was used for another request."
    default_code = "idempotency_key_reused"


class InProgressError(ConflictError):
    default_detail = "The first request with this Idempotency-Key is still at work; ask again."
    default_code = "idempotency_in_progress"
    wait = 1


class Busy(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The database is busy; nothing was changed, ask again."
    default_code = "busy"
    wait = 1


class NotHere(exceptions.APIException):
    """This process lacks the numeric stack: the light web package on Lambda."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "This server cannot run analyses; ask one with the full package."
    default_code = "not_available_here"


def code_and_fields(refusal: Exception) -> tuple[str, Fields]:
    """What the envelope would say of a refusal: for one row of many, where the request as a whole was done."""
    if isinstance(refusal, Unknown):
        return "not_found", refusal.fields
    error = _as_api_exception(refusal)
    if error is None:
        raise refusal
    return _code(error), _message_and_fields(error.detail)[1]


def envelope(exc: Exception, context: dict[str, Any]) -> Response:
    """The response to any exception of an API view."""
    set_rollback()
    error = _as_api_exception(exc)
    if error is None:
        return _unexpected(exc)
    if isinstance(exc, Unknown):
        message, fields = "Not found.", exc.fields
    else:
        message, fields = _message_and_fields(error.detail)
    return error_response(
        status_code=error.status_code, code=_code(error), message=message, fields=fields, headers=_headers(error)
    )


def error_response(
    *, status_code: int, code: str, message: str, fields: Fields | None = None, headers: dict[str, str] | None = None
) -> Response:
    body = {"code": code, "message": message, "fields": fields or {}, "id": current_id() or new_id()}
    return Response({"error": body}, status=status_code, headers=headers)


def _as_api_exception(exc: Exception) -> exceptions.APIException | None:
    if isinstance(exc, exceptions.APIException):
        return exc
    for kind, make in _TRANSLATIONS:
        if isinstance(exc, kind):
            made: exceptions.APIException = make(exc)
            return made
    if isinstance(exc, OperationalError) and gave_up_for_locks(exc):
        return Busy()
    return None


def _invalid(exc: Any) -> exceptions.APIException:
    return exceptions.ValidationError(as_serializer_error(exc))


def _invalid_movement(exc: Any) -> exceptions.APIException:
    return exceptions.ValidationError({f"movements.{exc.position}.{exc.field}": [exc.reason]})


# The first that fits; RequestDataTooBig is a SuspiciousOperation.
_TRANSLATIONS: tuple[tuple[type[Exception], Any], ...] = (
    (Http404, lambda _: exceptions.NotFound()),
    (Unknown, lambda _: exceptions.NotFound()),
    (PermissionDenied, lambda exc: exceptions.PermissionDenied(str(exc) or None)),
    (ValidationError, _invalid),
    (InvalidMovement, _invalid_movement),
    (Conflict, lambda exc: ConflictError(str(exc))),
    (KeyReused, lambda _: KeyReusedError()),
    (InProgress, lambda _: InProgressError()),
    (RequestDataTooBig, lambda _: TooLarge()),
    (MultiPartParserError, lambda _: exceptions.ParseError("The form could not be read.")),
    (UnreadablePostError, lambda _: exceptions.ParseError("The request ended before its body.")),
    (SuspiciousOperation, lambda _: exceptions.ParseError("The request could not be read.")),
)


def _unexpected(exc: Exception) -> Response:
    logger.error("unexpected error in the API", exc_info=exc)
    return error_response(
        status_code=status.HTTP_500_INTERNAL_SERVER_ERROR,
        code="internal_error",
        message="Something went wrong on our side. Give the error id when you report it.",
    )


def _code(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        return "invalid"
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(max(1, round(wait)))
    return headers


def _message_and_fields(detail: Any) -> tuple[str, Fields]:
    if not isinstance(detail, (dict, list)):
        return str(detail), {}
    fields: Fields = {}
    _flatten(detail, "", fields)
    names = ", ".join(list(fields)[:5])
    return f"The request was refused: see {names}.", fields


def _flatten(detail: Any, path: str, into: Fields) -> None:
    """Nested errors as one flat map from a dotted path such as ``movements.2.quantity`` to its messages."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            _flatten(inner, path if name in _WHOLE else f"{path}.{name}".lstrip("."), into)
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            # A list of rows (some of them without an error) numbers its errors; a list of messages does not.
            deeper = isinstance(inner, (Mapping, list))
            _flatten(inner, f"{path}.{position}".lstrip(".") if deeper else path, into)
    else:
        into.setdefault(path or BODY, []).append(str(detail))


_WHOLE = frozenset({NON_FIELD_ERRORS, api_settings.NON_FIELD_ERRORS_KEY})
