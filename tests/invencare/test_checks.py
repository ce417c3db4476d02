"""Every wrong setting is named by its id, with a way out; production refuses the dangerous ones outright."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage
from django.test import override_settings

from invencare import checks
from invencare.refusals import LOCAL_SECRET_KEY, find_refusals

ROOT = Path(__file__).resolve().parents[2]
GOOD_SECRET = "p8Zr3kVwq1mXo5TbnL0sYe7GdUcHf2JiAa9Q-W4RtKxMvBzN6EDlgSy_Cu"
PRODUCTION: dict[str, Any] = {
    "INVENCARE_ENV": "production",
    "IS_PRODUCTION": True,
    "SECRET_KEY": GOOD_SECRET,
    "DEBUG": False,
    "ALLOWED_HOSTS": ["stock.example.com"],
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/8",
    "CELERY_BROKER_TRANSPORT_OPTIONS": {"visibility_timeout": 3600},
    "CELERY_TASK_ALWAYS_EAGER": False,
    "RUN_LEASE_SECONDS": 300,
    "NIGHTLY_CHUNK_SERIES": 120,
    "NIGHTLY_MODELS": ["gradient_boosting"],
    "DECISION_VALUE_LIMIT": 10_000.0,
    "WEBHOOK_ALLOW_PRIVATE": False,
    "FORECAST_KEEP_DAYS": 14,
    "LIVE_ACCURACY_LATE_DAYS": 7,
    "LIVE_ACCURACY_WEEKS": 13,
    "ACCURACY_HISTORY_WEEKS": 104,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "DATABASES": {"default": {"ENGINE": "django.db.backends.mysql"}},
}
ENVIRONMENT = {
    "INVENCARE_ENV": "production",
    "SECRET_KEY": GOOD_SECRET,
    "ALLOWED_HOSTS": "stock.example.com",
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/8",
    "EMAIL_URL": "smtp+tls://mailer:mail-password@mail.example.com:587",
}

ALL_CHECKS = (
    checks.check_refusals,
    checks.check_hosts,
    checks.check_background_work,
    checks.check_database,
    checks.check_runs,
    checks.check_deliveries,
    checks.check_webhooks,
    checks.check_mail,
    checks.check_numeric_stack,
)


def found(**changes: Any) -> list[CheckMessage]:
    with override_settings(**(PRODUCTION | changes)):
        return [message for check in ALL_CHECKS for message in check(None)]


def test_a_right_production_has_nothing_to_say() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "check_id"),
    [
        ({"INVENCARE_ENV": "prodution"}, "invencare.E001"),
        ({"SECRET_KEY": LOCAL_SECRET_KEY}, "invencare.E002"),
        ({"SECRET_KEY": "short"}, "invencare.E003"),
        ({"SECRET_KEY": "a" * 60}, "invencare.E003"),
        ({"DEBUG": True}, "invencare.E004"),
        ({"ALLOWED_HOSTS": []}, "invencare.E005"),
        ({"ALLOWED_HOSTS": ["stock.example.com", "*"]}, "invencare.E005"),
        ({"CELERY_BROKER_TRANSPORT_OPTIONS": {"data_folder_out": "queue"}}, "invencare.E006"),
        ({"CELERY_BROKER_URL": "memory://"}, "invencare.E006"),
        ({"CELERY_TASK_ALWAYS_EAGER": True}, "invencare.E007"),
        ({"DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql"}}}, "invencare.E008"),
        ({"CELERY_BROKER_TRANSPORT_OPTIONS": {"visibility_timeout": 299}}, "invencare.E009"),
        ({"RUN_LEASE_SECONDS": 29}, "invencare.E010"),
        ({"NIGHTLY_CHUNK_SERIES": 0}, "invencare.E011"),
        ({"NIGHTLY_MODELS": ["gradient_boosting", "oracle"]}, "invencare.E013"),
        ({"DECISION_VALUE_LIMIT": -1.0}, "invencare.E012"),
        ({"FORECAST_KEEP_DAYS": 0}, "invencare.E014"),
        ({"LIVE_ACCURACY_LATE_DAYS": -1}, "invencare.E014"),
        ({"LIVE_ACCURACY_LATE_DAYS": 28, "LIVE_ACCURACY_WEEKS": 5}, "invencare.E014"),
        ({"ACCURACY_HISTORY_WEEKS": 12}, "invencare.E014"),
        ({"OVER_DELIVERY_TOLERANCE": -0.1}, "invencare.E015"),
        ({"OVER_DELIVERY_TOLERANCE": float("nan")}, "invencare.E015"),
        ({"TRANSFER_DAYS": -1}, "invencare.E016"),
        ({"PDF_FONT": "/nowhere/Font.ttf"}, "invencare.E017"),
        ({"DECISION_FREE_CHANGE": -0.1}, "invencare.E018"),
        ({"DECISION_NUMBERS_MAX_AGE_DAYS": -1}, "invencare.E018"),
        ({"HOLDING_COST_PER_YEAR": -0.2}, "invencare.E018"),
        ({"GOODWILL_PER_MARGIN": -0.2}, "invencare.E018"),
        ({"POLICY_GOAL": "profit"}, "invencare.E019"),
        ({"DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}}}, "invencare.W001"),
        ({"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, "invencare.W002"),
        ({"WEBHOOK_ALLOW_PRIVATE": True}, "invencare.W004"),
    ],
)
def test_a_wrong_setting_is_named_once_with_a_way_out(changes: dict[str, Any], check_id: str) -> None:
    messages = found(**changes)
    assert [message.id for message in messages] == [check_id]
    assert messages[0].hint
    assert messages[0].is_serious() == (check_id[10] == "E")


def test_missing_numbers_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "NUMERIC_STACK", ("no_such_numeric_package",))
    assert [message.id for message in found()] == ["invencare.W003"]


def test_a_laptop_may_run_what_production_may_not() -> None:
    laptop = {
        "INVENCARE_ENV": "local",
        "IS_PRODUCTION": False,
        "SECRET_KEY": LOCAL_SECRET_KEY,
        "DEBUG": True,
        "ALLOWED_HOSTS": [],
        "CELERY_BROKER_URL": "filesystem://",
        "CELERY_BROKER_TRANSPORT_OPTIONS": {"data_folder_out": "queue"},
        "CELERY_TASK_ALWAYS_EAGER": True,
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3"}},
        "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend",
    }
    assert found(**laptop) == []


def test_every_refusal_is_listed_at_once() -> None:
    refusals = find_refusals(environment="production", secret_key=LOCAL_SECRET_KEY, debug=True)
    assert [refusal.id for refusal in refusals] == ["invencare.E002", "invencare.E004"]


def start(*command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a fresh process in the production environment with these changes."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "DATABASE_URL") if name in os.environ}
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=inherited | ENVIRONMENT | changes,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        ("-c", "import invencare.wsgi"),
        ("-c", "import invencare.asgi"),
        ("-m", "celery", "-A", "invencare.celery", "worker", "--pool=solo"),
        ("-m", "celery", "-A", "invencare.celery", "beat"),
        ("manage.py", "check"),
        ("-m", "gunicorn", "-c", "python:invencare.gunicorn", "-b", "127.0.0.1:0", "invencare.wsgi"),
    ],
    ids=["wsgi", "asgi", "worker", "beat", "command", "gunicorn"],
)
@pytest.mark.parametrize(
    ("changes", "check_id"),
    [({"SECRET_KEY": LOCAL_SECRET_KEY}, "invencare.E002"), ({"DEBUG": "1"}, "invencare.E004")],
    ids=["default secret", "debug"],
)
def test_nothing_starts_in_production_with(command: tuple[str, ...], changes: dict[str, str], check_id: str) -> None:
    run = start(*command, **changes)
    assert run.returncode != 0
    assert f"({check_id})" in run.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "celery", "-A", "invencare.celery", "worker", "--pool=solo"),
        ("-m", "celery", "-A", "invencare.celery", "beat"),
        ("-m", "gunicorn", "-c", "python:invencare.gunicorn", "-b", "127.0.0.1:0", "invencare.wsgi"),
    ],
    ids=["worker", "beat", "gunicorn"],
)
def test_no_server_starts_with_a_setting_that_a_check_refuses(command: tuple[str, ...]) -> None:
    run = start(*command, CELERY_BROKER_URL="filesystem://")
    assert run.returncode != 0
    assert "invencare.E006" in run.stderr


def test_check_deploy_is_clean_with_production_settings() -> None:
    pytest.importorskip("MySQLdb", reason="needs mysqlclient: install the extra “mysql”")
    run = start("manage.py", "check", "--deploy", "--fail-level", "WARNING", DATABASE_URL="mysql://shop@127.0.0.1/shop")
    assert (run.returncode, run.stdout + run.stderr) == (0, "System check identified no issues (0 silenced).\n")
