"""The names that workers sign chunks with, and what a name tells: whether its process still lives here."""

from __future__ import annotations

import os
import socket


def this_worker() -> str:
    """Host and process id: unique while the process lives."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_gone(worker: str) -> bool:
    """True when the worker was a process of this very host and is no more; False whenever that cannot be known."""
    host, _, pid = worker.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)  # signal 0 asks only whether the process is there
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
