"""What a person should look at: the open alerts, worst first."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from inventory.admin.base import ReadOnlyAdmin, ScopedFilter
from inventory.admin.filters import OpenAlertFilter
from inventory.models import Alert


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    """Alerts open and close by themselves, with their cause."""

    list_display = ["show_severity", "kind", "message", "store", "product", "opened_at", "closed_at"]
    list_display_links = ["message"]
    list_select_related = ["store", "product"]
    list_filter = [
        OpenAlertFilter,
        ("store", ScopedFilter),
        ("severity", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
    ]
    search_fields = ["message", "product__sku"]
    search_help_text = "Message or SKU"

    @display(
        description="severity",
        ordering="severity",
        label={"Critical": "danger", "High": "warning", "Medium": "info"},
    )
    def show_severity(self, alert: Alert) -> str:
        return alert.get_severity_display()
