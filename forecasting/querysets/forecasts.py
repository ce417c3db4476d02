from __future__ import annotations

from inventory.querysets.scope import StoreScopedQuerySet


class ProductDemandForecastQuerySet(StoreScopedQuerySet):
    pass


class ForecastAccuracyQuerySet(StoreScopedQuerySet):
    pass
