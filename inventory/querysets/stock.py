from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Case, CharField, Count, F, Q, Sum, Value, When

from inventory.querysets.scope import StoreScopedQuerySet


class StockLevelQuerySet(StoreScopedQuerySet):
    def on_sale(self) -> Self:
        """Levels of products that are still sold in an open store."""
        return self.filter(is_on_sale=True, product__status="active", store__is_active=True)

    def out_of_stock(self) -> Self:
        return self.filter(on_hand_units__lte=0)

    def below_minimum(self) -> Self:
        """At or under the minimum, and not out of stock."""
        return self.filter(on_hand_units__gt=0, on_hand_units__lte=F("minimum_units"))

    def overstocked(self) -> Self:
        """From 90 % of a maximum that is set (PA-3)."""
        return self.filter(
            maximum_units__gt=0, on_hand_units__gte=F("maximum_units") * 0.9, on_hand_units__gt=F("minimum_units")
        )

    def with_stock_status(self) -> Self:
        """Annotate ``stock_status`` with PA-3's words."""
        return self.annotate(
            stock_status=Case(
                When(on_hand_units__lte=0, then=Value("Out of Stock")),
                When(on_hand_units__lte=F("minimum_units"), then=Value("Low Stock")),
                When(
                    Q(maximum_units__gt=0) & Q(on_hand_units__gte=F("maximum_units") * 0.9), then=Value("Overstocked")
                ),
                default=Value("Normal"),
                output_field=CharField(),
            )
        )


class InventoryTransactionQuerySet(StoreScopedQuerySet):
    def of_level(self, *, store_id: int, product_id: int) -> Self:
        return self.filter(store_id=store_id, product_id=product_id)

    def between(self, first: date, last: date) -> Self:
        """Both days included."""
        return self.filter(business_date__gte=first, business_date__lte=last)


class DaySumsQuerySet(models.QuerySet[Any]):
    """Rows that hold what was sold on a business day."""

    def between(self, first: date, last: date) -> Self:
        """Both days included."""
        return self.filter(business_date__gte=first, business_date__lte=last)

    def totals_by(self, *columns: str) -> Any:
        """One dict per value of ``columns``, with ``net_units``, ``money`` and ``lines``."""
        return (
            self.order_by()
            .values(*columns)
            .annotate(net_units=Sum(F("units") - F("returned_units")), money=Sum("revenue"), lines=Sum("transactions"))
        )


class DailySalesQuerySet(DaySumsQuerySet, StoreScopedQuerySet):  # type: ignore[override]
    def sums_by_store(self) -> Any:
        """One dict per store that sold: ``store`` (the primary key) and the sums.

        The stores are not joined: with their codes, millions of rows take three times as long to sum.
        """
        return (
            self.order_by()
            .values("store")
            .annotate(
                units=Sum("units"),
                returned_units=Sum("returned_units"),
                revenue=Sum("revenue"),
                transactions=Sum("transactions"),
                products=Count("product", distinct=True),
            )
        )
