"""What was decided, by whom and why."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from insights.models import Decision
from insights.services.decisions import EXCESS, ORDERS, TRANSFERS, Kind
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedFilter

ABOUT = {
    "order": ("recommendation", "Orders"),
    "transfer": ("transfer_recommendation", "Transfers"),
    "excess": ("excess_recommendation", "Excess"),
}
KIND_OF: dict[Any, Kind] = {kind.model: kind for kind in (ORDERS, TRANSFERS, EXCESS)}


class AboutFilter(DropdownFilter):
    """Decisions about orders, transfers or excess."""

    title = "about"
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, words) for name, (_, words) in ABOUT.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        known = ABOUT.get(self.value() or "")
        return queryset.filter(**{f"{known[0]}__isnull": False}) if known else queryset


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
    list_select_related = [
        "recommendation__product",
        "recommendation__store",
        "transfer_recommendation__product",
        "transfer_recommendation__from_store",
        "transfer_recommendation__to_store",
        "excess_recommendation__product",
        "excess_recommendation__store",
    ]
    list_filter = [AboutFilter, ("action", ChoicesDropdownFilter), ("recommendation__store", ScopedFilter)]
    search_fields = [
        "recommendation__product__sku",
        "transfer_recommendation__product__sku",
        "excess_recommendation__product__sku",
        "decided_by_name",
    ]
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

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        dossiers = [f"{link}__dossier" for link, _ in ABOUT.values()]
        return rows.select_related(*self.list_select_related).defer(*dossiers)

    @display(description="recommendation")
    def show_what(self, decision: Decision) -> SafeString:
        row = decision.row
        return format_html(
            '<a href="{}">{}</a>',
            reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]),
            KIND_OF[type(row)].words(row),
        )
