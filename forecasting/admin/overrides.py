"""Overrides: the list, the page of one with its withdrawal, and the form that adds one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from forecasting.models import ForecastOverride
from forecasting.services import overrides
from invencare.lib import clock
from inventory.admin.base import LedgerSizedAdmin, ScopedFilter
from inventory.admin.steps import add_errors, tell_outcome
from inventory.models import Product, Store
from inventory.services.access import scope_of_user

PAGE = "admin:forecasting_forecastoverride_change"
MAY_ADD = "forecasting.add_forecastoverride"
MAY_WITHDRAW = "forecasting.change_forecastoverride"
REASON_LENGTH = 500


class OverrideForm(forms.Form):
    """Which days of which forecast, how, and why."""

    store = forms.ModelChoiceField(queryset=Store.objects.none(), widget=UnfoldAdminSelectWidget)
    sku = forms.CharField(label="SKU", max_length=64, widget=UnfoldAdminTextInputWidget)
    first_day = forms.DateField(widget=UnfoldAdminDateWidget)
    last_day = forms.DateField(widget=UnfoldAdminDateWidget, help_text="Included.")
    action = forms.ChoiceField(choices=ForecastOverride.Action.choices, widget=UnfoldAdminSelectWidget)
    amount = forms.FloatField(
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
        help_text="Units per day, or the factor: 1.5 is half as much again.",
    )
    reason = forms.CharField(max_length=REASON_LENGTH, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args: Any, stores: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["store"]
        field.queryset = stores

    def clean_sku(self) -> Product:
        product = Product.objects.filter(sku=self.cleaned_data["sku"]).first()
        if product is None:
            raise ValidationError(f"No product has the SKU “{self.cleaned_data['sku']}”.")
        return product


class InForceFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "In force"), ("withdrawn", "Withdrawn")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(withdrawn_at__isnull=self.value() == "active") if self.value() else queryset


@admin.register(ForecastOverride)
class ForecastOverrideAdmin(LedgerSizedAdmin):
    """Every change is a service's step; nothing is edited or deleted."""

    list_display = [
        "created_at",
        "store",
        "product",
        "first_day",
        "last_day",
        "what",
        "reason",
        "created_by_name",
        "state",
    ]
    list_display_links = ["what"]
    list_filter = [
        InForceFilter,
        ("store", ScopedFilter),
        ("product", AutocompleteSelectFilter),
        ("action", ChoicesDropdownFilter),
    ]
    ordering = ["-id"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm(MAY_ADD))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.withdraw_view)
        name = "forecasting_forecastoverride_withdraw"
        return [path("<int:override_id>/withdraw/", view, name=name), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        stores = Store.objects.active().visible_to(scope_of_user(request.user))
        form = OverrideForm(request.POST or None, stores=stores, initial=_initial(request, stores))
        if request.method == "POST" and form.is_valid():
            values = dict(form.cleaned_data)
            try:
                override = overrides.add_override(
                    product=values.pop("sku"), **values, actor=request.user, now=clock.now()
                )
            except ValidationError as refusal:
                add_errors(form, refusal)
            else:
                self.message_user(request, "The override is in force, and laid over the newest forecast.")
                return HttpResponseRedirect(reverse(PAGE, args=[override.pk]))
        context = {
            **self.admin_site.each_context(request),
            "title": "Override a forecast",
            "opts": self.opts,
            "form": form,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/forecasting/add_override.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET"])
        override = self._override(request, int(object_id) if object_id.isdecimal() else 0)
        user: Any = request.user
        context = {
            **self.admin_site.each_context(request),
            "title": f"{override.product} @ {override.store}",
            "opts": self.opts,
            "override": override,
            "may_withdraw": override.is_active and user.has_perm(MAY_WITHDRAW),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/forecasting/override.html", context)

    def withdraw_view(self, request: HttpRequest, override_id: int) -> HttpResponse:
        override = self._override(request, override_id)
        user: Any = request.user
        if request.method == "POST":
            if not user.has_perm(MAY_WITHDRAW):
                raise PermissionDenied
            reason = request.POST.get("reason", "")

            def withdraw() -> str:
                overrides.withdraw_override(override_id=override.pk, reason=reason, actor=user, now=clock.now())
                return "The override is withdrawn; the forecast is the engine's again where nothing else is in force."

            tell_outcome(request, withdraw)
        return HttpResponseRedirect(reverse(PAGE, args=[override.pk]))

    def _override(self, request: HttpRequest, override_id: int) -> ForecastOverride:
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = ForecastOverride.objects.visible_to(scope_of_user(request.user)).select_related("store", "product")
        override: ForecastOverride | None = rows.filter(pk=override_id).first()
        if override is None:
            raise Http404("There is no such override in your stores.")
        return override

    @display(description="what")
    def what(self, override: ForecastOverride) -> str:
        return f"{override.get_action_display()} {override.amount:g}"

    @display(description="state", label={"in force": "success", "withdrawn": "danger"})
    def state(self, override: ForecastOverride) -> str:
        return "in force" if override.is_active else "withdrawn"


def _initial(request: HttpRequest, stores: Any) -> dict[str, Any]:
    """What the link of a forecast's page says, else tomorrow and the days after."""
    today = clock.now().date()
    store = request.GET.get("store", "")
    return {
        "store": stores.filter(pk=int(store)).first() if store.isdecimal() and len(store) < 19 else None,
        "sku": request.GET.get("sku", ""),
        "first_day": today + timedelta(days=1),
        "last_day": today + timedelta(days=7),
        "action": ForecastOverride.Action.MULTIPLY,
    }
