"""Log lines with a correlation id: JSON in production, one readable line on a laptop."""

from __future__ import annotations

import logging
from typing import Any

from invencare.lib.correlation import current_id


class CorrelationFilter(logging.Filter):
    """Put the correlation id on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.correlation_id = current_id()
        return True


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """The ``LOGGING`` setting: everything goes to standard error, in one format."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"correlation": {"()": "invencare.lib.logs.CorrelationFilter"}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s %(correlation_id)s",
                "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
                "timestamp": False,
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
        },
    }
