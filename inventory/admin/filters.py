"""Filters of the lists that are not a plain column."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from invencare.lib import clock
from inventory.models import Product


class CategoryFilter(DropdownFilter):
    """One category of the catalogue; ``category_path`` is the look-up from the listed model."""

    title = "category"
    parameter_name = "category"
    category_path = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = Product.objects.exclude(category="").order_by("category").values_list("category", flat=True).distinct()
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.category_path: self.value()}) if self.value() else queryset


class ProductCategoryFilter(CategoryFilter):
    category_path = "product__category"


class StockStatusFilter(DropdownFilter):
    """PA-3's words; they are a comparison of columns and not a column."""

    title = "stock status"
    parameter_name = "stock_status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("out", "Out of stock"), ("low", "Low stock"), ("over", "Overstocked")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "out":
            return queryset.out_of_stock()
        if self.value() == "low":
            return queryset.below_minimum()
        return queryset.overstocked() if self.value() == "over" else queryset


class ClassFilter(DropdownFilter):
    """The product's place in its store's revenue."""

    title = "ABC class"
    parameter_name = "abc_class"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("A", "A"), ("B", "B"), ("C", "C"), ("none", "No class (nothing sold)")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        return queryset.filter(abc_class="" if self.value() == "none" else self.value())


class OpenAlertFilter(DropdownFilter):
    """Open alerts that nobody has put off, unless somebody asks for others."""

    title = "state"
    parameter_name = "state"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("open", "Open"),
            ("mine", "Open and mine"),
            ("snoozed", "Put off"),
            ("closed", "Closed"),
            ("all", "All"),
        ]

    def value(self) -> str:
        return super().value() or "open"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now, state = clock.now(), self.value()
        if state == "all":
            return queryset
        if state == "closed":
            return queryset.filter(closed_at__isnull=False)
        if state == "snoozed":
            return queryset.open().snoozed(now)
        awake = queryset.open().awake(now)
        return awake.filter(assigned_to=request.user) if state == "mine" else awake
