"""What was decided, by whom and why."""

from __future__ import annotations

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from insights.models import Decision
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedFilter


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    """What was decided, by whom, when and why; kept for good."""

    paginator = BoundedPaginator
    list_display = [
        "decided_at",
        "show_what",
        "action",
        "show_quantity",
        "show_recommended",
        "decided_by_name",
        "reason",
    ]
    list_select_related = ["recommendation__product", "recommendation__store"]
    list_filter = [("action", ChoicesDropdownFilter), ("recommendation__store", ScopedFilter)]
    search_fields = ["recommendation__product__sku", "decided_by_name"]
    search_help_text = "SKU or name of who decided"
    fields = [
        "show_what",
        "action",
        "quantity",
        "recommended_quantity",
        "reason",
        "decided_by_name",
        "decided_at",
        "shown",
    ]
    readonly_fields = ["show_what"]

    @display(description="decided (units)", ordering="quantity")
    def show_quantity(self, decision: Decision) -> str:
        return "–" if decision.quantity is None else f"{decision.quantity:,}"

    @display(description="recommended (units)", ordering="recommended_quantity")
    def show_recommended(self, decision: Decision) -> str:
        return f"{decision.recommended_quantity:,}"

    @display(description="recommendation")
    def show_what(self, decision: Decision) -> SafeString:
        row = decision.recommendation
        return format_html(
            '<a href="{}">{} for {}</a>',
            reverse("admin:insights_reorderrecommendation_change", args=[row.pk]),
            row.product.sku,
            row.store.code,
        )
