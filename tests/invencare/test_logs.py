"""One line per request with who and how long, one id through request, task and log, and nothing personal."""

from __future__ import annotations

import io
import json
import logging
import logging.config
import os
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from celery import shared_task
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.utils.functional import SimpleLazyObject

from invencare.errors import server_error
from invencare.lib.correlation import correlated, current_id
from invencare.lib.logs import AccessLogMiddleware, actor_kind, logging_config

ROOT = Path(__file__).resolve().parents[2]


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the secret recipe")


def quiet(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


urlpatterns = [path("quiet", quiet), path("fail", fail), path("api/v1/fail", fail), path("readyz", fail)]
handler500 = server_error


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def broken_site(client: Client, settings: Any) -> Client:
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    return client


def access_line(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    (line,) = [record for record in caplog.records if record.name == "invencare.access"]
    return line


def test_a_request_writes_one_line_without_its_query_string(
    broken_site: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="invencare.access")
    broken_site.get("/quiet?signature=hunter2&email=ann@example.com")
    line = access_line(caplog)
    assert (line.levelno, line.method, line.path, line.status, line.actor) == (  # type: ignore[attr-defined]
        logging.INFO,
        "GET",
        "/quiet",
        200,
        "anonymous",
    )
    assert 0 <= line.ms < 1000  # type: ignore[attr-defined]
    assert "hunter2" not in str(vars(line))
    assert "example.com" not in str(vars(line))
    assert not hasattr(line, "error_id")


def test_a_failure_shows_the_number_that_its_log_lines_carry(
    broken_site: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = broken_site.get("/fail", headers={"X-Request-ID": "req-77"})
    assert response.status_code == 500
    assert response["X-Request-ID"] == "req-77"
    assert "req-77" in response.content.decode()
    assert "recipe" not in response.content.decode()
    line = access_line(caplog)
    assert (line.levelno, line.error_id) == (logging.ERROR, "req-77")  # type: ignore[attr-defined]


def test_a_failure_of_the_api_answers_in_its_envelope(broken_site: Client) -> None:
    response = broken_site.get("/api/v1/fail", headers={"X-Request-ID": "req-78"})
    assert response.status_code == 500
    assert response.json()["error"]["id"] == "req-78"
    assert "recipe" not in response.content.decode()


def test_a_probe_is_written_only_when_it_fails(broken_site: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="invencare.access")
    AccessLogMiddleware(quiet)(RequestFactory().get("/healthz"))
    assert access_line(caplog).levelno == logging.DEBUG
    caplog.clear()
    broken_site.get("/readyz")
    assert access_line(caplog).levelno == logging.ERROR


def request_of(user: Any, *, auth: Any = None) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    request.auth = auth  # type: ignore[attr-defined]
    return request


def test_the_kind_of_actor_is_told_and_never_the_name() -> None:
    assert actor_kind(request_of(User(username="ann"))) == "user"
    assert actor_kind(request_of(User(username="ann"), auth="key")) == "api_key"
    assert actor_kind(request_of(AnonymousUser())) == "anonymous"


def test_a_user_that_nothing_looked_at_is_not_looked_up_for_the_log() -> None:
    def ask_the_database() -> User:
        raise AssertionError("the log asked who it was")

    request = request_of(SimpleLazyObject(ask_the_database))
    assert actor_kind(request) == "anonymous"
    request._cached_user = User(username="ann")  # type: ignore[attr-defined]
    assert actor_kind(request) == "user"


@pytest.mark.parametrize("given", ["", "x" * 65, "two words", "line\nbreak", "é"])
def test_an_unusable_id_is_replaced(given: str) -> None:
    with correlated(given) as chosen:
        assert chosen == current_id() != given
        assert len(chosen) == 32
    assert current_id() == ""


def test_a_production_line_is_json_with_time_level_logger_and_id() -> None:
    config = logging_config(level="INFO", as_json=True)
    stream = io.StringIO()
    config["handlers"]["stderr"]["stream"] = stream
    before = logging.getLogger().handlers[:]
    logging.config.dictConfig(config)
    try:
        with correlated("req-79"):
            logging.getLogger("inventory.somewhere").info("done %d", 3, extra={"rows": 3})
    finally:
        logging.getLogger().handlers[:] = before
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "inventory.somewhere",
        "message": "done 3",
        "correlation_id": "req-79",
        "rows": 3,
    }


@shared_task
def whisper() -> str:
    return current_id()


def test_a_task_runs_under_the_id_of_its_sender_and_gives_it_back(settings: Any) -> None:
    with correlated("req-80"):
        assert whisper.apply(headers={"invencare_correlation_id": "req-81"}).get() == "req-81"
        assert current_id() == "req-80"


def test_a_task_that_nobody_sent_from_within_work_gets_an_id_of_its_own() -> None:
    assert len(whisper.apply().get()) == 32


def json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def environment_of(folder: Path, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "INVENCARE_VAR_DIR": str(folder),
        "LOG_JSON": "1",
        "DATABASE_URL": f"sqlite:///{folder}/x.sqlite3",
        **more,
    }


def test_a_real_web_server_logs_json_with_the_callers_id(tmp_path: Path, unused_tcp_port: int) -> None:
    log = tmp_path / "web.log"
    command = [sys.executable, "-m", "gunicorn", "-c", "python:invencare.gunicorn", "invencare.wsgi"]
    environment = environment_of(tmp_path, BIND=f"127.0.0.1:{unused_tcp_port}", WEB_WORKERS="1")
    with log.open("w") as sink, subprocess.Popen(command, cwd=ROOT, env=environment, stderr=sink) as server:
        try:
            status = ask_until_it_listens(unused_tcp_port, "/version?token=hunter2", "req-82")
        finally:
            server.terminate()
    assert status == 200
    lines = json_lines(log.read_text())
    assert [line["correlation_id"] for line in lines if line["logger"] == "invencare.access"] == ["req-82"]
    assert {line["logger"] for line in lines} >= {"gunicorn.error", "invencare.access"}
    assert "hunter2" not in log.read_text()
    # Every line is JSON: gunicorn kept no format of its own.
    assert len(lines) == len(log.read_text().splitlines())


def ask_until_it_listens(port: int, target: str, correlation_id: str) -> int:
    deadline = time.monotonic() + 30
    while True:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", target, headers={"X-Request-ID": correlation_id})
            return connection.getresponse().status
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_a_real_worker_logs_json_with_the_senders_id(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    (tmp_path / "probe_tasks.py").write_text(
        "import logging\n"
        "from invencare.celery import app\n"
        "@app.task(name='probe')\n"
        "def probe():\n"
        "    logging.getLogger('probe').warning('at work')\n"
    )
    environment = environment_of(tmp_path, PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}")
    send = (
        "import probe_tasks\n"
        "from invencare.lib.correlation import correlated\n"
        "with correlated('req-83'):\n"
        "    probe_tasks.probe.delay()\n"
    )
    subprocess.run([sys.executable, "-c", send], cwd=ROOT, env=environment, check=True, timeout=60)
    command = [sys.executable, "-m", "celery", "-A", "invencare.celery", "worker", "--pool=solo", "-I", "probe_tasks"]
    with log.open("w") as sink, subprocess.Popen(command, cwd=ROOT, env=environment, stderr=sink) as worker:
        try:
            wait_for(log, "succeeded")
        finally:
            worker.terminate()
    by_logger = {line["logger"]: line for line in json_lines(log.read_text())}
    assert (by_logger["probe"]["message"], by_logger["probe"]["correlation_id"]) == ("at work", "req-83")
    assert by_logger["celery.app.trace"]["correlation_id"] == "req-83"


def wait_for(log: Path, text: str) -> None:
    deadline = time.monotonic() + 40
    while text not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
