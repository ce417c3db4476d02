"""The names that workers sign chunks with, and what a name tells: whether its process still lives here."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_worker() -> str:
    """Host and process id: unique while the process lives."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_gone(worker: str) -> bool:
    """True when the worker was a process of this very host and is no more; False whenever that cannot be known.

    A process that was killed keeps its number until its parent has taken note, which may be seconds: it is gone, too.
    """
    host, _, pid = worker.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)  # signal 0 asks only whether the process is there
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return _is_zombie(int(pid))


def _is_zombie(pid: int) -> bool:
    """Dead, and not yet taken note of; False where the system does not say (no ``/proc``)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in {"Z", "X"}  # the name before it is in brackets, and may hold any sign
