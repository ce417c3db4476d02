"""What is sold and who delivers it."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeNumericFilter
from unfold.decorators import display

from inventory.admin.base import ScopedInline, ScopedModelAdmin
from inventory.admin.exchange import CatalogueExchange
from inventory.admin.filters import CategoryFilter
from inventory.admin.resources import ProductResource, SupplierItemResource, SupplierResource
from inventory.calc.lead_times import LeadTimes
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
    """Suppliers, with what the night measured of them beside what people entered."""

    resource_classes = [SupplierResource]
    list_display = [
        "code",
        "name",
        "email",
        "show_lead_time",
        "show_fill_rate",
        "show_on_time",
        "minimum_order_value",
        "review_period_days",
        "is_active",
    ]
    list_display_links = ["code", "name"]
    list_filter = ["is_active"]
    search_fields = ["code", "name", "email"]
    search_help_text = "Code, name or e-mail"
    fieldsets = [
        (None, {"fields": ["code", "name", "email", "address", "is_active"]}),
        ("Ordering", {"fields": ["order_cost", "minimum_order_value", "review_period_days", "order_weekdays"]}),
        (
            "Measured from a year of deliveries",
            {
                "fields": [
                    "show_lead_time",
                    "show_quantiles",
                    "show_fill_rate",
                    "show_on_time",
                    "lead_time_observations",
                    "measured_at",
                ]
            },
        ),
    ]
    readonly_fields = [
        "show_lead_time",
        "show_quantiles",
        "show_fill_rate",
        "show_on_time",
        "lead_time_observations",
        "measured_at",
    ]

    @display(description="lead time (days)", ordering="measured_lead_time_days")
    def show_lead_time(self, supplier: Supplier) -> str:
        return _measured(supplier)

    @display(description="half, nine of ten within")
    def show_quantiles(self, supplier: Supplier) -> str:
        if not supplier.observed_lead_times:
            return ""
        days, shares = zip(*supplier.observed_lead_times, strict=True)
        lead_times = LeadTimes(days, shares)
        return f"{lead_times.quantile(0.5):,} and {lead_times.quantile(0.9):,} days"

    @display(description="fill rate", ordering="fill_rate")
    def show_fill_rate(self, supplier: Supplier) -> str:
        return _percent(supplier.fill_rate)

    @display(description="on time in full", ordering="on_time_share")
    def show_on_time(self, supplier: Supplier) -> str:
        return _percent(supplier.on_time_share)


@admin.register(SupplierItem)
class SupplierItemAdmin(CatalogueExchange, ScopedModelAdmin):
    resource_classes = [SupplierItemResource]
    list_display = [
        "product",
        "supplier",
        "unit_cost",
        "lead_time_days",
        "lead_time_sd_days",
        "show_measured",
        "pack_size",
        "minimum_order_quantity",
        "is_preferred",
    ]
    readonly_fields = ["show_measured", "lead_time_observations", "measured_at"]
    list_select_related = ["product", "supplier"]
    list_filter = [("supplier", AutocompleteSelectFilter), "is_preferred"]
    search_fields = ["product__sku", "product__name", "supplier__code", "supplier__name"]
    search_help_text = "Product or supplier"
    autocomplete_fields = ["product", "supplier"]

    @display(description="measured (days)", ordering="measured_lead_time_days")
    def show_measured(self, item: SupplierItem) -> str:
        return _measured(item)


@admin.register(Customer)
class CustomerAdmin(ScopedModelAdmin):
    list_display = ["code", "first_seen"]
    search_fields = ["code"]
    search_help_text = "Code"


def _measured(row: Supplier | SupplierItem) -> str:
    """Mean ± deviation; empty while there are too few deliveries."""
    if row.measured_lead_time_days is None:
        return ""
    return f"{row.measured_lead_time_days:.1f} ± {row.measured_lead_time_sd_days or 0:.1f}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"
