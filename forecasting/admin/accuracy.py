"""How good forecasts have been: the page that compares stores, categories and products, and the rows behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import urlencode
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from forecasting.models import ForecastAccuracy
from forecasting.querysets.accuracy import SERVED
from forecasting.services.leaderboard import (
    LIVE_WEEKS,
    By,
    DayMeasures,
    GroupMeasures,
    Kind,
    Selection,
    breakdown,
    leaderboard,
    over_time,
)
from forecasting.services.worst import Order, worst_series
from invencare.lib.charts import chart_data, chart_series
from inventory.admin.base import LedgerSizedAdmin, ScopedFilter
from inventory.models import Product, Store
from inventory.services.access import scope_of_user

SHOWN_GROUPS = 30
SHOWN_WORST = 20
LEAST_DAYS_OF_A_TREND = 2
BASES = {"backtest": "In the backtest", "live": "Live"}
ORDERS = {"money": "In money", "units": "In units"}
LEVELS = {"store": "Stores", "category": "Categories", "product": "Products"}


class AccuracyForm(forms.Form):
    """What the address says to compare. Empty: all stores, store by store, in the backtest."""

    store = forms.ChoiceField(required=False)
    category = forms.ChoiceField(required=False)
    by = forms.ChoiceField(label="compare", choices=LEVELS, required=False)
    basis = forms.ChoiceField(label="measured", choices=BASES, required=False)
    order = forms.ChoiceField(label="worst first", choices=ORDERS, required=False)
    currency = forms.CharField(max_length=3, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, stores: Sequence[Store], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        categories = Product.objects.exclude(category="").order_by("category").values_list("category", flat=True)
        fields: dict[str, Any] = self.fields
        fields["store"].choices = [("", "All stores"), *((store.code, str(store)) for store in stores)]
        fields["category"].choices = [("", "All categories"), *((name, name) for name in categories.distinct())]
        for name in ("store", "category", "by", "basis", "order"):
            fields[name].widget = UnfoldAdminSelectWidget(choices=fields[name].choices)


@admin.register(ForecastAccuracy)
class ForecastAccuracyAdmin(LedgerSizedAdmin):
    """One row per series and model; the menu leads to the page that sums them up."""

    filled_by = "The nightly run measures every forecast on its own past."
    list_display = [
        "store",
        "product",
        "model",
        "is_chosen",
        "show_wape",
        "show_mase",
        "show_rmsse",
        "show_bias",
        "points",
        "forecast_date",
    ]
    list_display_links = ["product"]
    list_filter = [("store", ScopedFilter), ("product", AutocompleteSelectFilter), "is_chosen"]
    ordering = ["-id"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.overview)
        return [path("overview/", view, name="forecasting_accuracy"), *super().get_urls()]

    def overview(self, request: HttpRequest) -> HttpResponse:
        """The leaderboard of what the address selects, within the reader's stores."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        scope = scope_of_user(request.user)
        stores = list(Store.objects.visible_to(scope))
        form = AccuracyForm(request.GET, stores=stores)
        chosen: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
        order: Order = chosen.get("order") or "money"
        by: By = chosen.get("by") or "store"
        basis: Kind = chosen.get("basis") or "backtest"
        by_code = {store.code: store for store in stores}
        selection = Selection(
            scope, store=by_code.get(chosen.get("store", "")), category=chosen.get("category") or None
        )
        board = leaderboard(selection, kind=basis)
        groups = breakdown(selection, by=by, kind=basis) if board.last else []
        context = {
            **self.admin_site.each_context(request),
            "title": "Forecast accuracy",
            "opts": self.opts,
            "form": form,
            "by": by,
            "by_title": LEVELS[by],
            "basis": basis,
            "live_weeks": LIVE_WEEKS,
            "board": board,
            "models": [line for line in board.models if line.measured],
            "groups": [
                {"group": group, "url": _address(group, by, request, selection, stores)}
                for group in groups[:SHOWN_GROUPS]
            ],
            "hidden_groups": max(len(groups) - SHOWN_GROUPS, 0),
            "worst": worst_series(
                selection, kind=basis, order=order, currency=chosen.get("currency", ""), limit=SHOWN_WORST
            ),
            "order": order,
            "query": request.GET.dict(),
            "trend_chart": _trend_chart(over_time(selection, kind=basis)),
            "may_start_nightly": request.user.has_perm("insights.add_analysisrun"),
        }
        return TemplateResponse(request, "admin/forecasting/accuracy.html", context)

    @display(description="WAPE", ordering="wape")
    def show_wape(self, row: ForecastAccuracy) -> str:
        return _ratio(row.wape)

    @display(description="MASE", ordering="mase")
    def show_mase(self, row: ForecastAccuracy) -> str:
        return _ratio(row.mase)

    @display(description="RMSSE", ordering="rmsse")
    def show_rmsse(self, row: ForecastAccuracy) -> str:
        return _ratio(row.rmsse)

    @display(description="bias", ordering="bias")
    def show_bias(self, row: ForecastAccuracy) -> str:
        return _ratio(row.bias)


def _address(group: GroupMeasures, by: str, request: HttpRequest, selection: Selection, stores: Sequence[Store]) -> str:
    """The page that looks into a group: a store's categories, a category's products, a product's forecasts."""
    if by == "store":
        code = next(store.code for store in stores if store.pk == group.key)
        return f"?{urlencode({**request.GET.dict(), 'store': code, 'by': 'category'})}"
    if by == "category":
        return f"?{urlencode({**request.GET.dict(), 'category': group.key, 'by': 'product'})}"
    if selection.store is not None:
        return reverse("admin:forecasting_newest_forecast", args=[selection.store.pk, group.key])
    return f"{reverse('admin:forecasting_productdemandforecast_changelist')}?product__id__exact={group.key}"


def _trend_chart(days: Sequence[DayMeasures]) -> dict[str, Any] | None:
    """The error of what is served beside the seasonal naive's, day by day or week by week; from two of them on."""
    served = [row for row in days if row.model == SERVED]
    if len(served) < LEAST_DAYS_OF_A_TREND:
        return None
    return chart_data(
        labels=[row.day.isoformat() for row in served],
        series=[
            chart_series("Forecast", [_percent(row.measures.wape) for row in served]),
            chart_series(
                "Seasonal naive", [_percent(row.measures.naive_wape) for row in served], colour="muted", dashed=True
            ),
        ],
        y_title="WAPE (%)",
        x_title="Day",
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
