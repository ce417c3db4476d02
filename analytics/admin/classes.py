"""Where products stand, over whom they moved, and what lies idle."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import (
    AutocompleteSelectFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateFilter,
)
from unfold.decorators import display

from analytics.models import ClassMove, CompanyClass, IdleStock, ProductClass
from analytics.services.nights import newest_night
from inventory.admin.base import LedgerSizedAdmin, ReadOnlyAdmin, ScopedFilter
from inventory.admin.exchange import StreamedExport
from inventory.admin.filters import ClassFilter, ProductCategoryFilter

NO_CLASS = "none"


class LetterFilter(DropdownFilter):
    """One letter of a class; ``none`` for products without one."""

    letters = ("A", "B", "C")
    no_class = "No class (nothing sold)"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((letter, letter) for letter in self.letters), (NO_CLASS, self.no_class)]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        return queryset.filter(**{self.parameter_name: "" if self.value() == NO_CLASS else self.value()})


class XyzFilter(LetterFilter):
    title = "XYZ class"
    parameter_name = "xyz_class"
    letters = ("X", "Y", "Z")
    no_class = "No class (too little history)"


class MarginFilter(LetterFilter):
    title = "ABC by margin"
    parameter_name = "margin_class"
    no_class = "No class (no margin, or no unit cost)"


@admin.register(ProductClass)
class ProductClassAdmin(StreamedExport, LedgerSizedAdmin):
    """The lists behind the cells of the ABC-XYZ matrix."""

    filled_by = "The nightly run classes every product that has sold in a store."
    list_display = ["store", "product", "show_classes", "margin_class", "error", "measured"]
    list_display_links = ["product"]
    list_filter = [
        ("store", ScopedFilter),
        ClassFilter,
        XyzFilter,
        MarginFilter,
        ProductCategoryFilter,
        ("product", AutocompleteSelectFilter),
    ]
    ordering = ["store_id", "abc_class", "xyz_class"]
    export_columns = {
        "store": "store__code",
        "product": "product__sku",
        "abc_class": "abc_class",
        "margin_class": "margin_class",
        "abc_on": "abc_on",
        "xyz_class": "xyz_class",
        "error_of_weeks": "week_error",
        "measured_on": "error_basis",
        "weeks": "error_weeks",
        "xyz_on": "xyz_on",
    }

    @display(description="ABC · XYZ", label={"A": "success", "B": "info", "C": "warning", "–": "danger"})
    def show_classes(self, row: ProductClass) -> tuple[str, str]:
        return row.abc_class or "–", f"{row.abc_class or '–'} · {row.xyz_class or '–'}"

    @display(description="error of a week's forecast", ordering="week_error")
    def error(self, row: ProductClass) -> str:
        return "" if row.week_error is None else f"{row.week_error:.0%} of demand"

    @display(description="measured on", ordering="error_basis")
    def measured(self, row: ProductClass) -> str:
        if not row.error_basis:
            return "too little history"
        return f"{row.get_error_basis_display()}, {row.error_weeks} weeks"


@admin.register(CompanyClass)
class CompanyClassAdmin(StreamedExport, ReadOnlyAdmin):
    """Sums over every store: only who may see all stores sees them."""

    filled_by = "The nightly run classes every product that has sold, over all stores."
    list_display = [
        "product",
        "currency",
        "abc_class",
        "margin_class",
        "revenue_and_share",
        "show_margin",
        "units",
        "abc_on",
    ]
    list_display_links = ["product"]
    list_select_related = ["product"]
    list_filter = [ClassFilter, MarginFilter, "currency", ProductCategoryFilter]
    search_fields = ["product__sku", "product__name"]
    ordering = ["currency", "-revenue"]
    export_columns = {
        "product": "product__sku",
        "currency": "currency",
        "abc_class": "abc_class",
        "margin_class": "margin_class",
        "revenue": "revenue",
        "revenue_share": "revenue_share",
        "margin": "margin",
        "units": "units",
        "abc_on": "abc_on",
    }

    @display(description="revenue (share)", ordering="revenue")
    def revenue_and_share(self, row: CompanyClass) -> str:
        share = "" if row.revenue_share is None else f" ({row.revenue_share:.1%})"
        return f"{row.revenue:,.2f} {row.currency}{share}"

    @display(description="margin", ordering="margin")
    def show_margin(self, row: CompanyClass) -> str:
        return "no unit cost" if row.margin is None else f"{row.margin:,.2f} {row.currency}"


@admin.register(ClassMove)
class ClassMoveAdmin(StreamedExport, LedgerSizedAdmin):
    filled_by = "A product that changes its class gets a row here on the night of the change."
    list_display = ["moved_on", "whose", "product", "scheme", "from_to"]
    list_display_links = ["product"]
    list_filter = [
        ("store", ScopedFilter),
        ("scheme", ChoicesDropdownFilter),
        ("moved_on", RangeDateFilter),
        ("product", AutocompleteSelectFilter),
    ]
    ordering = ["-moved_on", "-id"]
    export_columns = {
        "moved_on": "moved_on",
        "store": "store__code",
        "currency": "currency",
        "product": "product__sku",
        "scheme": "scheme",
        "from": "from_class",
        "to": "to_class",
    }

    @display(description="of", ordering="store")
    def whose(self, move: ClassMove) -> str:
        return str(move.store or f"All stores in {move.currency}")

    @display(description="move")
    def from_to(self, move: ClassMove) -> str:
        return f"{move.from_class or 'no class'} → {move.to_class or 'no class'}"


@admin.register(IdleStock)
class IdleStockAdmin(StreamedExport, LedgerSizedAdmin):
    """Dead and slow stock as of the newest night, the most money first."""

    filled_by = "The nightly run lists stock here that has not sold, or hardly."
    list_before_template = "admin/analytics/idle_stock_before.html"
    list_display = ["product", "store", "show_movement", "tied_up", "current_stock", "sold_last", "sold_in_period"]
    list_display_links = ["product"]
    list_filter = [("store", ScopedFilter), ("movement", ChoicesDropdownFilter), ProductCategoryFilter]
    ordering = ["-stock_value", "-id"]
    export_columns = {
        "analysis_date": "analysis_date",
        "store": "store__code",
        "product": "product__sku",
        "name": "product__name",
        "category": "product__category",
        "movement": "movement",
        "on_hand_units": "current_stock",
        "unit_cost": "product__unit_cost",
        "money_tied_up": "stock_value",
        "currency": "store__currency",
        "last_sale_on": "last_sale_on",
        "units_sold_in_period": "total_sales_volume",
        "period_days": "period_days",
    }

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        return rows.of_night(self._night(request)).idle()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        rows: Any = self.get_queryset(request)
        context = {**(extra_context or {}), "money_tied_up": list(rows.money_tied_up()), "night": self._night(request)}
        return super().changelist_view(request, context)

    def _night(self, request: HttpRequest) -> date | None:
        """Asked once per request."""
        if not hasattr(request, "newest_night"):
            request.newest_night = newest_night()  # type: ignore[attr-defined]
        night: date | None = request.newest_night  # type: ignore[attr-defined]
        return night

    @display(description="movement", ordering="movement", label={"Dead": "danger", "Slow": "warning"})
    def show_movement(self, row: IdleStock) -> str:
        return row.get_movement_display()

    @display(description="money tied up (at cost)", ordering="stock_value")
    def tied_up(self, row: IdleStock) -> str:
        return "no unit cost" if row.stock_value is None else f"{row.stock_value:,.2f} {row.store.currency}"

    @display(description="last sold", ordering="last_sale_on")
    def sold_last(self, row: IdleStock) -> str:
        if row.last_sale_on is None:
            return "never"
        return f"{row.last_sale_on:%-d %b %Y}, {(row.analysis_date - row.last_sale_on).days} days ago"

    @display(description="sold in the period", ordering="total_sales_volume")
    def sold_in_period(self, row: IdleStock) -> str:
        return f"{row.total_sales_volume:,} in {row.period_days} days"
