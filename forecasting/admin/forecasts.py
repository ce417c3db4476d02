"""Forecasts with their chart and why they are as they are; and the path that other apps' charts lay over their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from forecasting.admin.forecast_chart import demand_chart, forecast_overlay
from forecasting.models import ForecastAccuracy, ForecastRun, ProductDemandForecast
from forecasting.services.leaderboard import LIVE_WEEKS, Leaderboard, Selection, leaderboard
from forecasting.services.outlook import HISTORY_DAYS, demand_days, events_of, overrides_of
from invencare.lib import clock
from inventory.admin.base import LedgerSizedAdmin, ReadOnlyAdmin, ScopedFilter
from inventory.models import StockLevel
from inventory.services.access import scope_of_user


@admin.register(ProductDemandForecast)
class ProductDemandForecastAdmin(LedgerSizedAdmin):
    filled_by = "The nightly run forecasts every product with seven days of sales."
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
    fields = ["store", "product", "forecast_date", "forecast_period", "historical_data_points", "created_at"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Lists leave the daily paths, the bulk of each row, in the database."""
        return super().get_queryset(request).defer("daily", "protection", "backtest_errors", "model_paths")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path(
                "newest/<int:store_id>/<int:product_id>/",
                view(self.newest_path_view),
                name="forecasting_newest_path",
            ),
            path(
                "of/<int:store_id>/<int:product_id>/", view(self.newest_page_view), name="forecasting_newest_forecast"
            ),
            *super().get_urls(),
        ]

    def newest_path_view(self, request: HttpRequest, store_id: int, product_id: int) -> HttpResponse:
        """The newest forecast of one product in one store as chart series; without one, empty series."""
        newest = self._newest(request, store_id, product_id)
        if newest is None:
            return JsonResponse({"labels": [], "series": []})
        return JsonResponse(forecast_overlay(newest, events_of(newest), overrides_of(newest)))

    def newest_page_view(self, request: HttpRequest, store_id: int, product_id: int) -> HttpResponse:
        """To the page of the newest forecast of one product in one store; without one, to the list, with the reason."""
        newest = self._newest(request, store_id, product_id)
        if newest is None:
            messages.warning(
                request, "There is no forecast of it yet: the nightly analysis makes one after 7 days of sales."
            )
            return HttpResponseRedirect(reverse("admin:forecasting_productdemandforecast_changelist"))
        return HttpResponseRedirect(reverse("admin:forecasting_productdemandforecast_change", args=[newest.pk]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        forecast = self.get_object(request, object_id)
        context = {**(extra_context or {}), **(_page(request, forecast) if forecast else {})}
        return super().change_view(request, object_id, form_url, context)

    def _newest(self, request: HttpRequest, store_id: int, product_id: int) -> ProductDemandForecast | None:
        if not self.has_view_permission(request) or not scope_of_user(request.user).allows(store_id):
            raise PermissionDenied
        rows = ProductDemandForecast.objects.filter(store_id=store_id, product_id=product_id)
        newest: ProductDemandForecast | None = rows.order_by("-forecast_date", "-forecast_period").first()
        return newest

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


@admin.register(ForecastRun)
class ForecastRunAdmin(ReadOnlyAdmin):
    list_display = [
        "forecast_date", "kind", "status", "tier", "horizon_days", "series_done", "series_failed", "started_at",
    ]  # fmt: skip
    list_filter = [("status", ChoicesDropdownFilter)]
    exclude = ["failures"]  # they name every store's products; the nightly run's page shows each reader their own

    @display(description="tier")
    def tier(self, run: ForecastRun) -> str:
        return str(run.parameters.get("tier", ""))


def _page(request: HttpRequest, forecast: ProductDemandForecast) -> dict[str, Any]:
    """Everything on a forecast's page: the chart, what stands behind it, and how good it has been."""
    store, product = forecast.store, forecast.product
    today = clock.business_date(clock.now(), store.zone)
    selection = Selection(scope_of_user(request.user), store=store, product=product)
    overrides = overrides_of(forecast)
    live = leaderboard(selection, kind="live")
    backtests = list(ForecastAccuracy.objects.of_series(store_id=store.pk, product_id=product.pk).best_first())
    return {
        "title": f"{product} @ {store}",
        "forecast": forecast,
        "forecast_chart": demand_chart(forecast, demand_days(forecast, today=today), events_of(forecast), overrides),
        "overrides": overrides,
        "chart_title": f"Sold in the {HISTORY_DAYS} days before, and what is expected",
        "backtests": backtests,
        "served_backtest": next((row for row in backtests if row.model == "ensemble"), None),
        "live": live,
        "models": _with_live(backtests, live),
        "live_weeks": LIVE_WEEKS,
        "may_override": request.user.has_perm("forecasting.add_forecastoverride"),
        "stock_level": StockLevel.objects.filter(store=store, product=product).only("pk").first(),
    }


def _with_live(backtests: list[ForecastAccuracy], live: Leaderboard) -> list[dict[str, Any]]:
    """Each model's backtest beside what came of it since."""
    measures = {line.model: line.measures for line in live.models}
    return [{"backtest": row, "live": measures.get(row.model)} for row in backtests]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"
