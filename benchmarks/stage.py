"""A database of its own for one benchmark, made before Django starts and dropped at the end."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def stage(name: str, *, keep: str = "") -> Iterator[str]:
    """Start Django on an empty, migrated database ``bench_{name}`` of the engine in ``DATABASE_URL``; yield the engine.

    Without a ``DATABASE_URL``, a SQLite file in a temporary folder. ``keep`` names a folder to use instead: the
    database in it, or ``bench_{name}`` on MariaDB, is taken up as it is and stays.
    """
    with _folder(keep) as folder:
        address = os.environ.get("DATABASE_URL", "")
        if address.startswith("mysql"):
            os.environ["DATABASE_URL"] = urlsplit(address)._replace(path=f"/bench_{name}").geturl()
        else:
            os.environ["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        os.environ |= {"INVENCARE_VAR_DIR": folder, "LOG_LEVEL": "ERROR", "API_RATE": "1000000/min"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "invencare.settings")
        sys.path.insert(0, str(ROOT))
        import django  # the address must be in the environment first

        django.setup()
        with _database(keep=bool(keep)):
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            yield "MariaDB" if address.startswith("mysql") else "SQLite"


@contextmanager
def _folder(keep: str) -> Iterator[str]:
    if keep:
        Path(keep).mkdir(parents=True, exist_ok=True)
        yield str(Path(keep).resolve())
        return
    with tempfile.TemporaryDirectory(prefix="invencare-bench-") as folder:
        yield folder


@contextmanager
def _database(*, keep: bool) -> Iterator[None]:
    from django.db import connection, connections

    if connection.vendor != "mysql":
        yield
        return
    name = connection.settings_dict["NAME"]
    if keep:
        _execute_without_database(
            f"CREATE DATABASE IF NOT EXISTS `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
        )
        yield
        return
    _execute_without_database(f"DROP DATABASE IF EXISTS `{name}`")
    _execute_without_database(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    try:
        yield
    finally:
        connections.close_all()
        _execute_without_database(f"DROP DATABASE `{name}`")


def _execute_without_database(statement: str) -> None:
    from django.db import connection

    parameters = connection.get_connection_params()
    parameters.pop("db", None)
    parameters.pop("database", None)
    with connection.Database.connect(**parameters) as server, server.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    print(f"  ({what}: {time.perf_counter() - began:.1f} s)", flush=True)


def load() -> str:
    """Processes that want a processor, over the last minute, and the processors there are."""
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
