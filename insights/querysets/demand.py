"""The reading vocabulary of customers and prices."""

from __future__ import annotations

from typing import Any, Self

from django.db import models

from inventory.querysets.scope import StoreScopedQuerySet


class DemandAnalysisQuerySet(models.QuerySet[Any]):
    def of_kind(self, kind: str) -> Self:
        return self.filter(kind=kind)

    def newest_first(self) -> Self:
        return self.order_by("-as_of_date", "-pk")


class CustomerScoreQuerySet(StoreScopedQuerySet):
    """A customer belongs to the store where most of the purchases were."""

    store_path = "home_store_id"

    def of_analysis(self, analysis: Any) -> Self:
        return self.filter(analysis=analysis)

    def at_risk(self, threshold: float) -> Self:
        """At or over the threshold, most money at stake first."""
        return self.filter(churn_probability__gte=threshold).order_by("-money_at_stake", "pk")

    def best_first(self) -> Self:
        return self.order_by("-clv", "pk")
