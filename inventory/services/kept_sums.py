"""Sums over many days of sales, kept in the process until the ledger grows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import caches

from inventory.models import InventoryTransaction

Sums = TypeVar("Sums")

KEPT_SECONDS = 60


def kept_sums(what: object, work: Callable[[], Sums]) -> Sums:
    """What ``work`` gives; done again when the ledger has a newer row: every sale is one.

    ``what`` tells one result from another by its ``repr``: whose stores, which days. Two things change sums without
    a newer row, a writer that ends after another that began later and a rebuild: they show after ``KEPT_SECONDS``.
    Keep small results only: every process of the site holds its own.
    """
    newest = InventoryTransaction.objects.order_by("-pk").values_list("pk", flat=True).first()
    key = f"sums:{hashlib.sha256(repr((newest, what)).encode()).hexdigest()}"
    kept: tuple[Sums] | None = caches["process"].get(key)
    if kept is None:
        kept = (work(),)
        caches["process"].set(key, kept, KEPT_SECONDS)
    return kept[0]
