"""Customers as the analyses see them: scores with their history, segments, and who is at risk."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget

from insights.models import CustomerScore, DemandAnalysis
from insights.services.customer_pages import at_risk_csv, newest_analyses, score_history
from insights.services.demand_insights import read_at_risk, read_segments
from invencare.lib.charts import chart_data, chart_series
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedFilter
from inventory.services.access import scope_of_user

Kind = DemandAnalysis.Kind
SHOWN_AT_RISK = 200


def is_changelist(request: HttpRequest) -> bool:
    """Lists show the newest analyses alone; a page of one row opens older ones too."""
    match = request.resolver_match
    return match is not None and (match.url_name or "").endswith("_changelist")


class InsightForm(forms.Form):
    """What the address says to show."""

    currency = forms.ChoiceField(required=False)
    threshold = forms.FloatField(required=False, min_value=0, max_value=1, widget=UnfoldAdminDecimalFieldWidget)

    def __init__(self, *args: Any, analyses: list[DemandAnalysis], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["currency"]
        field.choices = [(one.currency, one.currency) for one in analyses]
        field.widget = UnfoldAdminSelectWidget(choices=field.choices)
        self.fields["threshold"].widget.attrs.update(step="0.05", min="0", max="1")


@admin.register(CustomerScore)
class CustomerScoreAdmin(ReadOnlyAdmin):
    """The newest scores; a customer's page has the earlier ones. The menu leads to the segments."""

    filled_by = "The weekly job “Analyse customers” scores customers that sales name; “manage.py train_demand_insights” does it now."
    paginator = BoundedPaginator
    list_display = [
        "customer",
        "segment",
        "last_purchase",
        "purchase_days",
        "show_revenue",
        "show_clv",
        "show_churn",
        "risk_level",
        "show_stake",
    ]
    list_filter = [("home_store", ScopedFilter), ("risk_level", ChoicesDropdownFilter)]
    list_select_related = ()
    search_fields = ["=customer__code"]
    search_help_text = "The customer’s whole code"
    ordering = ["-analysis", "-money_at_stake"]
    change_form_template = "admin/insights/customerscore/change_form.html"
    fields = ["customer", "analysis"]  # the page above them has the numbers with their units

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request).prefetch_related("customer", "analysis")
        is_list = is_changelist(request)
        return rows.filter(analysis__in=newest_analyses(Kind.CUSTOMERS)) if is_list else rows

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("segments/", view(self.segments_view), name="insights_customers"),
            path("at-risk/", view(self.at_risk_view), name="insights_customers_at_risk"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_queryset(request).filter(pk=object_id).select_related("home_store").first()
        context = {**(extra_context or {}), "score": row}
        if row is not None:
            history = score_history(row)
            context |= {"history": history, "history_chart": _history_chart(history, row.analysis.currency)}
        return super().change_view(request, object_id, form_url, context)

    def segments_view(self, request: HttpRequest) -> HttpResponse:
        """Segments of one currency with their quality, who moved, and how good value and churn were on held-out days."""
        form, analysis = self._chosen(request)
        context: dict[str, Any] = {"form": form, "analysis": analysis}
        if analysis is not None:
            scope = scope_of_user(request.user)
            found = read_segments(analysis, n_clusters=None, scope=scope)
            context |= {
                "segments": found,
                "chart": _segments_chart(found.rows, analysis.currency),
                "tried": analysis.results["segments"]["clusterings"],
                "lifetime": analysis.results["lifetime"],
                "churn": analysis.results["churn"],
            }
        return self._page(request, "segments.html", "Customer segments", context)

    def at_risk_view(self, request: HttpRequest) -> Any:
        """Customers who are likely to stay away, as a page or, with ``?format=csv``, as a file."""
        form, analysis = self._chosen(request)
        threshold = form.cleaned_data.get("threshold") if form.is_valid() else None
        threshold = 0.6 if threshold is None else threshold
        scope = scope_of_user(request.user)
        if analysis is not None and request.GET.get("format") == "csv":
            lines = at_risk_csv(analysis, threshold=threshold, scope=scope)
            name = f"at-risk-{analysis.as_of_date}.csv"
            return StreamingHttpResponse(
                lines,
                content_type="text/csv; charset=utf-8",
                headers={"Content-Disposition": f'attachment; filename="{name}"'},
            )
        context: dict[str, Any] = {"form": form, "analysis": analysis, "threshold": threshold}
        if analysis is not None:
            total, rows = read_at_risk(analysis, threshold=threshold, limit=SHOWN_AT_RISK, scope=scope)
            stake = sum(row.money_at_stake or 0.0 for row in rows)
            context |= {"total": total, "rows": rows, "stake": stake, "churn": analysis.results["churn"]}
        return self._page(request, "at_risk.html", "Customers at risk", context)

    def _chosen(self, request: HttpRequest) -> tuple[InsightForm, DemandAnalysis | None]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        analyses = newest_analyses(Kind.CUSTOMERS)
        form = InsightForm(request.GET, analyses=analyses)
        currency = form.cleaned_data.get("currency") if form.is_valid() else ""
        return form, next((one for one in analyses if currency in ("", one.currency)), None)

    def _page(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
        whole = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/insights/customerscore/{template}", whole)

    @display(description="revenue", ordering="revenue")
    def show_revenue(self, row: CustomerScore) -> str:
        return f"{row.revenue:,.2f} {row.analysis.currency}"

    @display(description="lifetime value", ordering="clv")
    def show_clv(self, row: CustomerScore) -> str:
        return "not known" if row.clv is None else f"{row.clv:,.2f} {row.analysis.currency}"

    @display(description="churn", ordering="churn_probability")
    def show_churn(self, row: CustomerScore) -> str:
        return "not known" if row.churn_probability is None else f"{row.churn_probability:.0%}"

    @display(description="at stake", ordering="money_at_stake")
    def show_stake(self, row: CustomerScore) -> str:
        return "not known" if row.money_at_stake is None else f"{row.money_at_stake:,.2f} {row.analysis.currency}"


def _segments_chart(rows: list[dict[str, Any]], currency: str) -> dict[str, Any]:
    share = chart_series("Share of customers (%)", [round(100 * one["customer_share"], 1) for one in rows], kind="bar")
    money = chart_series(
        "Share of revenue (%)", [round(100 * one["revenue_share"], 1) for one in rows], kind="bar", colour="accent"
    )
    names = [one["name"] for one in rows]
    return chart_data(
        labels=names, series=[share, money], x_title="Segment", y_title=f"Per cent (revenue in {currency})"
    )


def _history_chart(history: Any, currency: str) -> dict[str, Any]:
    rows = list(reversed(history))
    value = chart_series("Lifetime value", [None if one.clv is None else round(one.clv, 2) for one in rows])
    churn = chart_series(
        "Churn probability (%)",
        [None if one.churn_probability is None else round(100 * one.churn_probability, 1) for one in rows],
        colour="danger",
        axis="right",
    )
    return chart_data(
        labels=[one.analysis.as_of_date.isoformat() for one in rows],
        series=[value, churn],
        x_title="As of",
        y_title=f"Lifetime value ({currency})",
        y_right_title="Churn probability (%)",
    )
