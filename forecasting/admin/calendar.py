"""Events, holidays and planned prices: what is known ahead."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from forecasting.models import CalendarEvent, PlannedPrice
from forecasting.services import calendar, holiday_loading
from invencare.lib import clock
from inventory.admin.base import BoundedPaginator, ScopedFilter, ScopedModelAdmin
from inventory.admin.steps import add_errors
from inventory.models import Product
from inventory.querysets.scope import NO_STORE, StoreScope
from inventory.services.access import scope_of_user
from inventory.services.people import name_of

EVENTS = "admin:forecasting_calendarevent_changelist"
MAY_LOAD = "forecasting.add_calendarevent"


class CategoriesField(forms.MultipleChoiceField):
    """Categories of the catalogue; kept as their names."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self) -> None:
        super().__init__(required=False, help_text="None chosen: all.")


class EventForm(forms.ModelForm):  # type: ignore[type-arg]
    """One event; whose stores it may name is the service's question."""

    categories = CategoriesField()
    scope: StoreScope = NO_STORE

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = set(self.instance.categories or []) if self.instance.pk else set()
        known = Product.objects.exclude(category="").order_by().values_list("category", flat=True).distinct()
        field: Any = self.fields["categories"]
        field.choices = [(name, name) for name in sorted(kept | set(known))]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            calendar.check_reach(
                scope=self.scope,
                stores=list(data.get("stores") or []),
                country=data.get("country") or "",
            )
        return data


@admin.register(CalendarEvent)
class CalendarEventAdmin(ScopedModelAdmin):
    """Events are switched off, never deleted: past ones taught what the next will be like."""

    form = EventForm
    paginator = BoundedPaginator
    list_display = ["first_day", "last_day", "name", "kind", "where", "what", "uplift", "is_active"]
    list_display_links = ["name"]
    list_filter = [
        ("kind", ChoicesDropdownFilter),
        ("first_day", RangeDateFilter),
        ("stores", ScopedFilter),
        "is_active",
    ]
    search_fields = ["name"]
    search_help_text = "Name of the event"
    autocomplete_fields = ["products"]
    actions = None
    actions_list = ["load_holidays_page"]
    fields = [
        "name",
        "kind",
        ("first_day", "last_day"),
        ("country", "region"),
        "stores",
        "categories",
        "products",
        "given_uplift",
        "is_active",
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        return rows.with_places_and_products(scope_of_user(request.user))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.load_view)
        return [path("load-holidays/", view, name="forecasting_calendarevent_load"), *super().get_urls()]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002  Django's
        form = super().get_form(request, obj, change=change, **kwargs)
        form.scope = scope_of_user(request.user)
        return form

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A store manager changes what is held in own stores alone, and reads the rest."""
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or calendar.reaches_only(obj, scope_of_user(request.user))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  Django's
        user: Any = request.user
        calendar.stamp(obj, is_new=not change, actor=user, now=clock.now())
        super().save_model(request, obj, form, change)

    @action(description="Load public holidays", url_path="load-holidays-of", permissions=["load_holidays_page"])
    def load_holidays_page(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:forecasting_calendarevent_load"))

    def has_load_holidays_page_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return user.has_perm(MAY_LOAD) and scope_of_user(user).all_stores

    def load_view(self, request: HttpRequest) -> HttpResponse:
        """Choose years; the holidays of every store's country come, those that are there stay as they are."""
        if not self.has_load_holidays_page_permission(request):
            raise PermissionDenied
        now = clock.now()
        form = YearsForm(request.POST or None, initial=_usual_years(now.date()))
        if request.method == "POST" and form.is_valid():
            try:
                loaded = holiday_loading.load_for_stores(
                    first_year=form.cleaned_data["first_year"], last_year=form.cleaned_data["last_year"], now=now
                )
            except ValidationError as refusal:
                add_errors(form, refusal)
            else:
                self.message_user(request, loaded.sentence())
                return HttpResponseRedirect(reverse(EVENTS))
        context = {
            **self.admin_site.each_context(request),
            "title": "Load public holidays",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/forecasting/load_holidays.html", context)

    @display(description="where")
    def where(self, event: CalendarEvent) -> str:
        stores = [store.code for store in event.stores.all()]
        if stores:
            return ", ".join(stores[:3]) + (f" and {len(stores) - 3} more" if len(stores) > 3 else "")
        return "-".join(filter(None, [event.country, event.region])) or "everywhere"

    @display(description="what")
    def what(self, event: CalendarEvent) -> str:
        parts = [*event.categories, *[product.sku for product in event.products.all()]]
        return ", ".join(parts[:3]) + (f" and {len(parts) - 3} more" if len(parts) > 3 else "") or "everything"

    @display(description="uplift", ordering="given_uplift")
    def uplift(self, event: CalendarEvent) -> str:
        if event.kind == CalendarEvent.Kind.CLOSURE:
            return "closed"
        return "learned" if event.given_uplift is None else f"× {event.given_uplift:g}"


class YearsForm(forms.Form):
    first_year = forms.IntegerField(min_value=2000, max_value=2100, widget=UnfoldAdminIntegerFieldWidget)
    last_year = forms.IntegerField(min_value=2000, max_value=2100, widget=UnfoldAdminIntegerFieldWidget)


def _usual_years(today: date) -> dict[str, int]:
    first, last = holiday_loading.usual_years(today)
    return {"first_year": first, "last_year": last}


@admin.register(PlannedPrice)
class PlannedPriceAdmin(ScopedModelAdmin):
    paginator = BoundedPaginator
    list_display = ["first_day", "last_day", "product", "store", "price", "created_by_name"]
    list_select_related = ["product", "store"]
    list_filter = [("store", ScopedFilter), ("product", AutocompleteSelectFilter), ("first_day", RangeDateFilter)]
    autocomplete_fields = ["product", "store"]
    fields = ["product", "store", ("first_day", "last_day"), "price"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  Django's
        user: Any = request.user
        obj.created_by_name, obj.created_at = name_of(user), clock.now()
        super().save_model(request, obj, form, change)
