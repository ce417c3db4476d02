from __future__ import annotations

from typing import Self

from inventory.querysets.scope import StoreScopedQuerySet


class StockEventQuerySet(StoreScopedQuerySet):
    """Events of one store; an event of which no store is known is for those who see every store."""

    def dead_letters(self) -> Self:
        """Rejected, and nobody has replayed or discarded them yet."""
        return self.filter(outcome="rejected")
