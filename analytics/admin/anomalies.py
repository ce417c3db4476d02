"""What was not as expected: the list, the page with its chart, and dismissing with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RangeDateFilter
from unfold.decorators import display

from analytics.models import Anomaly, AnomalyDecision
from analytics.services.anomaly_history import AnomalyHistory, anomaly_history
from analytics.services.dismissing import MAY_DISMISS, REASON_LENGTH, decide_anomaly
from invencare.lib import clock
from invencare.lib.charts import chart_band, chart_data, chart_marks, chart_series
from inventory.admin.base import ReadOnlyAdmin, ScopedFilter
from inventory.admin.steps import tell_outcome

PAGE = "admin:analytics_anomaly_change"
KIND_LABELS = {"Odd day": "warning", "Odd week": "info", "No sales came in": "danger"}
SAID = {"dismiss": "Dismissed.", "reopen": "Opened again."}


class OpenFilter(DropdownFilter):
    """Open ones unless somebody asks for the dismissed."""

    title = "state"
    parameter_name = "state"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("dismissed", "Dismissed"), ("all", "All")]

    def value(self) -> str:
        return super().value() or "open"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() == "all" else queryset.filter(status=self.value())


@admin.register(Anomaly)
class AnomalyAdmin(ReadOnlyAdmin):
    """Found by the night and every three hours; people say what they made of them."""

    filled_by = "The nightly run looks for days and weeks that were not as expected, and puts them here."
    change_form_template = "admin/analytics/anomaly.html"
    fields = ["updated_at"]
    list_display = ["business_date", "show_kind", "of", "metric", "was", "usual", "show_money", "show_out"]
    list_display_links = ["of"]
    list_select_related = ["store", "product"]
    list_filter = [
        OpenFilter,
        ("store", ScopedFilter),
        ("level", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("metric", ChoicesDropdownFilter),
        ("business_date", RangeDateFilter),
    ]
    search_fields = ["category", "product__sku", "product__name", "store__code", "store__name"]
    search_help_text = "Store, category, SKU or product name"
    ordering = ["-business_date", "-money_size", "id"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.decide_view)
        return [path("<int:anomaly_id>/decide/<str:step>/", view, name="analytics_anomaly_decide"), *super().get_urls()]

    def decide_view(self, request: HttpRequest, anomaly_id: int, step: str) -> HttpResponse:
        if step not in SAID:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(MAY_DISMISS):
            raise PermissionDenied
        if not self.get_queryset(request).filter(pk=anomaly_id).exists():
            raise Http404("There is no such anomaly in your stores.")

        def work() -> str:
            decide_anomaly(
                anomaly_id=anomaly_id,
                action=step,
                reason=request.POST.get("reason", ""),
                actor=request.user,
                now=clock.now(),
            )
            return SAID[step]

        tell_outcome(request, work)
        return HttpResponseRedirect(reverse(PAGE, args=[anomaly_id]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = {**(extra_context or {}), **(_page(request, row) if row else {})}
        return super().change_view(request, object_id, form_url, context)

    @display(description="what", ordering="kind", label=KIND_LABELS)
    def show_kind(self, row: Anomaly) -> str:
        return row.get_kind_display()

    @display(description="of", ordering="scope_key")
    def of(self, row: Anomaly) -> str:
        return row.whose

    @display(description="was", ordering="actual")
    def was(self, row: Anomaly) -> str:
        return f"{_number(row.actual)} {unit_of(row)}"

    @display(description="usual")
    def usual(self, row: Anomaly) -> str:
        return f"{_number(row.expected)} ({_number(row.lower)} to {_number(row.upper)})"

    @display(description="money", ordering="money_size")
    def show_money(self, row: Anomaly) -> str:
        return "not known" if row.money is None else f"{row.money:+,.0f} {row.currency}".replace("-", "−")

    @display(description="other stores", ordering="stands_out")
    def show_out(self, row: Anomaly) -> str:
        return {None: "", True: "were as usual", False: "were the same"}[row.stands_out]


def unit_of(row: Anomaly) -> str:
    """The unit of its figures; a week's are per day."""
    unit = {"revenue": row.currency, "units": "units", "transactions": "lines", "returns": "units"}[row.metric]
    return f"{unit} a day" if row.kind == Anomaly.Kind.WEEK else unit


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"


def _page(request: HttpRequest, row: Anomaly) -> dict[str, Any]:
    is_open = row.status == Anomaly.Status.OPEN
    return {
        "title": str(row),
        "anomaly": row,
        "unit": unit_of(row),
        "chart": _chart(row, anomaly_history(row)),
        "decisions": AnomalyDecision.objects.filter(anomaly=row),
        "may_decide": request.user.has_perm(MAY_DISMISS),
        "step": "dismiss" if is_open else "reopen",
        "reason_length": REASON_LENGTH,
    }


def _chart(row: Anomaly, history: AnomalyHistory) -> dict[str, Any]:
    """The figure of the last eight weeks and the week after, the usual range of the anomaly, and its days marked."""
    days = [history.first_day + timedelta(days=i) for i in range(len(history.values))]
    first = row.business_date - timedelta(days=6 if row.kind == Anomaly.Kind.WEEK else 0)
    is_it = [first <= day <= row.business_date for day in days]
    label = row.get_kind_display()
    return chart_data(
        labels=[day.isoformat() for day in days],
        series=[
            chart_series(row.get_metric_display(), history.values),
            *_expected(row, is_it),
            chart_marks(label, [label if it else None for it in is_it], colour="danger"),
        ],
        y_title=f"{row.get_metric_display()} ({unit_of(row).removesuffix(' a day')})",
    )


def _expected(row: Anomaly, is_it: list[bool]) -> list[dict[str, Any]]:
    """What was expected: of a week a line within its usual range, of a day a bar, for a line needs two days."""
    expected = [row.expected if it else None for it in is_it]
    if row.kind != Anomaly.Kind.WEEK:
        return [chart_series("Expected", expected, colour="accent", kind="bar")]
    lower, upper = ([bound if it else None for it in is_it] for bound in (row.lower, row.upper))
    return [chart_band("Usual", lower, upper), chart_series("Expected", expected, colour="accent", dashed=True)]
