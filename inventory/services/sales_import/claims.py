"""One import of a file at a time: a lock that ends with the process that holds it, however that ends.

On MySQL and MariaDB it is a named lock of the connection, on SQLite (one machine) a lock on a file. Right totals do
not depend on it, because every row has its own key; it spares the work, and it tells which imports are dead.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from inventory.services.errors import Conflict

POLL_SECONDS = 0.2


@contextmanager
def claimed(checksum: str, *, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the claim on a file for the block. Raises ``Conflict`` when another holds it for longer than the wait."""
    hold = _held_by_name if connection.vendor == "mysql" else _held_by_file
    with hold(checksum, wait_seconds):
        yield


def is_claimed(checksum: str) -> bool:
    """Whether a living import works on this file now."""
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT IS_FREE_LOCK(%s)", [_name(checksum)])
            return not cursor.fetchone()[0]
    try:
        with _held_by_file(checksum, 0):
            return False
    except Conflict:
        return True


def _name(checksum: str) -> str:
    """Named locks belong to the server: the database's name tells sites apart. At most 64 characters."""
    return f"{connection.settings_dict['NAME'][:20]}:file:{checksum[:32]}"


@contextmanager
def _held_by_name(checksum: str, wait_seconds: float) -> Iterator[None]:
    name = _name(checksum)
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, %s)", [name, int(wait_seconds)])
        if not cursor.fetchone()[0]:
            raise _taken()
    try:
        yield
    finally:
        if connection.connection is not None:  # a lost connection has lost the lock as well
            with connection.cursor() as cursor:
                cursor.execute("SELECT RELEASE_LOCK(%s)", [name])


@contextmanager
def _held_by_file(checksum: str, wait_seconds: float) -> Iterator[None]:
    folder = settings.VAR_DIR / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    gives_up_at = time.monotonic() + wait_seconds
    with (folder / f"sales-file-{checksum}").open("w") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= gives_up_at:
                    raise _taken() from None
                time.sleep(POLL_SECONDS)
        yield


def _taken() -> Conflict:
    return Conflict("Another import of this very file is running.")
