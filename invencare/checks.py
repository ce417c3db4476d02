"""System checks: every wrong combination of settings has an id, a reason and a fix.

``manage.py check --deploy`` runs them all. The web server (``invencare.gunicorn``) and the Celery worker and beat
(``invencare.celery``) run them as they start and stop on an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  (Django's own names)

from invencare.refusals import find_refusals

DATABASE_ENGINES = ("django.db.backends.sqlite3", "django.db.backends.mysql")
SHORTEST_LEASE_SECONDS = 30
TRAINED_MODELS = {"gradient_boosting", "lstm"}
POLICY_GOALS = ("cost", "service_level", "balanced")
MOST_TOLERANCE = 10  # ten times what was ordered on top of it: beyond, no slip of the keyboard would be noticed
NUMERIC_STACK = ("numpy",)


@register(Tags.security)
def check_refusals(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    """E001 to E004: what the settings module itself refuses (see ``invencare.refusals``)."""
    refusals = find_refusals(environment=settings.INVENCARE_ENV, secret_key=settings.SECRET_KEY, debug=settings.DEBUG)
    return [Error(refusal.message, hint=refusal.hint, id=refusal.id) for refusal in refusals]


@register(Tags.security)
def check_hosts(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    hosts = settings.ALLOWED_HOSTS
    if not settings.IS_PRODUCTION or (hosts and "*" not in hosts):
        return []
    return [
        Error(
            f"ALLOWED_HOSTS is {hosts!r} in production: every request, or none, would be served.",
            hint="Set ALLOWED_HOSTS to the host names of the site, separated by commas.",
            id="invencare.E005",
        )
    ]


@register(Tags.compatibility)
def check_background_work(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    return list(_background_work())


def _background_work() -> Iterator[CheckMessage]:
    is_embedded = (
        "data_folder_out" in settings.CELERY_BROKER_TRANSPORT_OPTIONS or settings.CELERY_BROKER_URL.startswith("memory")
    )
    if settings.IS_PRODUCTION and is_embedded:
        yield Error(
            "Production uses the embedded broker, which loses messages when a process is killed.",
            hint="Set CELERY_BROKER_URL to Redis, RabbitMQ or SQS; see docs/deploy-servers.md.",
            id="invencare.E006",
        )
    if settings.IS_PRODUCTION and settings.CELERY_TASK_ALWAYS_EAGER:
        yield Error(
            "Production runs tasks inside the web request (CELERY_TASK_ALWAYS_EAGER).",
            hint="Remove CELERY_TASK_ALWAYS_EAGER from the environment and start a worker.",
            id="invencare.E007",
        )


@register(Tags.database)
def check_database(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    engine = settings.DATABASES["default"]["ENGINE"]
    if engine not in DATABASE_ENGINES:
        return [
            Error(
                f"DATABASE_URL asks for {engine}, for which the append-only triggers are not written.",
                hint="Use sqlite:///path/to/file or mysql://user:password@host/name.",
                id="invencare.E008",
            )
        ]
    if settings.IS_PRODUCTION and engine.endswith("sqlite3"):
        return [
            Warning(
                "Production runs on SQLite: one writer at a time, and one machine.",
                hint="Set DATABASE_URL=mysql://user:password@host/name; see docs/deploy-servers.md.",
                id="invencare.W001",
            )
        ]
    return []


@register(Tags.compatibility)
def check_runs(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    return list(_runs())


def _runs() -> Iterator[CheckMessage]:
    lease_seconds = settings.RUN_LEASE_SECONDS
    visibility_seconds = settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("visibility_timeout")
    if visibility_seconds is not None and visibility_seconds < lease_seconds:
        yield Error(
            f"CELERY_VISIBILITY_TIMEOUT ({visibility_seconds} s) is under RUN_LEASE_SECONDS ({lease_seconds} s): "
            "the broker would hand a task to a second worker while the first still works.",
            hint="Raise CELERY_VISIBILITY_TIMEOUT over RUN_LEASE_SECONDS.",
            id="invencare.E009",
        )
    if lease_seconds < SHORTEST_LEASE_SECONDS:
        yield Error(
            f"RUN_LEASE_SECONDS is {lease_seconds}: a chunk would be taken from a worker that is still busy with it.",
            hint=f"Set RUN_LEASE_SECONDS to {SHORTEST_LEASE_SECONDS} or more; 300 suits most machines.",
            id="invencare.E010",
        )
    if settings.NIGHTLY_CHUNK_SERIES < 1:
        yield Error(
            f"NIGHTLY_CHUNK_SERIES is {settings.NIGHTLY_CHUNK_SERIES}: a chunk holds at least 1 series.",
            hint="Set NIGHTLY_CHUNK_SERIES to 1 or more; 120 suits most machines.",
            id="invencare.E011",
        )
    unknown = sorted(set(settings.NIGHTLY_MODELS) - TRAINED_MODELS)
    if unknown:
        yield Error(
            f"NIGHTLY_MODELS names {', '.join(unknown)}: no such model is trained.",
            hint=f"Set NIGHTLY_MODELS to some of {', '.join(sorted(TRAINED_MODELS))} with commas between, or to nothing.",
            id="invencare.E013",
        )
    if settings.DECISION_VALUE_LIMIT < 0:
        yield Error(
            f"DECISION_VALUE_LIMIT is {settings.DECISION_VALUE_LIMIT}: nobody could approve anything.",
            hint="Set DECISION_VALUE_LIMIT to 0 or more, in money.",
            id="invencare.E012",
        )
    if settings.POLICY_GOAL not in POLICY_GOALS:
        yield Error(
            f"POLICY_GOAL is {settings.POLICY_GOAL}: the order policy has no such goal.",
            hint=f"Set POLICY_GOAL to one of {', '.join(POLICY_GOALS)}.",
            id="invencare.E019",
        )
    yield from _retention()
    for name in (
        "DECISION_FREE_CHANGE",
        "DECISION_NUMBERS_MAX_AGE_DAYS",
        "HOLDING_COST_PER_YEAR",
        "GOODWILL_PER_MARGIN",
        "TRANSFER_FIXED_COST",
        "TRANSFER_UNIT_COST",
        "TRANSFER_LEAST_GAIN",
        "EXCESS_LEAST_COST",
        "EXCESS_PATIENCE_DAYS",
        "MOVES_QUIET_DAYS",
    ):
        if getattr(settings, name) < 0:
            yield Error(
                f"{name} is {getattr(settings, name)}: it cannot be negative.",
                hint=f"Set {name} to 0 or more; docs/settings.md says what it means.",
                id="invencare.E018",
            )


def _retention() -> Iterator[CheckMessage]:
    least = {
        "FORECAST_KEEP_DAYS": 1,
        "LIVE_ACCURACY_LATE_DAYS": 0,
        "LIVE_ACCURACY_WEEKS": 2 + settings.LIVE_ACCURACY_LATE_DAYS // 7,
        "ACCURACY_HISTORY_WEEKS": settings.LIVE_ACCURACY_WEEKS,
    }
    for name, value in least.items():
        if getattr(settings, name) < value:
            yield Error(
                f"{name} is {getattr(settings, name)}: a night would forget what the next one measures.",
                hint=f"Set {name} to {value} or more.",
                id="invencare.E014",
            )


@register(Tags.compatibility)
def check_deliveries(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    return list(_deliveries())


def _deliveries() -> Iterator[CheckMessage]:
    tolerance = settings.OVER_DELIVERY_TOLERANCE
    if not 0 <= tolerance <= MOST_TOLERANCE:  # NaN, too
        yield Error(
            f"OVER_DELIVERY_TOLERANCE is {tolerance}: it is the share of an order that may come beyond it.",
            hint=f"Set OVER_DELIVERY_TOLERANCE from 0 to {MOST_TOLERANCE}; 0.1 takes 10 % more than ordered.",
            id="invencare.E015",
        )
    if settings.TRANSFER_DAYS < 0:
        yield Error(
            f"TRANSFER_DAYS is {settings.TRANSFER_DAYS}: nothing arrives before it leaves.",
            hint="Set TRANSFER_DAYS to 0 or more.",
            id="invencare.E016",
        )
    if settings.PDF_FONT and not Path(settings.PDF_FONT).is_file():
        yield Error(
            f"PDF_FONT names {settings.PDF_FONT}, which is no file: orders would be drawn in another font.",
            hint="Name a TrueType file, or leave PDF_FONT empty.",
            id="invencare.E017",
        )


@register(Tags.security)
def check_webhooks(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    if not (settings.IS_PRODUCTION and settings.WEBHOOK_ALLOW_PRIVATE):
        return []
    return [
        Warning(
            "WEBHOOK_ALLOW_PRIVATE is on in production: who may add a webhook can post to your inner network.",
            hint="Remove WEBHOOK_ALLOW_PRIVATE, or silence this check where every administrator may reach that network.",
            id="invencare.W004",
        )
    ]


@register(Tags.compatibility)
def check_mail(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    if not settings.IS_PRODUCTION or "console" not in settings.EMAIL_BACKEND:
        return []
    return [
        Warning(
            "Production prints its e-mail instead of sending it: purchase orders reach no supplier.",
            hint="Set EMAIL_URL, for example smtp+tls://user:password@mail.example.com:587.",
            id="invencare.W002",
        )
    ]


@register(Tags.compatibility)
def check_numeric_stack(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[CheckMessage]:
    missing = [name for name in NUMERIC_STACK if find_spec(name) is None]
    if not missing:
        return []
    return [
        Warning(
            f"{', '.join(missing)} is not installed: this process serves pages but cannot run an analysis.",
            hint="Install the extra “analysis”, or silence this check where only pages are served.",
            id="invencare.W003",
        )
    ]
