"""How products did, as the nightly analysis found it."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from analytics.models import ProductPerformance
from inventory.admin.base import LedgerSizedAdmin, ScopedFilter
from inventory.admin.exchange import StreamedExport
from inventory.admin.filters import ClassFilter


@admin.register(ProductPerformance)
class ProductPerformanceAdmin(StreamedExport, LedgerSizedAdmin):
    list_display = [
        "analysis_date",
        "store",
        "product",
        "period_type",
        "total_sales_volume",
        "total_sales_revenue",
        "show_status",
        "abc_class",
        "score",
    ]
    list_filter = [
        ("store", ScopedFilter),
        ("product", AutocompleteSelectFilter),
        ("analysis_date", RangeDateFilter),
        ("period_type", ChoicesDropdownFilter),
        ("stock_status", ChoicesDropdownFilter),
        ClassFilter,
    ]
    ordering = ["-analysis_date", "-id"]
    export_columns = {
        "analysis_date": "analysis_date",
        "store": "store__code",
        "product": "product__sku",
        "period_type": "period_type",
        "units": "total_sales_volume",
        "revenue": "total_sales_revenue",
        "average_price": "average_sale_price",
        "units_per_day": "sales_velocity",
        "turnover_per_year": "inventory_turnover",
        "days_inventory_outstanding": "days_inventory_outstanding",
        "current_stock": "current_stock",
        "stock_status": "stock_status",
        "stock_risk": "stock_risk",
        "abc_class": "abc_class",
        "performance_score": "performance_score",
    }

    @display(
        description="stock",
        ordering="stock_status",
        label={"Out of Stock": "danger", "Low Stock": "warning", "Overstocked": "info", "Normal": "success"},
    )
    def show_status(self, row: ProductPerformance) -> str:
        return row.stock_status

    @display(description="score (0–100)", ordering="performance_score")
    def score(self, row: ProductPerformance) -> str:
        return f"{row.performance_score:.0f}"
