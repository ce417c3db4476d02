"""Sets a background job going by its name, without knowing who runs it.

The composition root connects what runs jobs (``invencare.celery``); services call ``enqueue`` after their commit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Runner = Callable[[str, tuple[Any, ...]], object]

_runners: list[Runner] = []


def connect(runner: Runner) -> None:
    """Let ``runner`` take the jobs from now on."""
    _runners[:] = [runner]


def enqueue(name: str, *args: Any) -> None:
    """Hand the job to whoever runs jobs; plain JSON arguments. Raises ``RuntimeError`` where nobody was connected."""
    if not _runners:
        raise RuntimeError(f"nothing runs jobs here, so {name} cannot be enqueued")
    _runners[0](name, args)
