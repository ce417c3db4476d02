"""Forecasts and how good they were; and the path that other apps' charts lay over their own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from forecasting.models import ForecastAccuracy, ForecastRun, ProductDemandForecast
from invencare.lib.charts import chart_data, chart_series
from inventory.admin.base import LedgerSizedAdmin, ReadOnlyAdmin, ScopedFilter
from inventory.services.access import scope_of_user


@admin.register(ProductDemandForecast)
class ProductDemandForecastAdmin(LedgerSizedAdmin):
    change_form_template = "admin/forecasting/forecast.html"
    list_display = [
        "forecast_date",
        "store",
        "product",
        "forecast_period",
        "expected_units",
        "interval",
        "model",
        "accuracy",
    ]
    list_filter = [
        ("store", ScopedFilter),
        ("product", AutocompleteSelectFilter),
        ("forecast_date", RangeDateFilter),
    ]
    ordering = ["-forecast_date", "-id"]
    fields = [
        "store",
        "product",
        "forecast_date",
        "forecast_period",
        "model",
        "expected_units",
        "interval",
        "accuracy",
        "historical_data_points",
        "created_at",
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Lists leave the daily paths, the bulk of each row, in the database."""
        return super().get_queryset(request).defer("daily", "protection", "backtest_errors")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.newest_path_view)
        name = "forecasting_newest_path"
        return [path("newest/<int:store_id>/<int:product_id>/", view, name=name), *super().get_urls()]

    def newest_path_view(self, request: HttpRequest, store_id: int, product_id: int) -> HttpResponse:
        """The newest forecast of one product in one store as chart series; without one, empty series."""
        if not self.has_view_permission(request) or not scope_of_user(request.user).allows(store_id):
            raise PermissionDenied
        rows = ProductDemandForecast.objects.filter(store_id=store_id, product_id=product_id)
        newest = rows.order_by("-forecast_date", "-forecast_period").first()
        if newest is None:
            return JsonResponse({"labels": [], "series": []})
        data = forecast_chart(newest)
        return JsonResponse({"labels": data["labels"], "series": data["series"]})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        forecast = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if forecast is not None:
            user: Any = request.user
            context.update(
                title=f"{forecast.product} @ {forecast.store}",
                forecast_chart=forecast_chart(forecast),
                overridden=forecast if user.has_perm("forecasting.add_forecastoverride") else None,
            )
        return super().change_view(request, object_id, form_url, context)

    @display(description="expected (units)", ordering="ensemble_forecast")
    def expected_units(self, forecast: ProductDemandForecast) -> str:
        return _number(forecast.ensemble_forecast)

    @display(description="interval (units)")
    def interval(self, forecast: ProductDemandForecast) -> str:
        if forecast.confidence_interval_lower is None or forecast.confidence_interval_upper is None:
            return ""
        return f"{_number(forecast.confidence_interval_lower)} – {_number(forecast.confidence_interval_upper)}"

    @display(description="accuracy (0–100)", ordering="forecast_accuracy_score")
    def accuracy(self, forecast: ProductDemandForecast) -> str:
        return _number(forecast.forecast_accuracy_score)


@admin.register(ForecastAccuracy)
class ForecastAccuracyAdmin(LedgerSizedAdmin):
    list_display = ["forecast_date", "store", "product", "model", "is_chosen", "show_wape", "show_mase", "points"]
    list_filter = [("store", ScopedFilter), ("product", AutocompleteSelectFilter), "is_chosen"]
    ordering = ["-id"]

    @display(description="WAPE", ordering="wape")
    def show_wape(self, row: ForecastAccuracy) -> str:
        return "" if row.wape is None else f"{row.wape:.2f}"

    @display(description="MASE", ordering="mase")
    def show_mase(self, row: ForecastAccuracy) -> str:
        return "" if row.mase is None else f"{row.mase:.2f}"


@admin.register(ForecastRun)
class ForecastRunAdmin(ReadOnlyAdmin):
    list_display = ["forecast_date", "status", "horizon_days", "series_done", "series_failed", "started_at"]
    list_filter = [("status", ChoicesDropdownFilter)]
    exclude = ["failures"]  # they name every store's products; the nightly run's page shows each reader their own


def forecast_chart(forecast: ProductDemandForecast) -> dict[str, Any]:
    """The daily path and its outer quantiles, in units per day."""
    daily = forecast.daily
    mean: list[float] = daily.get("mean", [])
    days = [(forecast.forecast_date + timedelta(days=i)).isoformat() for i in range(len(mean))]
    series = [chart_series("Forecast", [round(units, 2) for units in mean], colour="accent", dashed=True)]
    engine: list[float] = daily.get("baseline", {}).get("mean", [])
    if engine:
        series.append(chart_series("Without overrides", [round(units, 2) for units in engine], colour="muted"))
    quantiles: dict[str, list[float]] = daily.get("quantiles", {})
    for level in sorted(quantiles, key=float)[:: max(len(quantiles) - 1, 1)]:
        values = [round(units, 2) for units in quantiles[level]]
        series.append(
            chart_series(f"{100 * float(level):.0f} % of days stay below", values, colour="muted", dashed=True)
        )
    return chart_data(labels=days, series=series, y_title="Units per day")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"
