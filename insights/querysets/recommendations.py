from __future__ import annotations

from typing import Self

from inventory.querysets.scope import StoreScopedQuerySet


class ReorderRecommendationQuerySet(StoreScopedQuerySet):
    def pending(self) -> Self:
        return self.filter(status="pending")

    def decided(self) -> Self:
        return self.exclude(status__in=["pending", "expired"])

    def worst_first(self) -> Self:
        return self.order_by("urgency_rank", "-money_at_risk", "pk")


class DecisionQuerySet(StoreScopedQuerySet):
    store_path = "recommendation__store_id"
