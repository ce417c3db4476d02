"""What rises and what falls, as the nightly analysis tested it."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from analytics.models import SalesTrend
from inventory.admin.base import ReadOnlyAdmin, ScopedFilter

LABELS = {"Rising": "success", "Falling": "danger", "No clear trend": "info"}


@admin.register(SalesTrend)
class SalesTrendAdmin(ReadOnlyAdmin):
    filled_by = "The nightly run tests stores, categories and the company for trends, from four weeks of sales on."
    list_display = [
        "business_date",
        "level",
        "whose",
        "metric",
        "window_days",
        "show_verdict",
        "slope",
        "per_day",
        "chance",
    ]
    list_select_related = ["store"]
    list_filter = [
        ("business_date", RangeDateFilter),
        ("level", ChoicesDropdownFilter),
        ("store", ScopedFilter),
        ("metric", ChoicesDropdownFilter),
        "window_days",
        ("verdict", ChoicesDropdownFilter),
    ]
    search_fields = ["category", "store__code", "store__name"]
    ordering = ["-business_date", "p_value"]

    @display(description="of", ordering="scope_key")
    def whose(self, trend: SalesTrend) -> str:
        return str(trend.store or trend.category or "All stores")

    @display(description="trend", ordering="verdict", label=LABELS)
    def show_verdict(self, trend: SalesTrend) -> str:
        return trend.get_verdict_display()

    @display(description="change per day (95 % interval)", ordering="slope_per_day")
    def slope(self, trend: SalesTrend) -> str:
        return f"{trend.slope_per_day:+,.2f} ({trend.slope_low:+,.2f} to {trend.slope_high:+,.2f}) {self._unit(trend)}"

    @display(description="mean per day", ordering="mean_per_day")
    def per_day(self, trend: SalesTrend) -> str:
        return f"{trend.mean_per_day:,.1f} {self._unit(trend)}"

    @display(description="chance alone", ordering="p_value")
    def chance(self, trend: SalesTrend) -> str:
        return f"{trend.p_value:.1%}" if trend.p_value >= 0.001 else "under 0.1%"

    def _unit(self, trend: SalesTrend) -> str:
        return "units" if trend.metric == SalesTrend.Metric.UNITS else trend.currency
