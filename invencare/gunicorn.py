"""How gunicorn serves the site: ``gunicorn -c python:invencare.gunicorn invencare.wsgi``.

One log format with the rest of the site, no access log of its own (``invencare.lib.logs`` writes one that holds no
query string), and no start on settings that the system checks refuse.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "invencare.settings")

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60  # seconds; an upload streams, so a longer silence is a hang
graceful_timeout = 20
max_requests = 5000  # a slow leak never grows for weeks
max_requests_jitter = 500
accesslog = None
logconfig_dict: dict[str, Any] = settings.LOGGING
logging.captureWarnings(capture=True)  # a library's warning is a log line like any other


def on_starting(server: object) -> None:
    """Run the system checks once, in the parent, before any worker starts."""
    django.setup()
    try:
        call_command("check", stdout=io.StringIO())
    except SystemCheckError as error:
        sys.exit(str(error))
