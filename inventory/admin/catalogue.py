"""What is sold and who delivers it."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeNumericFilter
from unfold.decorators import display

from inventory.admin.base import ScopedInline, ScopedModelAdmin
from inventory.admin.exchange import CatalogueExchange
from inventory.admin.filters import CategoryFilter
from inventory.admin.resources import ProductResource, SupplierItemResource, SupplierResource
from inventory.models import Customer, Product, Supplier, SupplierItem


class SupplierItemInline(ScopedInline):
    model = SupplierItem
    autocomplete_fields = ["supplier"]
    tab = True


@admin.register(Product)
class ProductAdmin(CatalogueExchange, ScopedModelAdmin):
    resource_classes = [ProductResource]
    list_display = ["sku", "name", "category", "price", "unit_cost", "pack_size", "show_status"]
    list_display_links = ["sku", "name"]
    list_filter = [CategoryFilter, ("status", ChoicesDropdownFilter), ("price", RangeNumericFilter)]
    search_fields = ["sku", "name", "barcode"]
    search_help_text = "SKU, name or barcode"
    inlines = [SupplierItemInline]
    fieldsets = [
        (None, {"fields": ["sku", "name", "category", "barcode", "status"]}),
        ("Money", {"fields": ["price", "unit_cost"]}),
        ("Ordering", {"fields": ["pack_size", "minimum_order_quantity", "shelf_life_days"]}),
    ]

    @display(description="status", ordering="status", label={"Active": "success", "Discontinued": "warning"})
    def show_status(self, product: Product) -> str:
        return product.get_status_display()


@admin.register(Supplier)
class SupplierAdmin(CatalogueExchange, ScopedModelAdmin):
    resource_classes = [SupplierResource]
    list_display = ["code", "name", "email", "minimum_order_value", "review_period_days", "is_active"]
    list_display_links = ["code", "name"]
    list_filter = ["is_active"]
    search_fields = ["code", "name", "email"]
    search_help_text = "Code, name or e-mail"
    fieldsets = [
        (None, {"fields": ["code", "name", "email", "is_active"]}),
        ("Ordering", {"fields": ["order_cost", "minimum_order_value", "review_period_days"]}),
    ]


@admin.register(SupplierItem)
class SupplierItemAdmin(CatalogueExchange, ScopedModelAdmin):
    resource_classes = [SupplierItemResource]
    list_display = [
        "product",
        "supplier",
        "unit_cost",
        "lead_time_days",
        "lead_time_sd_days",
        "pack_size",
        "minimum_order_quantity",
        "is_preferred",
    ]
    list_select_related = ["product", "supplier"]
    list_filter = [("supplier", AutocompleteSelectFilter), "is_preferred"]
    search_fields = ["product__sku", "product__name", "supplier__code", "supplier__name"]
    search_help_text = "Product or supplier"
    autocomplete_fields = ["product", "supplier"]


@admin.register(Customer)
class CustomerAdmin(ScopedModelAdmin):
    list_display = ["code", "first_seen"]
    search_fields = ["code"]
    search_help_text = "Code"
