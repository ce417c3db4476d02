"""Excess stock: the most money first, what to do with it, and the decision; an order stop can be lifted here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from insights.admin.deciding import DecidingAdmin, unbroken
from insights.admin.proposal_page import card, proposal_context
from insights.admin.recommendation_forms import StatusFilter
from insights.models import Decision, ExcessRecommendation, TransferRecommendation
from insights.services.decisions import EXCESS, limits_of
from insights.services.moves.dossier import explain_excess
from invencare.lib import clock
from inventory.admin.base import ScopedFilter
from inventory.admin.filters import ProductCategoryFilter
from inventory.calc.packs import PackRule
from inventory.models import StockLevel
from inventory.services.access import scope_of_user
from inventory.services.order_stops import resume_orders

Action = ExcessRecommendation.Action


@admin.register(ExcessRecommendation)
class ExcessRecommendationAdmin(DecidingAdmin):
    """What a store has too much of."""

    filled_by = "The nightly run lists stock here that a store will not want."
    kind = EXCESS
    may_decide = "insights.decide_excessrecommendation"
    page = "admin:insights_excessrecommendation_change"
    page_template = "admin/insights/proposal.html"
    related = ("product", "store")
    has_quantity = False
    noun, nouns = "excess", "kinds of excess"
    approval_says = (
        "Stop ordering: no order is recommended before the day named, and what is proposed now expires. Move: the transfers "
        "proposed from there are approved. Mark down: the decision and its price are kept for whoever sets prices. What "
        "somebody else has decided is left alone and named."
    )
    columns = (
        ("Product", False),
        ("Store", False),
        ("What to do", False),
        ("At stake", True),
        ("Tied up", True),
        ("Excess (units)", True),
        ("Status", False),
    )
    list_display = [
        "show_product",
        "show_store",
        "show_action",
        "show_stake",
        "show_tied_up",
        "show_units",
        "show_stock",
        "show_on_order",
        "show_cover",
        "show_price",
        "show_status",
    ]
    list_filter = [
        StatusFilter,
        ("store", ScopedFilter),
        ("action", ChoicesDropdownFilter),
        ProductCategoryFilter,
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        """As the desk of orders: no dossiers, no joins."""
        rows = super().get_queryset(request).defer("dossier", "notes")
        return rows.prefetch_related("product", "store")

    def get_urls(self) -> list[Any]:
        resume = path(
            "<int:pk>/resume/",
            self.admin_site.admin_view(self.resume_view),
            name="insights_excessrecommendation_resume",
        )
        return [resume, *super().get_urls()]

    def resume_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Lift the order stop of the row's product and store."""
        if request.method != "POST" or not self.has_decide_permission(request):
            raise PermissionDenied
        row = self.kind.model.objects.visible_to(scope_of_user(request.user)).filter(pk=pk).first()
        if row is None:
            raise Http404("There is no such excess in your stores.")
        if resume_orders([(row.store_id, row.product_id)]):
            messages.success(request, "Orders are recommended again, from the next nightly run on.")
        return HttpResponseRedirect(reverse(self.page, args=[pk]))

    def page_of(self, request: HttpRequest, row: Any, rule: PackRule, *, now: datetime) -> dict[str, Any]:
        user: Any = request.user
        same = {"product": row.product_id, "store": row.store_id}
        context = proposal_context(
            row,
            self.kind,
            limits=limits_of(user, now=now),
            reader=user,
            now=now,
            next_row=self.next_row(request, row),
            same=same,
        )
        stop = _stop_of(row)
        in_force = stop is not None and stop > clock.business_date(now, row.store.zone)
        return context | {
            "title": f"{row.product} @ {row.store}",
            "where": str(row.store),
            "verb": row.get_action_display().lower(),
            "facts": _facts(row),
            "reasons": explain_excess(row.dossier),
            "why_title": "Why it is too much, and what to do",
            "moves": _moves(row) if row.action == Action.MOVE else [],
            "stop": stop if in_force else None,
            "may_resume": in_force and self.has_decide_permission(request),
        }

    def totals(self, rows: Any) -> list[tuple[str, Any]]:
        return list(rows.order_by("store__currency").values_list("store__currency").annotate(Sum("tied_up_value")))

    def cells(self, row: Any) -> list[str]:
        return [
            str(row.product),
            row.store.code,
            row.get_action_display(),
            f"{row.value_at_stake:,.2f} {row.store.currency}",
            f"{row.tied_up_value:,.2f} {row.store.currency}",
            f"{row.recommended_quantity:,}",
            row.get_status_display(),
        ]

    def said(self, decision: Decision) -> SafeString | str:
        row = decision.row
        what = self.kind.words(row)
        if row.action == Action.STOP_ORDERING:
            return f"Approved: no order of {what} is recommended before {row.stop_until:%-d %b %Y}."
        if row.action == Action.MOVE:
            drafts = f"{reverse('admin:inventory_stocktransfer_changelist')}?status__exact=draft"
            return format_html('Approved: {} goes onto <a href="{}">draft transfers</a>.', what, drafts)
        return f"Approved: {what} is to be marked down to {row.mark_down_to:,.2f} {row.store.currency}."

    def said_of_many(self, count: str) -> SafeString | str:
        return f"{count} approved."

    @display(description="store", ordering="store__code")
    def show_store(self, row: ExcessRecommendation) -> str:
        return str(row.store.code)

    @display(
        description="what to do",
        ordering="action",
        label={"Stop ordering": "warning", "Move": "info", "Mark down": "danger"},
    )
    def show_action(self, row: ExcessRecommendation) -> str:
        return row.get_action_display()

    @display(description="at stake", ordering="value_at_stake")
    def show_stake(self, row: ExcessRecommendation) -> SafeString:
        return unbroken(f"{row.value_at_stake:,.2f} {row.store.currency}")

    @display(description="tied up, at cost", ordering="tied_up_value")
    def show_tied_up(self, row: ExcessRecommendation) -> SafeString:
        return unbroken(f"{row.tied_up_value:,.2f} {row.store.currency}")

    @display(description="excess (units)", ordering="recommended_quantity")
    def show_units(self, row: ExcessRecommendation) -> str:
        return f"{row.recommended_quantity:,}"

    @display(description="on hand (units)", ordering="current_stock")
    def show_stock(self, row: ExcessRecommendation) -> str:
        return f"{row.current_stock:,}"

    @display(description="on order (units)", ordering="on_order_units")
    def show_on_order(self, row: ExcessRecommendation) -> str:
        return f"{row.on_order_units:,}"

    @display(description="cover (weeks)", ordering="weeks_of_cover")
    def show_cover(self, row: ExcessRecommendation) -> str:
        return "does not sell" if row.weeks_of_cover is None else f"{row.weeks_of_cover:,.1f}"

    @display(description="mark down to", ordering="mark_down_to")
    def show_price(self, row: ExcessRecommendation) -> SafeString | str:
        return "–" if row.mark_down_to is None else unbroken(f"{row.mark_down_to:,.2f} {row.store.currency}")


def _facts(row: ExcessRecommendation) -> list[dict[str, Any]]:
    currency = row.store.currency
    cover = "does not sell" if row.weeks_of_cover is None else f"{row.weeks_of_cover:,.1f} weeks"
    facts = [
        card("Excess", f"{row.recommended_quantity:,} units", f"the store has use for {row.wanted_units:,}"),
        card("Money tied up", f"{row.tied_up_value:,.2f} {currency}", f"at {row.unit_cost:,.2f} a unit"),
        card("At stake", f"{row.value_at_stake:,.2f} {currency}", "holding, and what would be wasted"),
        card("On hand", f"{row.current_stock:,} units"),
        card("On order", f"{row.on_order_units:,} units", is_bad=row.on_order_units > 0),
        card("Cover", cover, "at the expected demand", is_bad=row.weeks_of_cover is None),
    ]
    if row.mark_down_to is not None:
        price = f"{row.mark_down_to:,.2f} {currency}"
        facts.append(card("Mark down to", price, f"the price is {row.product.price:,.2f}"))
    if row.stop_until is not None:
        facts.append(card("No order before", f"{row.stop_until:%-d %b %Y}"))
    return facts


def _moves(row: ExcessRecommendation) -> list[TransferRecommendation]:
    """The transfers that are proposed from there on the same day."""
    moves = TransferRecommendation.objects.filter(
        product=row.product_id, from_store=row.store_id, recommendation_date=row.recommendation_date
    )
    return list(moves.select_related("to_store", "from_store", "product").defer("dossier"))


def _stop_of(row: ExcessRecommendation) -> Any:
    level = StockLevel.objects.filter(store=row.store_id, product=row.product_id)
    return level.values_list("orders_stopped_until", flat=True).first()
