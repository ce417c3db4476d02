"""The buyer's desk: recommendations with the most money at risk first, why each is made, and the decision on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import DecimalField, ExpressionWrapper, F, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from insights.admin.deciding import DecidingAdmin, Status, unbroken
from insights.admin.recommendation_forms import StatusFilter
from insights.admin.recommendation_page import order_value, page_context
from insights.models import Decision, ReorderRecommendation
from insights.services.decisions import ORDERS, limits_of
from inventory.admin.base import ScopedFilter
from inventory.admin.filters import ClassFilter, ProductCategoryFilter
from inventory.calc.packs import PackRule


@admin.register(ReorderRecommendation)
class ReorderRecommendationAdmin(DecidingAdmin):
    """The list and the page of recommended orders."""

    filled_by = "The nightly run proposes orders here. Nothing is waiting for a decision."
    kind = ORDERS
    may_decide = "insights.decide_reorderrecommendation"
    page = "admin:insights_reorderrecommendation_change"
    page_template = "admin/insights/reorderrecommendation/change_form.html"
    related = ("product", "store", "supplier", "purchase_order_line__purchase_order")
    approval_says = (
        "Each is approved and goes onto the draft order of its supplier and store. What is over your limit becomes a "
        "proposal for a second person. What somebody else has decided and what has no supplier is left alone and named."
    )
    columns = (
        ("Product", False),
        ("Store", False),
        ("Supplier", False),
        ("Urgency", False),
        ("Margin at risk", True),
        ("Order (units)", True),
        ("Status", False),
    )
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
    list_filter = [
        StatusFilter,
        ("store", ScopedFilter),
        ("supplier", ScopedFilter),
        ("urgency_level", ChoicesDropdownFilter),
        ClassFilter,
        ProductCategoryFilter,
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Lists leave the dossiers, the bulk of each row, in the database.

        Products and the like come by queries of their own: joined, MariaDB sorts all rows to find the worst 50.
        """
        rows = super().get_queryset(request).defer("dossier", "notes")
        return rows.prefetch_related("product", "store", "supplier")

    def page_of(self, request: HttpRequest, row: Any, rule: PackRule, *, now: datetime) -> dict[str, Any]:
        user: Any = request.user
        next_row = self.next_row(request, row)
        return page_context(
            row,
            rule,
            limits=limits_of(user, now=now),
            reader=user,
            now=now,
            next_row=next_row,
            recomputes="recompute" in request.GET,
        )

    def totals(self, rows: Any) -> list[tuple[str, Any]]:
        value = ExpressionWrapper(
            F("unit_cost") * F("recommended_order_quantity"), DecimalField(max_digits=18, decimal_places=4)
        )
        return list(rows.order_by("store__currency").values_list("store__currency").annotate(value=Sum(value)))

    def cells(self, row: Any) -> list[str]:
        return [
            str(row.product),
            row.store.code,
            row.supplier.name if row.supplier else "none",
            row.get_urgency_level_display(),
            f"{row.money_at_risk:,.2f} {row.store.currency}",
            f"{row.recommended_order_quantity:,}",
            row.get_status_display(),
        ]

    def said(self, decision: Decision) -> SafeString | str:
        row = decision.row
        order = row.purchase_order_line.purchase_order
        return format_html(
            'Approved: {} units of {}, on draft order <a href="{}">{}</a>.',
            f"{decision.quantity or 0:,}",
            self.kind.words(row),
            reverse("admin:inventory_purchaseorder_change", args=[order.pk]),
            order.number,
        )

    def said_of_many(self, count: str) -> SafeString | str:
        drafts = f"{reverse('admin:inventory_purchaseorder_changelist')}?status__exact=draft"
        return format_html('{} approved, on <a href="{}">draft orders</a>.', count, drafts)

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
        return unbroken(f"{order_value(row):,.2f} {row.store.currency}")

    @display(description="margin at risk", ordering="money_at_risk")
    def show_at_risk(self, row: ReorderRecommendation) -> SafeString:
        return unbroken(f"{row.money_at_risk:,.2f} {row.store.currency}")

    @display(description="runs out", ordering="stockout_probability")
    def show_chance(self, row: ReorderRecommendation) -> str:
        return "–" if row.stockout_probability is None else f"{row.stockout_probability:.0%}"
