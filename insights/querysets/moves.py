from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from inventory.querysets.scope import StoreScope, StoreScopedQuerySet


class ProposalQuerySet(models.QuerySet[Any]):
    money = ""

    def pending(self) -> Self:
        return self.filter(status="pending")

    def open(self) -> Self:
        """What somebody may still decide: pending, snoozed, or waiting for a second person."""
        return self.filter(status__in=["pending", "proposed", "snoozed"])

    def worst_first(self) -> Self:
        """The most money first."""
        return self.order_by(f"-{self.money}", "pk")

    def after(self, row: Any) -> Self:
        """The rows that ``worst_first`` lists behind ``row``."""
        money = getattr(row, self.money)
        return self.filter(Q(**{f"{self.money}__lt": money}) | Q(**{self.money: money}, pk__gt=row.pk))


class TransferRecommendationQuerySet(ProposalQuerySet):
    money = "net_gain"

    def visible_to(self, scope: StoreScope) -> Self:
        """Moves that would leave or reach a store of the scope."""
        if scope.all_stores:
            return self.all()
        stores = sorted(scope.store_ids)
        return self.filter(Q(from_store_id__in=stores) | Q(to_store_id__in=stores))

    def decided_by(self, scope: StoreScope) -> Self:
        """Moves whose sender is a store of the scope: its people decide."""
        return self.all() if scope.all_stores else self.filter(from_store_id__in=sorted(scope.store_ids))


class ExcessRecommendationQuerySet(ProposalQuerySet, StoreScopedQuerySet):  # type: ignore[override]
    money = "value_at_stake"

    def decided_by(self, scope: StoreScope) -> Self:
        return self.visible_to(scope)
