"""Stock levels, and the stock page of one product in one store: facts, chart, movements, corrections."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from invencare.lib import clock
from invencare.lib.charts import chart_data, chart_series
from inventory.admin.base import ScopedFilter, ScopedModelAdmin
from inventory.admin.exchange import CatalogueExchange
from inventory.admin.filters import ProductCategoryFilter, StockStatusFilter
from inventory.admin.resources import StockLevelResource
from inventory.admin.steps import add_errors
from inventory.models import InventoryTransaction, PurchaseOrderLine, StockLevel
from inventory.services.counts import adjust_stock, count_stock
from inventory.services.errors import Conflict
from inventory.services.stock_history import stock_history

HISTORY_DAYS = 90
SHOWN_MOVEMENTS = 15
LARGEST_CORRECTION_UNITS = 10_000_000


class CorrectionForm(forms.Form):
    """A reason, and a key that makes a second click on the same form do nothing more."""

    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    idempotency_key = forms.CharField(max_length=64, widget=forms.HiddenInput, initial=lambda: uuid.uuid4().hex)
    title = ""
    done = ""


class AdjustForm(CorrectionForm):
    title = "Adjust"
    done = "The stock was adjusted."
    change = forms.IntegerField(
        label="Change (units, + or −)",
        min_value=-LARGEST_CORRECTION_UNITS,
        max_value=LARGEST_CORRECTION_UNITS,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order = ["change", "reason"]

    def clean_change(self) -> int:
        change: int = self.cleaned_data["change"]
        if change == 0:
            raise ValidationError("A change of 0 units changes nothing.")
        return change

    def record(self, level: StockLevel, *, actor_name: str, now: Any) -> InventoryTransaction:
        return adjust_stock(
            store=level.store,
            product=level.product,
            change=self.cleaned_data["change"],
            reason=self.cleaned_data["reason"],
            actor_name=actor_name,
            now=now,
            idempotency_key=f"admin:adjust:{self.cleaned_data['idempotency_key']}",
        )


class CountForm(CorrectionForm):
    title = "Count"
    done = "The count was recorded."
    counted_units = forms.IntegerField(
        label="Counted (units)",
        min_value=0,
        max_value=LARGEST_CORRECTION_UNITS,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    field_order = ["counted_units", "reason"]

    def record(self, level: StockLevel, *, actor_name: str, now: Any) -> InventoryTransaction:
        return count_stock(
            store=level.store,
            product=level.product,
            counted_units=self.cleaned_data["counted_units"],
            reason=self.cleaned_data["reason"],
            actor_name=actor_name,
            now=now,
            idempotency_key=f"admin:count:{self.cleaned_data['idempotency_key']}",
        )


@admin.register(StockLevel)
class StockLevelAdmin(CatalogueExchange, ScopedModelAdmin):
    """The list of stock, and the stock page. On hand is written by the ledger alone; people set the bounds."""

    resource_classes = [StockLevelResource]
    change_form_template = "admin/inventory/stock_page.html"
    list_display = [
        "store",
        "product",
        "on_hand_units",
        "minimum_units",
        "maximum_units",
        "show_status",
        "is_on_sale",
        "last_event_at",
    ]
    list_display_links = ["product"]
    list_select_related = ()  # see get_queryset
    ordering = ["store_id", "product_id"]  # as the index has them: codes and SKUs would mean sorting every level
    list_filter = [
        ("store", ScopedFilter),
        ("product", AutocompleteSelectFilter),
        ProductCategoryFilter,
        StockStatusFilter,
        "is_on_sale",
    ]
    search_fields = ["product__sku", "product__name"]
    search_help_text = "SKU or product name"
    autocomplete_fields = ["product"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        """Stores and products come by two queries of their own: joined, MariaDB sorts all levels to find 50."""
        rows: Any = super().get_queryset(request)
        return rows.with_stock_status().prefetch_related("store", "product")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        bounds = ["minimum_units", "maximum_units", "is_on_sale"]
        return bounds if obj else ["store", "product", *bounds]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:level_id>/adjust/", view(self.adjust_view), name="inventory_stocklevel_adjust"),
            path("<int:level_id>/count/", view(self.count_view), name="inventory_stocklevel_count"),
            *super().get_urls(),
        ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: the level is the sum of a ledger that stays."""
        return False

    def adjust_view(self, request: HttpRequest, level_id: int) -> HttpResponse:
        return self._correct(request, level_id, AdjustForm)

    def count_view(self, request: HttpRequest, level_id: int) -> HttpResponse:
        return self._correct(request, level_id, CountForm)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        level = self.get_object(request, object_id)
        context = {**(extra_context or {}), **(self._page(request, level) if level else {})}
        return super().change_view(request, object_id, form_url, context)

    def _correct(self, request: HttpRequest, level_id: int, form_class: type[Any]) -> HttpResponse:
        """Show the form, or record what it says through the ledger."""
        level = self.get_queryset(request).select_related("store", "product").filter(pk=level_id).first()
        if level is None:
            raise Http404("There is no such stock level in your stores.")
        if not self.has_change_permission(request, level):
            raise PermissionDenied
        form = form_class(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                movement = form.record(level, actor_name=request.user.get_username(), now=clock.now())
            except ValidationError as refusal:
                add_errors(form, refusal)
            except Conflict as conflict:
                form.add_error(None, str(conflict))
            else:
                messages.success(request, f"{form.done} On hand: {movement.after_units:,} units.")
                return HttpResponseRedirect(reverse("admin:inventory_stocklevel_change", args=[level.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": f"{form.title}: {level.product} @ {level.store}",
            "opts": self.opts,
            "level": level,
            "form": form,
            "form_url": request.path,
        }
        return TemplateResponse(request, "admin/inventory/correct_stock.html", context)

    def _page(self, request: HttpRequest, level: StockLevel) -> dict[str, Any]:
        """Everything on the stock page beside the form of the bounds."""
        movements = InventoryTransaction.objects.of_level(store_id=level.store_id, product_id=level.product_id)
        coming = PurchaseOrderLine.objects.still_to_come().filter(
            purchase_order__store_id=level.store_id, product_id=level.product_id
        )
        today = clock.business_date(clock.now(), level.store.zone)
        may_correct = self.has_change_permission(request, level)
        return {
            "title": f"{level.product} @ {level.store}",
            "level": level,
            "history_days": HISTORY_DAYS,
            "stock_chart": _stock_chart(level, today=today),
            "forecast_url": reverse("admin:forecasting_newest_path", args=[level.store_id, level.product_id]),
            "movements": movements.order_by("-id")[:SHOWN_MOVEMENTS],
            "order_lines": coming.select_related("purchase_order__supplier").order_by("purchase_order_id"),
            "adjust_form": AdjustForm(auto_id="adjust_%s") if may_correct else None,
            "count_form": CountForm(auto_id="count_%s") if may_correct else None,
        }

    @display(
        description="status",
        label={"Out of Stock": "danger", "Low Stock": "warning", "Overstocked": "info", "Normal": "success"},
    )
    def show_status(self, level: Any) -> str:
        return str(level.stock_status)


def _stock_chart(level: StockLevel, *, today: Any) -> dict[str, Any]:
    """Closing stock and sales per day; days without stock as marks; charts.js lays the forecast over it."""
    days = stock_history(level=level, last=today, days=HISTORY_DAYS)
    series = [
        chart_series("Stock at close", [day.closing_units for day in days], stepped=True),
        chart_series("Units sold", [day.net_units for day in days], colour="accent", kind="bar", axis="right"),
    ]
    out = [round(100 * day.out_of_stock_share, 1) or None for day in days]
    if any(out):
        series.append(chart_series("Without stock (% of the day)", out, colour="danger", kind="bar", axis="percent"))
    return chart_data(
        labels=[day.day.isoformat() for day in days],
        series=series,
        y_title="Stock (units)",
        y_right_title="Units per day",
    )
