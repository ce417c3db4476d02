"""Log lines with a correlation id: JSON in production, one readable line on a laptop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.utils.functional import SimpleLazyObject

from invencare.lib.correlation import current_id

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

ACCESS = logging.getLogger("invencare.access")
# Asked every few seconds by machines: written only when they fail, or at DEBUG.
PROBES = frozenset({"/healthz", "/readyz"})


class CorrelationFilter(logging.Filter):
    """Put the correlation id on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.correlation_id = current_id()
        return True


class AccessLogMiddleware:
    """Write one line per request: method, path, status, milliseconds, kind of actor.

    No query string (it may hold signatures), no address and no user name. Stands inside
    ``CorrelationMiddleware``, whose id a 5xx line repeats as ``error_id``: the number that the error page shows.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        log_access(request, status=response.status_code, milliseconds=(time.perf_counter() - started) * 1000)
        return response


def log_access(request: HttpRequest, *, status: int, milliseconds: float) -> None:
    facts: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "status": status,
        "ms": round(milliseconds, 1),
        "actor": actor_kind(request),
    }
    if status >= 500:
        facts["error_id"] = current_id()
    level = logging.ERROR if status >= 500 else logging.DEBUG if request.path in PROBES else logging.INFO
    ACCESS.log(level, "%s %s %d in %.1f ms", request.method, request.path, status, milliseconds, extra=facts)


def actor_kind(request: HttpRequest) -> str:
    """``api_key``, ``user``, or ``anonymous`` (also where nothing asked who it was).

    Never resolves the lazy user: that would cost every cached or public page a query.
    """
    if getattr(request, "auth", None) is not None:  # set by DRF on the request that it wraps
        return "api_key"
    user = getattr(request, "user", None)
    if isinstance(user, SimpleLazyObject):
        user = getattr(request, "_cached_user", None)  # set by Django once something looked
    return "user" if user is not None and user.is_authenticated else "anonymous"


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """The ``LOGGING`` setting: everything goes to standard error, in one format."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"correlation": {"()": "invencare.lib.logs.CorrelationFilter"}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": "%(levelname)s %(name)s %(message)s %(correlation_id)s",
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": "time",  # ISO 8601 in UTC
            },
            "line": {"format": "%(asctime)s %(levelname)-7s %(name)s %(message)s [%(correlation_id)s]"},
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "filters": ["correlation"],
                "formatter": "json" if as_json else "line",
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            "celery": {"level": level},
            # gunicorn gives these two handlers of its own unless they are named here.
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True, "qualname": "gunicorn.error"},
            "gunicorn.access": {"handlers": [], "level": level, "propagate": False, "qualname": "gunicorn.access"},
        },
    }
