"""The reading vocabulary of performance."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.db.models import Count, Q, Sum

from inventory.querysets.scope import StoreScopedQuerySet

IDLE = ("dead", "slow")


class ProductPerformanceQuerySet(StoreScopedQuerySet):
    def of_night(self, day: date | None) -> Self:
        """The nightly rows of one analysed day; none for None."""
        return self.none() if day is None else self.filter(analysis_date=day, period_type="monthly")

    def idle(self) -> Self:
        """Stock that sells slowly or not at all."""
        return self.filter(movement__in=IDLE)

    def money_tied_up(self) -> Any:
        """One dict per movement and currency: ``products``, ``value`` at unit cost and ``without_cost``, which have none."""
        return (
            self.order_by("movement", "store__currency")
            .values("movement", "store__currency")
            .annotate(
                products=Count("pk"),
                value=Sum("stock_value"),
                without_cost=Count("pk", filter=Q(stock_value__isnull=True)),
            )
        )
