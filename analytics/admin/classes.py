"""In which classes products are: the list behind each cell of the ABC-XYZ matrix."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, DropdownFilter
from unfold.decorators import display

from analytics.models import ProductClass
from inventory.admin.base import LedgerSizedAdmin, ScopedFilter
from inventory.admin.exchange import StreamedExport
from inventory.admin.filters import ClassFilter, ProductCategoryFilter


class ForecastabilityFilter(DropdownFilter):
    """How well its demand can be forecast."""

    title = "XYZ class"
    parameter_name = "xyz_class"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("X", "X"), ("Y", "Y"), ("Z", "Z"), ("none", "No class (too little history)")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        return queryset.filter(xyz_class="" if self.value() == "none" else self.value())


@admin.register(ProductClass)
class ProductClassAdmin(StreamedExport, LedgerSizedAdmin):
    list_display = ["store", "product", "abc_class", "margin_class", "xyz_class", "show_error", "error_basis"]
    list_display_links = ["product"]
    list_filter = [
        ("store", ScopedFilter),
        ("product", AutocompleteSelectFilter),
        ProductCategoryFilter,
        ClassFilter,
        ForecastabilityFilter,
    ]
    ordering = ["store_id", "product_id"]
    export_columns = {
        "store": "store__code",
        "product": "product__sku",
        "category": "product__category",
        "abc_class": "abc_class",
        "margin_class": "margin_class",
        "xyz_class": "xyz_class",
        "week_error": "week_error",
        "error_basis": "error_basis",
        "error_weeks": "error_weeks",
    }

    @display(description="error of weeks", ordering="week_error")
    def show_error(self, row: ProductClass) -> str:
        return "–" if row.week_error is None else f"{100 * row.week_error:.0f} %"
