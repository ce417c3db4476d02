"""Demand over many series: products over stores, categories, stores, the company."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from forecasting.models import DemandForecastTotal
from invencare.lib.charts import chart_data, chart_series
from inventory.admin.base import LedgerSizedAdmin, ScopedFilter


@admin.register(DemandForecastTotal)
class DemandForecastTotalAdmin(LedgerSizedAdmin):
    filled_by = "The nightly run sums its forecasts by category, store and company."
    change_form_template = "admin/forecasting/forecast.html"
    list_display = ["forecast_date", "level", "of", "series", "expected", "interval"]
    list_display_links = ["of"]
    list_filter = [("level", ChoicesDropdownFilter), ("store", ScopedFilter), ("forecast_date", RangeDateFilter)]
    ordering = ["-forecast_date", "-id"]
    search_fields = ["category"]
    search_help_text = "SKU or product name"
    fields = ["level", "of", "forecast_date", "forecast_period", "series", "expected", "interval", "created_at"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("daily")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        total = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if total is not None:
            context.update(title=f"Demand: {name_of_total(total)}", forecast_chart=total_chart(total))
        return super().change_view(request, object_id, form_url, context)

    @display(description="of")
    def of(self, total: DemandForecastTotal) -> str:
        return name_of_total(total)

    @display(description="expected (units)", ordering="expected_units")
    def expected(self, total: DemandForecastTotal) -> str:
        return f"{total.expected_units:,.0f}"

    @display(description="95 % interval (units)")
    def interval(self, total: DemandForecastTotal) -> str:
        bounds = total.horizon.get("intervals", {}).get("0.95")
        return "" if bounds is None else f"{bounds[0]:,.0f} – {bounds[1]:,.0f}"


def name_of_total(total: DemandForecastTotal) -> str:
    """What the row is the sum of, for people."""
    parts = [total.category] if total.category else []
    if total.product_id:
        parts.append(str(total.product))
    if total.store_id:
        parts.append(str(total.store))
    no_name = "The company" if total.level == DemandForecastTotal.Level.COMPANY else "No category"
    return " in ".join(parts) or no_name


def total_chart(total: DemandForecastTotal) -> dict[str, Any]:
    mean: list[float] = total.daily.get("mean", [])
    days = [(total.forecast_date + timedelta(days=i)).isoformat() for i in range(len(mean))]
    series = [chart_series("Forecast", [round(units, 1) for units in mean], colour="accent", dashed=True)]
    for name, units in zip(("lower", "upper"), total.daily.get("intervals", {}).get("0.95", ()), strict=False):
        values = [round(unit, 1) for unit in units]
        series.append(chart_series(f"95 % interval, {name}", values, colour="muted", dashed=True))
    return chart_data(labels=days, series=series, y_title="Units per day")
