"""Real processes of the site for tests: Celery workers and commands on the test database and a broker of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection


@dataclass(frozen=True)
class Site:
    """How a child process finds the test's database and broker, and where it logs."""

    environment: dict[str, str]
    folder: Path

    def run(self, *command: str) -> str:
        """What a command printed; raises when it fails."""
        done = subprocess.run(
            [sys.executable, *command],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def worker(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """A Celery worker with one process for tasks, as the leader of its own process group."""
        arguments = ["-m", "celery", "-A", "invencare", "worker", "--hostname", f"{name}@test", "--concurrency", "1"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments, *quiet],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            kill(process)

    def log_of(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")


def site_on_test_database(folder: Path, **environment: str) -> Site:
    database = connection.settings_dict
    account = ":".join(quote(database[part], safe="") for part in ("USER", "PASSWORD") if database[part])
    address = f"{database['HOST']}:{database['PORT'] or 3306}"
    return Site(
        environment={
            **os.environ,
            "DATABASE_URL": f"mysql://{account}@{address}/{database['NAME']}",
            "INVENCARE_VAR_DIR": str(folder),
            "OMP_NUM_THREADS": "1",
            **environment,
        },
        folder=folder,
    )


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL for the process and all its children: nothing of it can tidy up."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        process.wait()


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)
