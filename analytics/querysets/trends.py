"""The reading vocabulary of trends."""

from __future__ import annotations

from typing import Self

from django.db.models import Max

from inventory.querysets.scope import StoreScope, StoreScopedQuerySet


class SalesTrendQuerySet(StoreScopedQuerySet):
    def visible_to(self, scope: StoreScope) -> Self:
        """The company's and the categories' rows are sums over every store: only who may see all of them sees those."""
        return self.all() if scope.all_stores else super().visible_to(scope)

    def newest(self) -> Self:
        """Those of the last day that was analysed."""
        return self.filter(business_date=self.model._default_manager.aggregate(last=Max("business_date"))["last"])
