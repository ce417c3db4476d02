"""The buyer's desk: recommendations with the most money at risk first, why each is made, and the decision on it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
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
from insights.services.decisions import MOST_AT_ONCE, Outcome, limits_of, pack_rule, staleness_warning
from invencare.lib import clock
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedFilter
from inventory.admin.filters import ClassFilter, ProductCategoryFilter
from inventory.admin.steps import add_errors
from inventory.services.access import scope_of_user
from inventory.services.errors import Conflict

MAY_DECIDE = "insights.decide_reorderrecommendation"
DONE_WORDS = {"approve": "approved", "reject": "rejected", "snooze": "snoozed"}
SHOWN_ROWS = 20
SHOWN_SKIPS = 10
PAGE = "admin:insights_reorderrecommendation_change"
Status = ReorderRecommendation.Status


@admin.register(ReorderRecommendation)
class ReorderRecommendationAdmin(ReadOnlyAdmin):
    """The list and the page. Rows are written by the nightly run; people only decide."""

    paginator = BoundedPaginator
    list_display = [
        "show_product",
        "show_store",
        "show_urgency",
        "show_at_risk",
        "show_quantity",
        "show_value",
        "show_on_hand",
        "show_on_order",
        "show_demand",
        "show_chance",
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
    actions = ["approve_selected", "snooze_selected", "reject_selected"]
    list_before_template = "admin/insights/reorderrecommendation/before_list.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Lists leave the dossiers, the bulk of each row, in the database.

        Products and the like come by queries of their own: joined, MariaDB sorts all rows to find the worst 50.
        """
        rows = super().get_queryset(request).defer("dossier", "notes")
        return rows.prefetch_related("product", "store", "supplier")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(MAY_DECIDE))

    @action(description="Approve …", permissions=["decide"])
    def approve_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self._bulk(request, queryset, verb="approve")

    @action(description="Snooze …", permissions=["decide"])
    def snooze_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self._bulk(request, queryset, verb="snooze")

    @action(description="Reject …", permissions=["decide"])
    def reject_selected(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self._bulk(request, queryset, verb="reject")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, and above it how many wait for a second person: they are easily forgotten elsewhere."""
        scope = scope_of_user(request.user)
        waiting = ReorderRecommendation.objects.visible_to(scope).filter(status=Status.PROPOSED).count()
        context = {"waiting": waiting, "is_shown": request.GET.get("status__exact") == Status.PROPOSED}
        return super().changelist_view(request, {**context, **(extra_context or {})})

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
        rule, now = pack_rule(row), clock.now()
        tomorrow = clock.business_date(now, row.store.zone) + timedelta(days=1)
        form = DecisionForm(request.POST or None, rule=rule, first_day=tomorrow, initial=_initial(row))
        if request.method == "POST":
            if not self.has_decide_permission(request):
                raise PermissionDenied
            if form.is_valid() and self._decide(request, row, form, now=now):
                return HttpResponseRedirect(reverse(PAGE, args=[row.pk]))
        context = {
            **self.admin_site.each_context(request),
            **page_context(
                row,
                rule,
                limits=limits_of(request.user, now=now),  # type: ignore[arg-type]  # nobody anonymous is here
                reader=request.user,
                now=now,
                next_row=self._next(request, row),
            ),
            "opts": self.opts,
            "form": form,
            "free_change": f"{100 * settings.DECISION_FREE_CHANGE:g}",
            "may_decide": self.has_decide_permission(request) and row.is_open,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/insights/reorderrecommendation/change_form.html", context)

    def _decide(self, request: HttpRequest, row: ReorderRecommendation, form: DecisionForm, *, now: datetime) -> bool:
        """Ask the service for what the pressed button says; False when the form has to be shown again."""
        given = form.cleaned_data
        verb = request.POST.get("decision", "approve")
        if verb == "approve" and given["quantity"] is None:
            form.add_error("quantity", "Give the units to order.")
            return False
        who: dict[str, Any] = {
            "recommendation_id": row.pk,
            "actor": request.user,
            "now": now,
            "reason": given["reason"],
            "reason_code": given["reason_code"],
            "version": given["version"],
            "scope": scope_of_user(request.user),
        }
        try:
            if verb == "reject":
                decision = decisions.reject(**who)
            elif verb == "snooze":
                decision = decisions.snooze(until=given["until"], **who)
            else:
                decision = decisions.approve(quantity=given["quantity"], **who)
        except ValidationError as refusal:
            add_errors(form, refusal)
            return False
        except PermissionDenied as refusal:  # one's own proposal, or over the limit: said where the button is
            form.add_error(None, str(refusal))
            return False
        except Conflict as conflict:
            messages.error(request, str(conflict))
        else:
            messages.success(request, _said(decision))
            if warning := staleness_warning(decision.numbers_age_days):
                messages.warning(request, warning)
        return True

    def _next(self, request: HttpRequest, row: ReorderRecommendation) -> ReorderRecommendation | None:
        """The pending row behind this one in the list, else the first of the list."""
        pending = ReorderRecommendation.objects.visible_to(scope_of_user(request.user)).pending().exclude(pk=row.pk)
        pending = pending.worst_first().select_related("product").only("product__sku", "status")
        found: ReorderRecommendation | None = pending.after(row).first() or pending.first()
        return found

    def _bulk(self, request: HttpRequest, queryset: Any, *, verb: str) -> HttpResponse | None:
        """Show what is about to be decided and ask for the reason; then one service call and its outcome."""
        if "confirmed" not in request.POST:
            ids = list(queryset.order_by().values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
            if len(ids) > MOST_AT_ONCE:
                messages.error(request, f"Choose at most {MOST_AT_ONCE:,} at once; filter the list to fewer.")
                return None
            form = BulkForm(action=verb, initial={"ids": ",".join(map(str, ids)), "percent": 100})
            return self._confirm(request, form, ids, verb=verb)
        form = BulkForm(request.POST, action=verb)
        if "ids" in form.errors or not form.data.get("ids"):
            messages.error(request, "The chosen rows cannot be read; choose them again.")
            return None
        ids = form.cleaned_data["ids"]
        if not form.is_valid():
            return self._confirm(request, form, ids, verb=verb)
        given = {name: value for name, value in form.cleaned_data.items() if name != "ids"}
        decide: Any = {
            "approve": decisions.approve_many,
            "reject": decisions.reject_many,
            "snooze": decisions.snooze_many,
        }[verb]
        try:
            outcome = decide(
                recommendation_ids=ids,
                actor=request.user,
                now=clock.now(),
                scope=scope_of_user(request.user),
                **given,
            )
        except ValidationError as refusal:
            add_errors(form, refusal)
            return self._confirm(request, form, ids, verb=verb)
        except Conflict as conflict:
            messages.error(request, f"Nothing was decided: {conflict}")
        else:
            _tell(request, outcome, word=DONE_WORDS[verb])
        return HttpResponseRedirect(request.get_full_path())

    def _confirm(self, request: HttpRequest, form: BulkForm, ids: list[int], *, verb: str) -> HttpResponse:
        rows = ReorderRecommendation.objects.visible_to(scope_of_user(request.user)).filter(pk__in=ids)
        values = rows.order_by("store__currency").values_list("store__currency")
        value = ExpressionWrapper(
            F("unit_cost") * F("recommended_order_quantity"), DecimalField(max_digits=18, decimal_places=4)
        )
        totals = values.annotate(value=Sum(value))
        shown = rows.worst_first().select_related("product", "store", "supplier").defer("dossier")[:SHOWN_ROWS]
        context = {
            **self.admin_site.each_context(request),
            "title": f"{verb.title()} {len(ids):,} recommendation{'' if len(ids) == 1 else 's'}",
            "opts": self.opts,
            "form": form,
            "free_change": f"{100 * settings.DECISION_FREE_CHANGE:g}",
            "verb": verb,
            "count": len(ids),
            "totals": list(totals),
            "rows": shown,
            "hidden_rows": max(len(ids) - SHOWN_ROWS, 0),
            "action_name": f"{verb}_selected",
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
        decided = row.proposed_quantity if row.status == Status.PROPOSED else row.approved_quantity
        if decided is None or decided == row.recommended_order_quantity:
            return f"{row.recommended_order_quantity:,}"
        return format_html("{} <s>{}</s>", f"{decided:,}", f"{row.recommended_order_quantity:,}")

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
        label={
            "Pending": "warning",
            "Waits for a second person": "danger",
            "Snoozed": "info",
            "Approved": "success",
            "Rejected": "danger",
            "Expired": "info",
        },
    )
    def show_status(self, row: ReorderRecommendation) -> str:
        return row.get_status_display()


def _unbroken(text: str) -> SafeString:
    """The text on one line, however narrow its column."""
    return format_html('<span style="white-space: nowrap">{}</span>', text)


def _initial(row: ReorderRecommendation) -> dict[str, Any]:
    proposed = row.proposed_quantity if row.status == Status.PROPOSED else None
    return {"quantity": proposed or row.recommended_order_quantity, "version": row.version}


def _said(decision: Decision) -> SafeString | str:
    row, units = decision.row, f"{decision.quantity or 0:,}"
    what = f"{row.product.sku} for {row.store.code}"
    if decision.action == Decision.Action.REJECT:
        return f"Rejected: {what}."
    if decision.action == Decision.Action.SNOOZE:
        return f"Snoozed until {decision.snoozed_until:%-d %b %Y}: {what}."
    if decision.action == Decision.Action.PROPOSE:
        return f"Proposed: {units} units of {what}. It is over your limit, so a second person has to approve it."
    order = row.purchase_order_line.purchase_order
    return format_html(
        'Approved: {} units of {}, on draft order <a href="{}">{}</a>.',
        units,
        what,
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
    if outcome.proposed:
        messages.warning(
            request, f"{len(outcome.proposed):,} proposed: over your limit, so a second person has to approve them."
        )
    if outcome.skipped:
        reasons = " · ".join(why for _, why in outcome.skipped[:SHOWN_SKIPS])
        more = len(outcome.skipped) - SHOWN_SKIPS
        rest = f" · and {more:,} more" if more > 0 else ""
        messages.warning(request, f"{len(outcome.skipped):,} skipped: {reasons}{rest}")
