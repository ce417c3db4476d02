"""The ledger and its day sums: read, filtered, downloaded; never written here."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from inventory.admin.base import LedgerSizedAdmin, ScopedFilter
from inventory.admin.exchange import StreamedExport
from inventory.models import DailySales, InventoryTransaction


@admin.register(InventoryTransaction)
class InventoryTransactionAdmin(StreamedExport, LedgerSizedAdmin):
    """The ledger, newest first."""

    list_display = [
        "business_date",
        "store",
        "product",
        "show_type",
        "quantity",
        "stock_change",
        "after_units",
        "total",
        "reference",
        "source",
    ]
    list_display_links = ["business_date"]
    list_filter = [
        ("store", ScopedFilter),
        ("product", AutocompleteSelectFilter),
        ("movement_type", ChoicesDropdownFilter),
        ("business_date", RangeDateFilter),
    ]
    ordering = ["-id"]
    sortable_by = ["business_date"]
    export_columns = {
        "id": "id",
        "business_date": "business_date",
        "store": "store__code",
        "product": "product__sku",
        "type": "movement_type",
        "quantity": "quantity",
        "stock_change": "stock_change",
        "before_units": "before_units",
        "after_units": "after_units",
        "unit_price": "unit_price",
        "total": "total",
        "customer": "customer__code",
        "reference": "reference",
        "reason": "reason",
        "source": "source",
        "recorded_by": "recorded_by",
        "occurred_at": "occurred_at",
    }

    def get_ordering(self, request: HttpRequest) -> list[str]:
        """In a period by its days: by id, MariaDB would read every row from the newest back to the period."""
        in_period = any(name.startswith("business_date") for name in request.GET)
        return ["-business_date", "-id"] if in_period else self.ordering

    @display(
        description="type",
        ordering="movement_type",
        label={"Sale": "info", "Return": "warning", "Receipt": "success", "Write-off": "danger"},
    )
    def show_type(self, movement: InventoryTransaction) -> str:
        return movement.get_movement_type_display()


@admin.register(DailySales)
class DailySalesAdmin(StreamedExport, LedgerSizedAdmin):
    """What each store sold of each product on each day."""

    list_display = [
        "business_date",
        "store",
        "product",
        "units",
        "returned_units",
        "revenue",
        "transactions",
        "out_of_stock_hours",
    ]
    list_filter = [
        ("store", ScopedFilter),
        ("product", AutocompleteSelectFilter),
        ("business_date", RangeDateFilter),
    ]
    ordering = ["-business_date"]
    sortable_by = ["business_date"]
    export_columns = {
        "business_date": "business_date",
        "store": "store__code",
        "product": "product__sku",
        "units": "units",
        "returned_units": "returned_units",
        "revenue": "revenue",
        "transactions": "transactions",
        "promotion_lines": "promotion_lines",
        "out_of_stock_seconds": "out_of_stock_seconds",
    }

    @display(description="out of stock (h)")
    def out_of_stock_hours(self, day: DailySales) -> str:
        return f"{day.out_of_stock_seconds / 3600:.1f}" if day.out_of_stock_seconds else ""
