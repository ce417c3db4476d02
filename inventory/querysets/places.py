from __future__ import annotations

from typing import Self

from inventory.querysets.scope import StoreScopedQuerySet


class StoreQuerySet(StoreScopedQuerySet):
    store_path = "pk"

    def active(self) -> Self:
        return self.filter(is_active=True)
