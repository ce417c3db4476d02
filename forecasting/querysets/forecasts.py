from __future__ import annotations

from typing import Any, Self

from django.db import models

from inventory.querysets.scope import StoreScopedQuerySet


class ForecastRunQuerySet(models.QuerySet[Any, Any]):
    def unfinished(self) -> Self:
        return self.filter(finished_at__isnull=True)


class ProductDemandForecastQuerySet(StoreScopedQuerySet):
    pass
