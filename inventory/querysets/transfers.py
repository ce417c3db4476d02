from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from inventory.querysets.scope import StoreScope


class StockTransferQuerySet(models.QuerySet[Any]):
    def visible_to(self, scope: StoreScope) -> Self:
        """Transfers that leave or reach a store of the scope."""
        if scope.all_stores:
            return self.all()
        stores = sorted(scope.store_ids)
        return self.filter(Q(from_store_id__in=stores) | Q(to_store_id__in=stores))
