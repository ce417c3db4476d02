"""The reading vocabulary of anomalies."""

from __future__ import annotations

from datetime import date
from typing import Self

from inventory.querysets.scope import StoreScope, StoreScopedQuerySet


class AnomalyQuerySet(StoreScopedQuerySet):
    def visible_to(self, scope: StoreScope) -> Self:
        """Those of company, categories and products are over every store: only who may see all of them sees those."""
        return self.all() if scope.all_stores else super().visible_to(scope)

    def open(self) -> Self:
        return self.filter(status="open")

    def between(self, first: date, last: date) -> Self:
        """Both days included."""
        return self.filter(business_date__gte=first, business_date__lte=last)
