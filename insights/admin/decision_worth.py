"""What decisions were worth afterwards: the report by person, supplier, reason and kind, and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from insights.admin.recommendation_forms import DateInput
from insights.models import DecisionValue
from insights.services.decision_report import Worth, decision_worth
from invencare.lib import clock
from invencare.lib.charts import chart_data, chart_series
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedFilter
from inventory.models import Store
from inventory.services.access import scope_of_user

DEFAULT_DAYS = 364
BY = {"person": "Person", "supplier": "Supplier", "reason": "Reason", "kind": "Kind of decision"}
CHARTED_GROUPS = 15


class ReportForm(forms.Form):
    """What the address says to show: grouped by what, of which store, over which days."""

    by = forms.ChoiceField(choices=list(BY.items()), required=False)
    store = forms.ModelChoiceField(
        queryset=Store.objects.none(), to_field_name="code", required=False, empty_label="All stores"
    )
    first = forms.DateField(label="from", required=False, widget=DateInput)
    last = forms.DateField(label="to", required=False, widget=DateInput)

    def __init__(self, *args: Any, stores: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        store: Any = self.fields["store"]
        store.queryset = stores
        store.widget = UnfoldAdminSelectWidget(choices=store.choices)
        self.fields["by"].widget = UnfoldAdminSelectWidget(choices=list(BY.items()))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("first") and data.get("last") and data["first"] > data["last"]:
            raise ValidationError("The first date is after the last one.")
        return data


@admin.register(DecisionValue)
class DecisionValueAdmin(ReadOnlyAdmin):
    """The rows behind the report; the nightly valuation writes them."""

    paginator = BoundedPaginator
    list_display = [
        "last_day",
        "show_what",
        "kind",
        "show_person",
        "recommended_units",
        "decided_units",
        "show_needed",
        "show_lost",
        "show_value",
    ]
    list_select_related = ()
    list_filter = [("store", ScopedFilter), ("kind", ChoicesDropdownFilter)]
    search_fields = ["product__sku"]
    search_help_text = "SKU"
    list_before_template = "admin/insights/decisionvalue/before_list.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).prefetch_related("product", "store")
        return rows.select_related("decision").defer("decision__shown")

    def get_urls(self) -> list[Any]:
        report = path("report/", self.admin_site.admin_view(self.report_view), name="insights_decisionvalue_report")
        return [report, *super().get_urls()]

    def report_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        scope = scope_of_user(request.user)
        form = ReportForm(request.GET or None, stores=Store.objects.visible_to(scope))
        chosen: Mapping[str, Any] = form.cleaned_data if form.is_bound and form.is_valid() else {}
        by = chosen.get("by") or "person"
        first, last = _period(chosen, today=clock.now().date())
        rows = decision_worth(scope=scope, by=by, first=first, last=last, store=chosen.get("store"))
        if not form.is_bound:
            form = ReportForm(initial={"by": by, "first": first, "last": last}, stores=Store.objects.visible_to(scope))
        context = {
            **self.admin_site.each_context(request),
            "title": "What decisions were worth",
            "opts": self.opts,
            "form": form,
            "by": BY[by],
            "first": first,
            "last": last,
            "rows": rows,
            "totals": _totals(rows),
            "has_any": bool(rows) or DecisionValue.objects.visible_to(scope).exists(),
            "charts": _charts(rows, BY[by]),
        }
        return TemplateResponse(request, "admin/insights/decisionvalue/report.html", context)

    @display(description="recommendation")
    def show_what(self, worth: DecisionValue) -> SafeString:
        return format_html(
            '<a href="{}">{} for {}</a>',
            reverse("admin:insights_reorderrecommendation_change", args=[worth.decision.recommendation_id]),
            worth.product.sku,
            worth.store.code,
        )

    @display(description="by", ordering="decision__decided_by_name")
    def show_person(self, worth: DecisionValue) -> str:
        return worth.decision.decided_by_name

    @display(description="needed (units)", ordering="needed_units")
    def show_needed(self, worth: DecisionValue) -> str:
        return f"{worth.needed_units:,.1f}"

    @display(description="lost (units)", ordering="lost_units")
    def show_lost(self, worth: DecisionValue) -> str:
        return f"{worth.lost_units:,.1f}"

    @display(description="value", ordering="value")
    def show_value(self, worth: DecisionValue) -> SafeString:
        return format_html(
            '<span style="white-space: nowrap">{} {}</span>', f"{worth.value:+,.2f}", worth.store.currency
        )


def _period(chosen: Mapping[str, Any], *, today: date) -> tuple[date, date]:
    last: date = chosen.get("last") or today
    try:
        return chosen.get("first") or last - timedelta(days=DEFAULT_DAYS - 1), last
    except OverflowError:
        return last, last


def _totals(rows: Sequence[Worth]) -> list[dict[str, Any]]:
    """One card row per currency."""
    totals = []
    for currency in sorted({row.currency for row in rows}):
        own = [row for row in rows if row.currency == currency]
        totals.append(
            {
                "currency": currency,
                "decisions": sum(row.decisions for row in own),
                "better": sum(row.better for row in own),
                "worse": sum(row.worse for row in own),
                "value": sum(row.value for row in own),
                "value_of_ordering": sum(row.value_of_ordering for row in own),
                "stockout_days_avoided": sum(row.stockout_days_avoided for row in own),
                "excess_units_avoided": sum(row.excess_units_avoided for row in own),
                "forecast_value_added_units": sum(row.forecast_value_added_units for row in own),
            }
        )
    return totals


def _charts(rows: Sequence[Worth], by: str) -> list[dict[str, Any]]:
    """One chart per currency: amounts of two have no common axis."""
    charts = []
    for currency in sorted({row.currency for row in rows}):
        own = sorted((row for row in rows if row.currency == currency), key=lambda row: -abs(row.value))
        own = sorted(own[:CHARTED_GROUPS], key=lambda row: -row.value)
        bars = chart_series("Against the recommendation", [float(row.value) for row in own], kind="bar")
        chart = chart_data(labels=[row.label for row in own], series=[bars], x_title=by, y_title=f"Value ({currency})")
        charts.append({"currency": currency, "chart": chart, "id": f"worth-{currency.lower()}"})
    return charts
