"""The whole site from one command: web, worker and beat as real processes, watched until Ctrl-C."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from invencare.refusals import LOCAL_SECRET_KEY
from invencare.supervisor import ChildGaveUp, Program, Supervisor
from inventory.services.demo import DEMO_LOGINS, login_lines

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Command(BaseCommand):
    help = "Run web, worker and beat together; logs go to the log folder, errors to the console too."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=os.environ.get("BIND_HOST", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=os.environ.get("PORT", "8000"))
        parser.add_argument("--concurrency", type=int, default=2, help="worker processes")
        parser.add_argument("--prepare", action="store_true", help="run prepare_site first")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        refuse_public_secret(host)
        with only_one_at(settings.VAR_DIR):
            refuse_port_in_use(host, port)
            if options["prepare"]:
                prepare_site()
            supervisor = Supervisor(programs(host, port, options["concurrency"]), tell=self._tell)
            announce = Announcement(f"http://{_visible(host)}:{port}/", tell=self._tell)
            try:
                supervisor.run(on_tick=announce.when_ready)
            except ChildGaveUp as reason:
                raise CommandError(str(reason)) from None

    def _tell(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


class Announcement:
    """Prints the address once, as soon as the web process answers there."""

    def __init__(self, address: str, *, tell: Callable[[str], None]) -> None:
        self.address = address
        self.tell = tell
        self.done = False
        self._next_try = 0.0

    def when_ready(self) -> None:
        if self.done or time.monotonic() < self._next_try:
            return
        self._next_try = time.monotonic() + 0.3
        if not _answers(f"{self.address}healthz"):
            return
        self.done = True
        self.tell(f"\n  InvenCare is running at {self.address}\n")
        for line in demo_logins():
            self.tell(f"    {line}")
        self.tell(f"\n  Logs: {settings.VAR_DIR / 'log'}    Stop: Ctrl-C\n")


def refuse_public_secret(host: str) -> None:
    """The default key stands in the source: whoever reaches the site could sign what the site believes."""
    if settings.SECRET_KEY == LOCAL_SECRET_KEY and host not in LOOPBACK:
        raise CommandError(
            f"Other machines can reach {host}, and the secret key is the public default. Set SECRET_KEY (and "
            "ALLOWED_HOSTS, and DEMO_PASSWORD for the demo's logins), or serve on 127.0.0.1 alone."
        )


def prepare_site() -> None:
    """In a process of its own: what the demo and the nightly load would stay in this one for as long as it runs."""
    done = subprocess.run([sys.executable, "manage.py", "prepare_site"], cwd=settings.BASE_DIR, check=False)
    if done.returncode:
        raise CommandError("The site could not be prepared; the reason stands above. Nothing was started.")


def demo_logins() -> list[str]:
    """User, password and role of each demo login, where the demo is."""
    names = [login.username for login in DEMO_LOGINS]
    return login_lines() if User.objects.filter(username__in=names).count() == len(names) else []


def programs(host: str, port: int, concurrency: int) -> list[Program]:
    """The three processes, as an operator would start them by hand."""
    log = settings.VAR_DIR / "log"
    # One numeric thread per process: two busy workers must not fight over the cores.
    environment = {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    celery = [sys.executable, "-m", "celery", "-A", "invencare"]
    web = [
        *[sys.executable, "-m", "gunicorn", "-c", "python:invencare.gunicorn", "invencare.wsgi"],
        *["--bind", f"{host}:{port}", "--worker-class", "gthread", "--workers", "2", "--threads", "4"],
        *["--graceful-timeout", "5", "--no-control-socket"],
    ]
    # Nothing to gossip with: on the embedded broker there is one worker, and heartbeats would be files.
    alone = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = [*celery, "worker", "--loglevel", "INFO", "--concurrency", str(concurrency), *alone]
    beat = [*celery, "beat", "--loglevel", "INFO", "--pidfile="]  # no pid file: none can be stale
    return [
        Program(name=name, argv=argv, log_path=log / f"{name}.log", environment=environment)
        for name, argv in {"web": web, "worker": worker, "beat": beat}.items()
    ]


def refuse_port_in_use(host: str, port: int) -> None:
    """Say it plainly before anything starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gunicorn does; a listener still refuses
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CommandError(
                    f"Port {port} is in use by another program. Choose another: make run PORT={port + 1}"
                ) from None
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}.") from None
        except OverflowError:
            raise CommandError(f"{port} is not a port: choose one from 1024 to 65535.") from None


@contextmanager
def only_one_at(folder: Path) -> Iterator[None]:
    """Two supervisors on one data folder would be two beats: each schedule would fire twice."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"InvenCare is running already with the data in {folder}. Stop it first.") from None
        yield


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310  (our own http address)
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _visible(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else f"[{host}]" if ":" in host else host  # noqa: S104  (shown only)
