"""Heavy results, kept in the process until what they are made of changes (ADR 0023)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import caches

Result = TypeVar("Result")

KEPT_SECONDS = 300
"""Products change their names and categories without a new version of the sums: they show after this long."""


def kept(name: str, *, version: object, of: object, work: Callable[[], Result]) -> Result:
    """What ``work`` gives, or gave for the same ``version`` of its sources and the same ``of`` (whose rows, which days).

    Both are told apart by their ``repr``. A source without a version, such as one that is empty still, is not kept:
    give None.
    """
    if version is None:
        return work()
    key = f"dashboard:{hashlib.sha256(repr((name, version, of)).encode()).hexdigest()}"
    found: tuple[Result] | None = caches["process"].get(key)
    if found is None:
        found = (work(),)
        caches["process"].set(key, found, KEPT_SECONDS)
    return found[0]
