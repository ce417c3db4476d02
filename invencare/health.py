"""What machines ask about the process: is it alive, is it ready, which version is it. No login, no secrets.

Every reason is a fixed sentence: what an exception says (host names, users) goes to the log alone.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError

from forecasting.services.model_health import model_problems
from insights.models import AnalysisRun
from invencare.celery import app as celery_app
from invencare.lib import clock

LOGGER = logging.getLogger(__name__)
PATIENCE_SECONDS = 2


class NotReady(Exception):
    """A check's answer is no; the text is for anybody to read."""


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while the process answers: a supervisor restarts it otherwise. Asks nothing of anybody else."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def version(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"version": settings.INVENCARE_VERSION, "commit": settings.INVENCARE_COMMIT})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, tables, broker and a first nightly are there; else 503 naming each check.

    ``notices`` are what somebody should look at while the site serves all the same: trained models missing or stale.
    """
    now = clock.now()
    reasons = failing_checks(now=now)
    body = {
        "status": "not ready" if reasons else "ready",
        "checks": {name: reasons.get(name, "ok") for name in CHECKS},
        "notices": {} if {"database", "migrations"} & reasons.keys() else model_problems(now=now),
    }
    return JsonResponse(body, status=503 if reasons else 200)


def failing_checks(*, now: datetime) -> dict[str, str]:
    """The reason per check that fails. What needs the database is not asked while it does not answer."""
    reasons: dict[str, str] = {}
    for name, check in CHECKS.items():
        if name in NEED_DATABASE and "database" in reasons:
            reasons[name] = "not asked: the database does not answer"
            continue
        try:
            check(now)
        except NotReady as reason:
            reasons[name] = str(reason)
    return reasons


def check_database(now: datetime) -> None:
    try:
        if connection.vendor == "mysql":
            _ask_mysql_within_patience()
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        LOGGER.warning("readiness: database: %s", error)
        raise NotReady("no answer") from error


def check_migrations(now: datetime) -> None:
    """Compare names on disk (read once per process) with names in the table: two queries, no graph."""
    missing = _migrations_on_disk() - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        raise NotReady(f"{len(missing)} migrations are not applied: run manage.py migrate")


def check_broker(now: datetime) -> None:
    folder = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("data_folder_out")
    if folder:
        _check_broker_folder(Path(str(folder)))
        return
    options = dict(settings.CELERY_BROKER_TRANSPORT_OPTIONS)
    if settings.CELERY_BROKER_URL.startswith("redis"):  # the others take no such options, only connect_timeout
        options |= {"socket_timeout": PATIENCE_SECONDS, "socket_connect_timeout": PATIENCE_SECONDS}
    try:
        with celery_app.connection_for_write(
            url=settings.CELERY_BROKER_URL, connect_timeout=PATIENCE_SECONDS, transport_options=options
        ) as broker:
            broker.ensure_connection(max_retries=1, timeout=PATIENCE_SECONDS)
    except (OperationalError, OSError) as error:
        LOGGER.warning("readiness: broker: %s", error)
        raise NotReady("no answer") from error


def check_first_nightly(now: datetime) -> None:
    """A site without one shows no forecast and no recommendation yet."""
    finished = AnalysisRun.objects.filter(
        kind=AnalysisRun.Kind.NIGHTLY, status__in=[AnalysisRun.Status.DONE, AnalysisRun.Status.PARTIAL]
    )
    hours = settings.READY_NIGHTLY_MAX_AGE_HOURS
    if hours:
        finished = finished.filter(finished_at__gte=now - timedelta(hours=hours))
    if not finished.exists():
        raise NotReady(f"no nightly finished in the last {hours} hours" if hours else "no nightly has finished yet")


CHECKS: dict[str, Callable[[datetime], None]] = {
    "database": check_database,
    "migrations": check_migrations,
    "broker": check_broker,
    "first_nightly": check_first_nightly,
}
NEED_DATABASE = frozenset({"migrations", "first_nightly"})


def _check_broker_folder(folder: Path) -> None:
    """The embedded broker is a folder; whoever asks first makes it, as a sender would."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        LOGGER.warning("readiness: broker: %s", error)
        raise NotReady("the broker's folder cannot be made") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise NotReady("the broker's folder is not writable")


def _ask_mysql_within_patience() -> None:
    """One probe on a connection of its own: a socket that went silent would hold the usual one for minutes."""
    probe = connection.copy()
    probe.settings_dict["OPTIONS"] |= {
        "connect_timeout": PATIENCE_SECONDS,
        "read_timeout": PATIENCE_SECONDS,
        "write_timeout": PATIENCE_SECONDS,
    }
    try:
        probe.ensure_connection()
    finally:
        probe.close()


@cache
def _migrations_on_disk() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {})
