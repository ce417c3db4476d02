"""Probes: alive without anybody else, ready only with everything, and never a secret."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from insights.models import AnalysisRun
from invencare import health

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)
MISSING = "Missing: none has been trained here yet. The nightly analysis trains it; its run says why it did not."


@pytest.fixture
def broker_folder(settings: Settings, tmp_path: Path) -> Path:
    folder = tmp_path / "queue"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"data_folder_out": str(folder)}
    return folder


@pytest.fixture
def nightly(db: None) -> AnalysisRun:
    return AnalysisRun.objects.create(
        kind=AnalysisRun.Kind.NIGHTLY,
        status=AnalysisRun.Status.DONE,
        business_date=date(2026, 2, 28),
        created_at=NOW,
        finished_at=NOW,
    )


def checks_of(client: Client) -> tuple[int, dict[str, str]]:
    response = client.get("/readyz")
    return response.status_code, response.json()["checks"]


def test_a_living_process_answers_without_asking_the_database(client: Client) -> None:
    # No db fixture: pytest-django raises at any query.
    response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_the_version_names_code_and_commit_alone(client: Client, settings: Settings) -> None:
    settings.INVENCARE_COMMIT = "abc123"
    response = client.get("/version")
    assert response.json() == {"version": settings.INVENCARE_VERSION, "commit": "abc123"}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/version"])
def test_a_probe_only_reads(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405


@pytest.mark.usefixtures("broker_folder", "nightly")
def test_ready_when_database_migrations_broker_and_a_nightly_are_there(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready",
        "checks": {"database": "ok", "migrations": "ok", "broker": "ok", "first_nightly": "ok"},
        "notices": {"gradient_boosting": MISSING},
    }


@pytest.mark.usefixtures("broker_folder", "nightly")
def test_readiness_costs_few_queries(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    client.get("/readyz")
    # SELECT 1, is the migrations table there, its names, the nightly; the stores' zones and the trained model.
    with django_assert_num_queries(6):
        client.get("/readyz")


@pytest.mark.usefixtures("broker_folder", "db")
@pytest.mark.parametrize("status", ["pending", "running", "failed"])
def test_not_ready_before_a_nightly_finished(client: Client, status: str) -> None:
    AnalysisRun.objects.create(
        kind=AnalysisRun.Kind.NIGHTLY, status=status, business_date=date(2026, 2, 28), created_at=NOW
    )
    assert checks_of(client) == (
        503,
        {"database": "ok", "migrations": "ok", "broker": "ok", "first_nightly": "no nightly has finished yet"},
    )


@pytest.mark.usefixtures("broker_folder")
def test_a_nightly_that_was_partly_done_counts(client: Client, nightly: AnalysisRun) -> None:
    AnalysisRun.objects.filter(pk=nightly.pk).update(status=AnalysisRun.Status.PARTIAL)
    assert checks_of(client)[0] == 200


@pytest.mark.parametrize(("hours_ago", "is_ready"), [(25, True), (27, False)])
def test_a_nightly_may_be_asked_to_be_recent(
    settings: Settings, nightly: AnalysisRun, hours_ago: int, is_ready: bool
) -> None:
    settings.READY_NIGHTLY_MAX_AGE_HOURS = 26
    reasons = health.failing_checks(now=NOW + timedelta(hours=hours_ago))
    assert reasons.get("first_nightly") == (None if is_ready else "no nightly finished in the last 26 hours")


@pytest.mark.usefixtures("broker_folder", "nightly")
def test_not_ready_while_a_migration_is_missing(client: Client) -> None:
    MigrationRecorder(connection).record_unapplied("insights", "0001_initial")
    status, checks = checks_of(client)
    assert status == 503
    assert checks["migrations"] == "1 migrations are not applied: run manage.py migrate"


class LockedOut:
    """A database connection whose server refuses, and says more than strangers should read."""

    vendor = "sqlite"

    def ensure_connection(self) -> None:
        raise OperationalError("Access denied for user 'shop'@'db.internal' (using password: hunter2)")


@pytest.mark.usefixtures("broker_folder")
def test_a_database_that_refuses_is_named_without_its_secrets(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(health, "connection", LockedOut())
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": "no answer",
        "migrations": "not asked: the database does not answer",
        "broker": "ok",
        "first_nightly": "not asked: the database does not answer",
    }
    assert b"hunter2" not in response.content
    assert "Access denied" in caplog.text  # the operators read why


def test_a_broker_folder_that_cannot_be_made_is_named(broker_folder: Path) -> None:
    broker_folder.write_text("a file is in the way")
    with pytest.raises(health.NotReady, match=r"^the broker's folder cannot be made$"):
        health.check_broker(NOW)


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_a_broker_that_does_not_listen_is_named_within_the_patience(settings: Settings, scheme: str) -> None:
    if scheme == "redis":
        pytest.importorskip("redis")
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600} if scheme == "redis" else {}
    settings.CELERY_BROKER_URL = f"{scheme}://:hunter2@127.0.0.1:1"
    started = datetime.now(UTC)
    with pytest.raises(health.NotReady, match=r"^no answer$"):
        health.check_broker(NOW)
    assert datetime.now(UTC) - started < timedelta(seconds=health.PATIENCE_SECONDS + 2)


@pytest.mark.redis
def test_a_redis_broker_that_answers_is_fine(settings: Settings) -> None:
    pytest.importorskip("redis")
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:6379/8"
    health.check_broker(NOW)


@pytest.mark.mariadb
@pytest.mark.django_db
def test_a_mysql_server_that_went_silent_does_not_hold_the_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never says a word
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", silent.getsockname()[1])
        started = datetime.now(UTC)
        with pytest.raises(health.NotReady, match=r"^no answer$"):
            health.check_database(NOW)
        assert datetime.now(UTC) - started < timedelta(seconds=health.PATIENCE_SECONDS * 2)
