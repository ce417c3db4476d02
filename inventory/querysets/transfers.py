from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import F, Q

from inventory.querysets.scope import StoreScope, StoreScopedQuerySet


class StockTransferQuerySet(models.QuerySet[Any]):
    def visible_to(self, scope: StoreScope) -> Self:
        """Transfers that leave or reach a store of the scope."""
        if scope.all_stores:
            return self.all()
        stores = sorted(scope.store_ids)
        return self.filter(Q(from_store_id__in=stores) | Q(to_store_id__in=stores))

    def arriving_at(self, scope: StoreScope) -> Self:
        """Transfers that reach a store of the scope."""
        return self.all() if scope.all_stores else self.filter(to_store_id__in=sorted(scope.store_ids))


class StockTransferLineQuerySet(StoreScopedQuerySet):
    store_path = "transfer__to_store_id"

    def in_transit(self) -> Self:
        """Lines that have left the sending store and not all arrived; the rest of each is ``coming_units``."""
        return self.annotate(coming_units=F("units") - F("received_units") - F("lost_units")).filter(
            transfer__status__in=["sent", "partly_received"], units__gt=F("received_units") + F("lost_units")
        )

    def still_to_come(self) -> Self:
        """As ``in_transit``, with what is drafted or approved to be sent: that is decided, as a drafted order is."""
        coming = F("units") - F("received_units") - F("lost_units")
        return self.annotate(coming_units=coming).filter(
            transfer__status__in=["draft", "approved", "sent", "partly_received"],
            units__gt=F("received_units") + F("lost_units"),
        )

    def still_to_leave(self) -> Self:
        """Lines that a store has promised to another and still has on its shelf."""
        return self.filter(transfer__status__in=["draft", "approved"])
