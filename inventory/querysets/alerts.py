from __future__ import annotations

from typing import Self

from inventory.querysets.scope import StoreScopedQuerySet


class AlertQuerySet(StoreScopedQuerySet):
    def open(self) -> Self:
        return self.filter(closed_at__isnull=True)
