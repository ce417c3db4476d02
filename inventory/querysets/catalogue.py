from __future__ import annotations

from typing import Any, Self

from django.db import models


class ProductQuerySet(models.QuerySet[Any]):
    def on_sale(self) -> Self:
        return self.filter(status="active")


class SupplierItemQuerySet(models.QuerySet[Any]):
    def best_first(self) -> Self:
        """The preferred source of each product first, then the cheapest."""
        return self.order_by("product_id", "-is_preferred", "unit_cost", "pk")
