from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.db.models import Q

from inventory.querysets.scope import StoreScopedQuerySet


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


class DecisionQuerySet(StoreScopedQuerySet):
    store_path = "recommendation__store_id"


class DecisionValueQuerySet(StoreScopedQuerySet):
    def between(self, first: date, last: date) -> Self:
        """Whose covered days ended in this period, both days included."""
        return self.filter(last_day__gte=first, last_day__lte=last)
