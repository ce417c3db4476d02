"""``manage.py serve`` as a user starts it: real web, worker and beat on SQLite and the embedded broker."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.live.site import wait_until

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks at processes through /proc")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    mine = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "CELERY_BROKER_URL"}}
    return {**mine, "INVENCARE_VAR_DIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


class Serving:
    """A running ``serve`` and what it printed so far."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        self.output = folder / "serve.out"
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port)],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=out,
                stderr=out,
            )

    @property
    def printed(self) -> str:
        return self.output.read_text()

    def children(self) -> dict[str, int]:
        """Process ids by what they run."""
        found = {}
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            words = Path(f"/proc/{child}/cmdline").read_text().split("\0")
            found["web" if "gunicorn" in words else "worker" if "worker" in words else "beat"] = int(child)
        return found


@pytest.fixture
def serving(environment: dict[str, str], tmp_path: Path) -> Iterator[Serving]:
    prepared = manage(environment, "prepare_site", "--no-demo")
    assert prepared.returncode == 0, prepared.stderr
    running = Serving(environment, tmp_path)
    try:
        wait_until(lambda: "is running at" in running.printed, seconds=60, what="the address is printed")
        yield running
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGTERM)
        running.process.wait(timeout=30)


def test_the_site_answers_restarts_a_killed_worker_and_stops_with_nothing_left(
    serving: Serving, environment: dict[str, str], tmp_path: Path
) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/healthz", timeout=10) as answer:
        assert json.load(answer) == {"status": "ok"}
    wait_until(lambda: len(serving.children()) == 3, seconds=20, what="web, worker and beat run")
    log = tmp_path / "log" / "worker.log"
    wait_until(lambda: " ready." in log.read_text(), seconds=60, what="the worker is up")
    # Beat sends what is due at once, and the worker takes it from the folder: the broker works.
    wait_until(lambda: "insights.resume_runs" in log.read_text(), seconds=90, what="the worker got a task from beat")

    first = serving.children()["worker"]
    os.killpg(first, signal.SIGKILL)
    wait_until(lambda: serving.children().get("worker", first) != first, seconds=20, what="the worker is started again")
    assert "worker: ended with exit -9, starting again in 1 s" in serving.printed

    second = manage(environment, "serve", "--port", str(free_port()))
    assert second.returncode == 1
    assert second.stderr == f"CommandError: InvenCare is running already with the data in {tmp_path}. Stop it first.\n"

    groups = list(serving.children().values())
    serving.process.send_signal(signal.SIGINT)
    assert serving.process.wait(timeout=20) == 0
    assert serving.printed.endswith("Stopped.\n")
    for group in groups:
        with pytest.raises(ProcessLookupError):
            os.killpg(group, 0)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://127.0.0.1:{serving.port}/healthz", timeout=2)


def test_a_port_in_use_is_said_before_anything_starts(environment: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = manage(environment, "serve", "--prepare", "--port", str(port))

    assert refused.returncode == 1
    assert refused.stderr == (
        f"CommandError: Port {port} is in use by another program. Choose another: make run PORT={port + 1}\n"
    )
    assert not (tmp_path / "invencare.sqlite3").exists()
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_number_that_is_no_port_is_refused(environment: dict[str, str], port: str) -> None:
    refused = manage(environment, "serve", f"--port={port}")

    assert refused.returncode == 1
    assert refused.stderr == f"CommandError: {port} is not a port: choose one from 1024 to 65535.\n"
