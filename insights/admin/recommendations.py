"""The buyer's desk: recommendations worst first, why each is made, and the decision on it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import DecimalField, ExpressionWrapper, F, Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display

from insights.admin.recommendation_forms import BulkForm, DecisionForm, StatusFilter
from insights.admin.recommendation_page import order_value, page_context
from insights.models import Decision, ReorderRecommendation
from insights.services import decisions
from insights.services.decisions import MOST_AT_ONCE, Outcome, pack_rule
from invencare.lib import clock
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedFilter
from inventory.admin.filters import ClassFilter, ProductCategoryFilter
from inventory.admin.steps import add_errors
from inventory.services.access import scope_of_user
from inventory.services.errors import Conflict

MAY_DECIDE = "insights.decide_reorderrecommendation"
SHOWN_ROWS = 20
SHOWN_SKIPS = 10
PAGE = "admin:insights_reorderrecommendation_change"


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
    list_select_related = ()  # see get_queryset
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
        """Lists leave the dossiers, the bulk of each row, in the database.

        Products and the like come by queries of their own: joined, MariaDB sorts all rows to find the worst 50.
        """
        rows = super().get_queryset(request).defer("dossier", "notes")
        return rows.prefetch_related("product", "store", "supplier")

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
            **page_context(row, rule, next_row=self._next(request, row)),
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
        return _unbroken(f"{order_value(row):,.2f} {row.store.currency}")

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


def _unbroken(text: str) -> SafeString:
    """The text on one line, however narrow its column."""
    return format_html('<span style="white-space: nowrap">{}</span>', text)


def _initial(row: ReorderRecommendation) -> dict[str, Any]:
    return {"quantity": row.recommended_order_quantity, "version": row.version}


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
