from __future__ import annotations

from typing import Any, Self

from django.db.models import Q

from inventory.querysets.scope import StoreScopedQuerySet


class ReorderRecommendationQuerySet(StoreScopedQuerySet):
    def pending(self) -> Self:
        return self.filter(status="pending")

    def decided(self) -> Self:
        return self.exclude(status__in=["pending", "expired"])

    def worst_first(self) -> Self:
        return self.order_by("urgency_rank", "-money_at_risk", "pk")

    def after(self, row: Any) -> Self:
        """The rows that ``worst_first`` lists behind ``row``."""
        same_rank = Q(urgency_rank=row.urgency_rank)
        return self.filter(
            Q(urgency_rank__gt=row.urgency_rank)
            | (same_rank & Q(money_at_risk__lt=row.money_at_risk))
            | (same_rank & Q(money_at_risk=row.money_at_risk, pk__gt=row.pk))
        )


class DecisionQuerySet(StoreScopedQuerySet):
    store_path = "recommendation__store_id"
