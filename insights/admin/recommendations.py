"""The buyer's desk: recommendations worst first, why each is made, and the decision on it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import DecimalField, ExpressionWrapper, F, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from insights.models import Decision, ReorderRecommendation
from insights.services import decisions
from insights.services.decisions import LONGEST_REASON, MOST_AT_ONCE, Outcome, pack_rule
from insights.services.dossier import explain
from insights.services.stock_outlook import HISTORY_DAYS, StockOutlook, stock_outlook
from invencare.lib import clock
from invencare.lib.charts import chart_data, chart_series
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedFilter
from inventory.admin.filters import ProductCategoryFilter
from inventory.admin.steps import add_errors
from inventory.calc.packs import PackRule
from inventory.services.access import scope_of_user
from inventory.services.errors import Conflict

MAY_DECIDE = "insights.decide_reorderrecommendation"
IDS = re.compile("[0-9]{1,18}(,[0-9]{1,18})*")
SHOWN_ROWS = 20
SHOWN_SKIPS = 10
LIST = "admin:insights_reorderrecommendation_changelist"
PAGE = "admin:insights_reorderrecommendation_change"


class StatusFilter(DropdownFilter):
    """What is still to be decided, unless somebody asks for the rest."""

    title = "status"
    parameter_name = "status__exact"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*[(str(value), str(label)) for value, label in ReorderRecommendation.Status.choices], ("all", "All")]

    def value(self) -> str:
        return super().value() or "pending"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() == "all" else queryset.filter(status=self.value())


class ClassFilter(DropdownFilter):
    """The product's place in its store's revenue."""

    title = "ABC class"
    parameter_name = "abc_class"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("A", "A"), ("B", "B"), ("C", "C"), ("none", "No class (nothing sold)")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        return queryset.filter(abc_class="" if self.value() == "none" else self.value())


class DecisionForm(forms.Form):
    """The quantity and the reason; ``version`` says which numbers the reader had before the eyes."""

    quantity = forms.IntegerField(
        label="Order (units)", required=False, max_value=10_000_000, widget=UnfoldAdminIntegerFieldWidget
    )
    reason = forms.CharField(
        required=False,
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text="Needed to reject.",
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, rule: PackRule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        quantity = self.fields["quantity"]
        quantity.widget.attrs.update(step=rule.pack_units, min=rule.smallest_units, inputmode="numeric")
        quantity.help_text = f"Packs of {rule.pack_units:,}, at least {rule.smallest_units:,}."
        self.fields["reason"].widget.attrs["autocomplete"] = "off"


class BulkForm(forms.Form):
    """The confirmation of a bulk decision: the rows as one field, so that a thousand of them fit into a form."""

    ids = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(required=False, max_length=LONGEST_REASON, widget=UnfoldAdminTextInputWidget)

    def clean_ids(self) -> list[int]:
        ids: str = self.cleaned_data["ids"]
        if not IDS.fullmatch(ids):
            raise ValidationError("The chosen rows cannot be read; choose them again.")
        return [int(pk) for pk in ids.split(",")]


@admin.register(ReorderRecommendation)
class ReorderRecommendationAdmin(ReadOnlyAdmin):
    """The list and the page. Rows are written by the nightly run; people only decide."""

    paginator = BoundedPaginator
    list_display = [
        "show_product",
        "show_store",
        "show_urgency",
        "show_quantity",
        "show_value",
        "show_on_hand",
        "show_on_order",
        "show_demand",
        "show_chance",
        "show_at_risk",
        "abc_class",
        "show_supplier",
        "show_status",
    ]
    list_select_related = ["product", "store", "supplier"]
    list_filter = [
        StatusFilter,
        ("store", ScopedFilter),
        ("supplier", ScopedFilter),
        ("urgency_level", ChoicesDropdownFilter),
        ClassFilter,
        ProductCategoryFilter,
    ]
    search_fields = ["product__sku", "product__name"]
    search_help_text = "SKU or product name"
    actions = ["approve_selected", "reject_selected"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Lists leave the dossiers, the bulk of each row, in the database."""
        return super().get_queryset(request).defer("dossier", "notes")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(MAY_DECIDE))

    @action(description="Approve as recommended …", permissions=["decide"])
    def approve_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self._bulk(request, queryset, is_approval=True)

    @action(description="Reject …", permissions=["decide"])
    def reject_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self._bulk(request, queryset, is_approval=False)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one recommendation; a POST decides it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = ReorderRecommendation.objects.visible_to(scope_of_user(request.user))
        rows = rows.select_related("product", "store", "supplier", "purchase_order_line__purchase_order")
        row = rows.filter(pk=object_id).first() if object_id.isdecimal() else None
        if row is None:
            raise Http404("There is no such recommendation in your stores.")
        rule = pack_rule(row)
        form = DecisionForm(request.POST or None, rule=rule, initial=_initial(row))
        if request.method == "POST":
            if not self.has_decide_permission(request):
                raise PermissionDenied
            if form.is_valid() and self._decide(request, row, form):
                return HttpResponseRedirect(reverse(PAGE, args=[row.pk]))
        context = {
            **self.admin_site.each_context(request),
            **_page(row, rule, next_row=self._next(request, row)),
            "opts": self.opts,
            "form": form,
            "may_decide": self.has_decide_permission(request) and row.is_pending,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/insights/reorderrecommendation/change_form.html", context)

    def _decide(self, request: HttpRequest, row: ReorderRecommendation, form: DecisionForm) -> bool:
        """Ask the service for what the pressed button says; False when the form has to be shown again."""
        given = form.cleaned_data
        is_approval = request.POST.get("decision") != "reject"
        if is_approval and given["quantity"] is None:
            form.add_error("quantity", "Give the units to order.")
            return False
        who: dict[str, Any] = {
            "recommendation_id": row.pk,
            "actor": request.user,
            "now": clock.now(),
            "reason": given["reason"],
            "version": given["version"],
            "scope": scope_of_user(request.user),
        }
        try:
            if is_approval:
                messages.success(request, _approved(decisions.approve(quantity=given["quantity"], **who)))
            else:
                decisions.reject(**who)
                messages.success(request, f"Rejected: {row.product.sku} for {row.store.code}.")
        except ValidationError as refusal:
            add_errors(form, refusal)
            return False
        except PermissionDenied as refusal:  # over the value limit: a colleague can approve it, so say so on the form
            form.add_error(None, str(refusal))
            return False
        except Conflict as conflict:
            messages.error(request, str(conflict))
        return True

    def _next(self, request: HttpRequest, row: ReorderRecommendation) -> ReorderRecommendation | None:
        """The pending row behind this one in the list, else the first of the list."""
        pending = ReorderRecommendation.objects.visible_to(scope_of_user(request.user)).pending().exclude(pk=row.pk)
        pending = pending.worst_first().select_related("product").only("product__sku", "status")
        found: ReorderRecommendation | None = pending.after(row).first() or pending.first()
        return found

    def _bulk(self, request: HttpRequest, queryset: Any, *, is_approval: bool) -> HttpResponse | None:
        """Show what is about to be decided and ask for the reason; then one service call and its outcome."""
        if "confirmed" not in request.POST:
            ids = list(queryset.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
            if len(ids) > MOST_AT_ONCE:
                messages.error(request, f"Choose at most {MOST_AT_ONCE:,} at once; filter the list to fewer.")
                return None
            form = BulkForm(initial={"ids": ",".join(map(str, ids))})
            return self._confirm(request, form, ids, is_approval=is_approval)
        form = BulkForm(request.POST)
        if not form.is_valid():
            messages.error(request, "The chosen rows cannot be read; choose them again.")
            return None
        ids = form.cleaned_data["ids"]
        user: Any = request.user
        decide = decisions.approve_many if is_approval else decisions.reject_many
        try:
            outcome = decide(
                recommendation_ids=ids,
                actor=user,
                now=clock.now(),
                scope=scope_of_user(request.user),
                reason=form.cleaned_data["reason"],
            )
        except ValidationError as refusal:
            add_errors(form, refusal)
            return self._confirm(request, form, ids, is_approval=is_approval)
        except Conflict as conflict:
            messages.error(request, f"Nothing was decided: {conflict}")
        else:
            _tell(request, outcome, word="approved" if is_approval else "rejected")
        return HttpResponseRedirect(request.get_full_path())

    def _confirm(self, request: HttpRequest, form: BulkForm, ids: list[int], *, is_approval: bool) -> HttpResponse:
        rows = ReorderRecommendation.objects.visible_to(scope_of_user(request.user)).filter(pk__in=ids)
        values = rows.order_by("store__currency").values_list("store__currency")
        value = ExpressionWrapper(
            F("unit_cost") * F("recommended_order_quantity"), DecimalField(max_digits=18, decimal_places=4)
        )
        totals = values.annotate(value=Sum(value))
        shown = rows.worst_first().select_related("product", "store", "supplier").defer("dossier")[:SHOWN_ROWS]
        context = {
            **self.admin_site.each_context(request),
            "title": f"{'Approve' if is_approval else 'Reject'} {len(ids):,} recommendations",
            "opts": self.opts,
            "form": form,
            "is_approval": is_approval,
            "count": len(ids),
            "totals": list(totals),
            "rows": shown,
            "hidden_rows": max(len(ids) - SHOWN_ROWS, 0),
            "action_name": "approve_selected" if is_approval else "reject_selected",
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            "first_id": ids[0] if ids else "",
        }
        return TemplateResponse(request, "admin/insights/reorderrecommendation/confirm.html", context)

    @display(description="product", ordering="product__sku")
    def show_product(self, row: ReorderRecommendation) -> SafeString:
        return format_html('<span style="display: block; min-width: 11rem">{}</span>', str(row.product))

    @display(description="store", ordering="store__code")
    def show_store(self, row: ReorderRecommendation) -> str:
        return str(row.store.code)

    @display(description="supplier", ordering="supplier__code")
    def show_supplier(self, row: ReorderRecommendation) -> str:
        return row.supplier.code if row.supplier else "none"

    @display(
        description="urgency",
        ordering="urgency_rank",
        label={"Critical": "danger", "High": "warning", "Medium": "info", "Low": "success"},
    )
    def show_urgency(self, row: ReorderRecommendation) -> str:
        return row.get_urgency_level_display()

    @display(description="on hand (units)", ordering="current_stock")
    def show_on_hand(self, row: ReorderRecommendation) -> str:
        return f"{row.current_stock:,}"

    @display(description="on order (units)", ordering="on_order_units")
    def show_on_order(self, row: ReorderRecommendation) -> str:
        return f"{row.on_order_units:,}"

    @display(description="14-day demand (units)", ordering="projected_demand_14_days")
    def show_demand(self, row: ReorderRecommendation) -> str:
        return "–" if row.projected_demand_14_days is None else f"{row.projected_demand_14_days:,.1f}"

    @display(description="order (units)", ordering="recommended_order_quantity")
    def show_quantity(self, row: ReorderRecommendation) -> SafeString | str:
        if row.approved_quantity is None or row.approved_quantity == row.recommended_order_quantity:
            return f"{row.recommended_order_quantity:,}"
        return format_html("{} <s>{}</s>", f"{row.approved_quantity:,}", f"{row.recommended_order_quantity:,}")

    @display(description="value")
    def show_value(self, row: ReorderRecommendation) -> SafeString:
        return _unbroken(f"{_value(row):,.2f} {row.store.currency}")

    @display(description="margin at risk", ordering="money_at_risk")
    def show_at_risk(self, row: ReorderRecommendation) -> SafeString:
        return _unbroken(f"{row.money_at_risk:,.2f} {row.store.currency}")

    @display(description="runs out", ordering="stockout_probability")
    def show_chance(self, row: ReorderRecommendation) -> str:
        return "–" if row.stockout_probability is None else f"{row.stockout_probability:.0%}"

    @display(
        description="status",
        ordering="status",
        label={"Pending": "warning", "Approved": "success", "Rejected": "danger", "Expired": "info"},
    )
    def show_status(self, row: ReorderRecommendation) -> str:
        return row.get_status_display()


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    """What was decided, by whom, when and why; kept for good."""

    paginator = BoundedPaginator
    list_display = [
        "decided_at",
        "show_what",
        "action",
        "show_quantity",
        "show_recommended",
        "decided_by_name",
        "reason",
    ]
    list_select_related = ["recommendation__product", "recommendation__store"]
    list_filter = [("action", ChoicesDropdownFilter), ("recommendation__store", ScopedFilter)]
    search_fields = ["recommendation__product__sku", "decided_by_name"]
    search_help_text = "SKU or name of who decided"
    fields = [
        "show_what",
        "action",
        "quantity",
        "recommended_quantity",
        "reason",
        "decided_by_name",
        "decided_at",
        "shown",
    ]
    readonly_fields = ["show_what"]

    @display(description="decided (units)", ordering="quantity")
    def show_quantity(self, decision: Decision) -> str:
        return "–" if decision.quantity is None else f"{decision.quantity:,}"

    @display(description="recommended (units)", ordering="recommended_quantity")
    def show_recommended(self, decision: Decision) -> str:
        return f"{decision.recommended_quantity:,}"

    @display(description="recommendation")
    def show_what(self, decision: Decision) -> SafeString:
        row = decision.recommendation
        return format_html('<a href="{}">{} for {}</a>', reverse(PAGE, args=[row.pk]), row.product.sku, row.store.code)


def _unbroken(text: str) -> SafeString:
    """The text on one line, however narrow its column."""
    return format_html('<span style="white-space: nowrap">{}</span>', text)


def _initial(row: ReorderRecommendation) -> dict[str, Any]:
    return {"quantity": row.recommended_order_quantity, "version": row.version}


def _value(row: ReorderRecommendation) -> Any:
    return row.unit_cost * (row.approved_quantity or row.recommended_order_quantity)


def _page(row: ReorderRecommendation, rule: PackRule, *, next_row: ReorderRecommendation | None) -> dict[str, Any]:
    outlook = stock_outlook(row)
    return {
        "title": f"{row.product} @ {row.store}",
        "row": row,
        "rule": rule,
        "packs": row.recommended_order_quantity / rule.pack_units,
        "value": _value(row),
        "chance": None if row.stockout_probability is None else round(100 * row.stockout_probability),
        "reasons": explain(row.dossier),
        "outlook": outlook,
        "outlook_chart": _chart(outlook),
        "chart_title": f"Sales of {HISTORY_DAYS} days, the forecast, and how long the stock lasts",
        "model_name": outlook.model.replace("_", " "),
        "decisions": row.decisions.order_by("-pk"),
        "next_row": next_row,
    }


def _chart(outlook: StockOutlook) -> dict[str, Any]:
    """Sales and the forecast with its 80 % band on the left axis, the projected stock on the right one."""
    days = outlook.days
    series = [chart_series("Sold", [day.sold_units for day in days], kind="bar", colour="muted")]
    if outlook.model:
        low = chart_series("80 % of days: from", _rounded([day.low_units for day in days]), colour="accent")
        high = chart_series("80 % of days: to", _rounded([day.high_units for day in days]), colour="accent")
        series += [
            {**low, "width": 0.5},
            {**high, "width": 0.5, "fill": "-1"},
            chart_series("Forecast", _rounded([day.expected_units for day in days]), colour="accent", dashed=True),
            chart_series(
                "Stock without this order",
                _rounded([day.stock_units for day in days]),
                colour="danger",
                axis="right",
                stepped=True,
            ),
            chart_series(
                "Stock with this order",
                _rounded([day.stock_with_order_units for day in days]),
                axis="right",
                stepped=True,
            ),
        ]
    return chart_data(
        labels=[day.day.isoformat() for day in days],
        series=series,
        y_title="Units per day",
        y_right_title="Stock (units)",
    )


def _rounded(values: list[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 2) for value in values]


def _approved(decision: Decision) -> SafeString:
    row = decision.recommendation
    order = row.purchase_order_line.purchase_order  # type: ignore[union-attr]  # an approval always has its line
    return format_html(
        'Approved: {} units of {} for {}, on draft order <a href="{}">{}</a>.',
        f"{decision.quantity:,}",
        row.product.sku,
        row.store.code,
        reverse("admin:inventory_purchaseorder_change", args=[order.pk]),
        order.number,
    )


def _tell(request: HttpRequest, outcome: Outcome, *, word: str) -> None:
    if outcome.done and word == "approved":
        drafts = f"{reverse('admin:inventory_purchaseorder_changelist')}?status__exact=draft"
        said = format_html('{} approved, on <a href="{}">draft orders</a>.', f"{len(outcome.done):,}", drafts)
        messages.success(request, said)
    elif outcome.done:
        messages.success(request, f"{len(outcome.done):,} {word}.")
    if outcome.skipped:
        reasons = " · ".join(why for _, why in outcome.skipped[:SHOWN_SKIPS])
        more = len(outcome.skipped) - SHOWN_SKIPS
        rest = f" · and {more:,} more" if more > 0 else ""
        messages.warning(request, f"{len(outcome.skipped):,} skipped: {reasons}{rest}")
