"""Proposed transfers: the largest gain first, why each is made, and the decision of the sending store's people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import DecimalField, ExpressionWrapper, F, Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from insights.admin.deciding import DecidingAdmin, Status, unbroken
from insights.admin.proposal_page import card, proposal_context
from insights.admin.recommendation_forms import StatusFilter
from insights.models import Decision, TransferRecommendation
from insights.services.decisions import TRANSFERS, limits_of
from insights.services.moves.dossier import explain_transfer
from inventory.admin.base import ScopedFilter
from inventory.admin.filters import ProductCategoryFilter
from inventory.calc.packs import PackRule
from inventory.models import Store
from inventory.services.access import scope_of_user


class EitherStoreFilter(DropdownFilter):
    """Moves that would leave or reach one of the reader's stores."""

    title = "store (either end)"
    parameter_name = "store"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        stores = Store.objects.visible_to(scope_of_user(request.user))
        return [(str(store.pk), str(store)) for store in stores]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value() or ""
        return queryset.filter(Q(from_store=value) | Q(to_store=value)) if value.isdecimal() else queryset


class DecidedHereFilter(DropdownFilter):
    """Moves out of the reader's stores: those that the reader's people decide."""

    title = "decided by"
    parameter_name = "decided_by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("me", "My stores")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.decided_by(scope_of_user(request.user)) if self.value() == "me" else queryset


@admin.register(TransferRecommendation)
class TransferRecommendationAdmin(DecidingAdmin):
    """Either end's people see a proposal; it is the sender's stock, so the sender's people decide."""

    filled_by = "The nightly run proposes transfers here where they are worth more than they cost."
    kind = TRANSFERS
    may_decide = "insights.decide_transferrecommendation"
    page = "admin:insights_transferrecommendation_change"
    page_template = "admin/insights/proposal.html"
    related = ("product", "from_store", "to_store", "stock_transfer_line__transfer")
    quantity_verb = "move"
    noun, nouns = "transfer proposal", "transfer proposals"
    approval_says = (
        "Each is approved and goes onto the draft transfer between its two stores. What is over your limit becomes a "
        "proposal for a second person. What somebody else has decided, and what is another store's to send, is left alone "
        "and named."
    )
    columns = (
        ("Product", False),
        ("From", False),
        ("To", False),
        ("Net gain", True),
        ("Move (units)", True),
        ("Status", False),
    )
    list_display = [
        "show_product",
        "show_from",
        "show_to",
        "show_gain",
        "show_quantity",
        "show_value",
        "show_sender_stock",
        "show_receiver_stock",
        "show_chance",
        "show_days",
        "show_status",
    ]
    list_filter = [
        StatusFilter,
        DecidedHereFilter,
        EitherStoreFilter,
        ("from_store", ScopedFilter),
        ("to_store", ScopedFilter),
        ProductCategoryFilter,
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        """As the desk of orders: no dossiers, no joins."""
        rows = super().get_queryset(request).defer("dossier", "notes")
        return rows.prefetch_related("product", "from_store", "to_store")

    def page_of(self, request: HttpRequest, row: Any, rule: PackRule, *, now: datetime) -> dict[str, Any]:
        user: Any = request.user
        same = {"product": row.product_id, "from_store": row.from_store_id, "to_store": row.to_store_id}
        context = proposal_context(
            row,
            self.kind,
            limits=limits_of(user, now=now),
            reader=user,
            now=now,
            next_row=self.next_row(request, row),
            same=same,
        )
        is_mine = self.decides(row, scope_of_user(user))
        return context | {
            "title": f"{row.product} · {row.from_store.code} to {row.to_store.code}",
            "where": f"{row.from_store} to {row.to_store}",
            "verb": "move",
            "facts": _facts(row),
            "reasons": explain_transfer(row.dossier),
            "why_title": "Why this move",
            "made": _made(row),
            "not_mine": ""
            if is_mine
            else f"It would leave {row.from_store.name}: that store's people, or a buyer, decide it.",
        }

    def totals(self, rows: Any) -> list[tuple[str, Any]]:
        value = ExpressionWrapper(
            F("unit_cost") * F("recommended_quantity"), DecimalField(max_digits=18, decimal_places=4)
        )
        by_currency = rows.order_by("from_store__currency").values_list("from_store__currency")
        return list(by_currency.annotate(value=Sum(value)))

    def cells(self, row: Any) -> list[str]:
        return [
            str(row.product),
            row.from_store.code,
            row.to_store.code,
            f"{row.net_gain:,.2f} {row.from_store.currency}",
            f"{row.recommended_quantity:,}",
            row.get_status_display(),
        ]

    def said(self, decision: Decision) -> SafeString | str:
        transfer = decision.row.stock_transfer_line.transfer
        return format_html(
            'Approved: {} units of {}, on draft transfer <a href="{}">{}</a>.',
            f"{decision.quantity or 0:,}",
            self.kind.words(decision.row),
            reverse("admin:inventory_stocktransfer_change", args=[transfer.pk]),
            transfer.number,
        )

    def said_of_many(self, count: str) -> SafeString | str:
        drafts = f"{reverse('admin:inventory_stocktransfer_changelist')}?status__exact=draft"
        return format_html('{} approved, on <a href="{}">draft transfers</a>.', count, drafts)

    @display(description="from", ordering="from_store__code")
    def show_from(self, row: TransferRecommendation) -> str:
        return str(row.from_store.code)

    @display(description="to", ordering="to_store__code")
    def show_to(self, row: TransferRecommendation) -> str:
        return str(row.to_store.code)

    @display(description="net gain", ordering="net_gain")
    def show_gain(self, row: TransferRecommendation) -> SafeString:
        return unbroken(f"{row.net_gain:,.2f} {row.from_store.currency}")

    @display(description="move (units)", ordering="recommended_quantity")
    def show_quantity(self, row: TransferRecommendation) -> SafeString | str:
        decided = row.proposed_quantity if row.status == Status.PROPOSED else row.approved_quantity
        if decided is None or decided == row.recommended_quantity:
            return f"{row.recommended_quantity:,}"
        return format_html("{} <s>{}</s>", f"{decided:,}", f"{row.recommended_quantity:,}")

    @display(description="value, at cost")
    def show_value(self, row: TransferRecommendation) -> SafeString:
        return unbroken(f"{row.unit_cost * row.recommended_quantity:,.2f} {row.from_store.currency}")

    @display(description="sender has (units)", ordering="sender_stock")
    def show_sender_stock(self, row: TransferRecommendation) -> str:
        return f"{row.sender_stock:,}"

    @display(description="receiver has (units)", ordering="receiver_stock")
    def show_receiver_stock(self, row: TransferRecommendation) -> str:
        return f"{row.receiver_stock:,}"

    @display(description="receiver runs out", ordering="stockout_probability")
    def show_chance(self, row: TransferRecommendation) -> str:
        return f"{row.stockout_probability:.0%}"

    @display(description="days: transfer, supplier")
    def show_days(self, row: TransferRecommendation) -> SafeString:
        return unbroken(f"{row.transfer_days}, {row.supplier_days}")


def _facts(row: TransferRecommendation) -> list[dict[str, Any]]:
    currency = row.from_store.currency
    units = row.approved_quantity or row.recommended_quantity
    decided = f"recommended {row.recommended_quantity:,}" if row.approved_quantity else "by the largest net gain"
    return [
        card("Approved move" if row.approved_quantity else "Recommended move", f"{units:,} units", decided),
        card("Net gain", f"{row.net_gain:,.2f} {currency}", "expected, if it is moved now"),
        card(f"{row.from_store.code} has", f"{row.sender_stock:,} units", "keeps what it needs itself"),
        card(
            f"{row.to_store.code} has",
            f"{row.receiver_stock:,} units",
            f"{row.stockout_probability:.0%} likely to run out before an order comes",
            is_bad=row.receiver_stock <= 0,
        ),
        card("Gain at the receiver", f"{row.gain:,.2f} {currency}", "margin of sales that it would miss"),
        card(
            "Loss at the sender" if row.loss > 0 else "Saved at the sender",
            f"{abs(row.loss):,.2f} {currency}",
            "sales it may miss, less holding",
        ),
        card("Cost of the move", f"{row.cost:,.2f} {currency}"),
        card("Arrives in", f"{row.transfer_days} days", f"an order from the supplier in {row.supplier_days}"),
    ]


def _made(row: TransferRecommendation) -> dict[str, str] | None:
    if row.stock_transfer_line is None:
        return None
    transfer = row.stock_transfer_line.transfer
    return {
        "url": reverse("admin:inventory_stocktransfer_change", args=[transfer.pk]),
        "words": f"On {transfer.number}, {transfer.get_status_display().lower()}",
    }
