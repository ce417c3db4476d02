from __future__ import annotations

from inventory.querysets.scope import StoreScopedQuerySet


class ProductPerformanceQuerySet(StoreScopedQuerySet):
    pass
