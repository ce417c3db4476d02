"""The reading vocabulary of classes: who is in which, and who moved."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import Count, Q

from inventory.querysets.scope import StoreScope, StoreScopedQuerySet


class ProductClassQuerySet(StoreScopedQuerySet):
    def in_cell(self, *, abc: str | None = None, xyz: str | None = None) -> Self:
        """Those of one row, column or cell of the matrix; an empty class is a class of its own, None is any."""
        wanted = {"abc_class": abc, "xyz_class": xyz}
        return self.filter(**{column: value for column, value in wanted.items() if value is not None})

    def cells(self) -> Any:
        """One dict per cell that holds any: ``abc_class``, ``xyz_class`` and ``products`` (products in stores)."""
        return self.order_by().values("abc_class", "xyz_class").annotate(products=Count("pk"))


class CompanyClassQuerySet(models.QuerySet[Any]):
    def visible_to(self, scope: StoreScope) -> Self:
        """Sums over every store: only who may see all of them sees those."""
        return self.all() if scope.all_stores else self.none()


class ClassMoveQuerySet(StoreScopedQuerySet):
    def visible_to(self, scope: StoreScope) -> Self:
        """The company's moves are over every store: only who may see all of them sees those."""
        return self.all() if scope.all_stores else super().visible_to(scope)

    def since(self, day: date) -> Self:
        return self.filter(moved_on__gte=day)

    def of_product(self, *, store_id: int | None, product_id: int) -> Self:
        """Its moves in one store, or the company's for None."""
        return self.filter(Q(store_id=store_id) if store_id else Q(store__isnull=True), product_id=product_id)
