"""The reading vocabulary of sums over days."""

from __future__ import annotations

from inventory.querysets.scope import StoreScopedQuerySet
from inventory.querysets.stock import DaySumsQuerySet

__all__ = ["DaySumsQuerySet", "StoreDaySumsQuerySet"]


class StoreDaySumsQuerySet(DaySumsQuerySet, StoreScopedQuerySet):  # type: ignore[override]
    """A store's days, only those that the reader may see."""


class StoreStockQuerySet(StoreScopedQuerySet):
    """A store's stock, only of those that the reader may see."""
