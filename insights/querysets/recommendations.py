from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Q

from inventory.querysets.scope import StoreScope, StoreScopedQuerySet


class ReorderRecommendationQuerySet(StoreScopedQuerySet):
    def pending(self) -> Self:
        return self.filter(status="pending")

    def open(self) -> Self:
        """What somebody may still decide: pending, snoozed, or waiting for a second person."""
        return self.filter(status__in=["pending", "proposed", "snoozed"])

    def worst_first(self) -> Self:
        """The most money at risk first."""
        return self.order_by("-money_at_risk", "pk")

    def after(self, row: Any) -> Self:
        """The rows that ``worst_first`` lists behind ``row``."""
        return self.filter(Q(money_at_risk__lt=row.money_at_risk) | Q(money_at_risk=row.money_at_risk, pk__gt=row.pk))


class DecisionQuerySet(models.QuerySet[Any]):
    def visible_to(self, scope: StoreScope) -> Self:
        """Decisions about a store of the scope; of a transfer, about either end."""
        if scope.all_stores:
            return self.all()
        about = (
            "recommendation__store",
            "transfer_recommendation__from_store",
            "transfer_recommendation__to_store",
            "excess_recommendation__store",
        )
        is_mine = Q(pk__in=[])
        for path in about:
            is_mine |= Q(**{f"{path}__in": sorted(scope.store_ids)})
        return self.filter(is_mine)


class DecisionValueQuerySet(StoreScopedQuerySet):
    def between(self, first: date, last: date) -> Self:
        """Whose covered days ended in this period, both days included."""
        return self.filter(last_day__gte=first, last_day__lte=last)
