"""Price elasticities: the list, and for one product what was sold at which price and what another price would bring."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from insights.admin.customers import is_changelist
from insights.models import DemandAnalysis, PriceElasticity
from insights.services.customer_pages import newest_analyses
from insights.services.price_choice import PriceQuestion, find_best_price
from insights.services.price_pages import fitted_units, price_levels, try_price
from invencare.lib.charts import chart_band, chart_data, chart_marks, chart_series
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin
from inventory.services.access import scope_of_user
from inventory.services.errors import Conflict


class PriceForm(forms.Form):
    """What the buyer tries out; the answer is per the period of the quantity."""

    tried_price = forms.FloatField(label="price to try", min_value=0.0001, max_value=1e9)
    current_price = forms.FloatField(label="price now", min_value=0.0001, max_value=1e9)
    quantity = forms.FloatField(label="units a day now", min_value=0.0001, max_value=1e12)
    cost = forms.FloatField(label="cost a unit", min_value=0, max_value=1e9)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget = UnfoldAdminDecimalFieldWidget(attrs={"step": "any", "min": "0"})


@admin.register(PriceElasticity)
class PriceElasticityAdmin(ReadOnlyAdmin):
    """The newest elasticities of products and, without a product, of categories."""

    filled_by = "The weekly job “Measure price elasticities” measures products whose price has changed; “manage.py train_demand_insights” does it now."
    paginator = BoundedPaginator
    list_display = ["show_what", "category", "verdict", "show_elasticity", "show_interval", "observations", "reason"]
    list_filter = [("verdict", ChoicesDropdownFilter), "category"]
    list_select_related = ("product",)
    ordering = ["category", "product"]  # a category’s own row comes first
    search_fields = ["product__sku", "product__name", "category"]
    search_help_text = "SKU, product name or category"
    change_form_template = "admin/insights/priceelasticity/change_form.html"
    fields = ["product", "category", "verdict", "reason", "observations", "analysis"]

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        is_list = is_changelist(request)
        return rows.filter(analysis__in=newest_analyses(DemandAnalysis.Kind.PRICES)) if is_list else rows

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_queryset(request).filter(pk=object_id).select_related("product", "analysis").first()
        context = {**(extra_context or {}), "elasticity": row}
        if row is not None and row.product is not None:
            context |= self._product_context(request, row)
        return super().change_view(request, object_id, form_url, context)

    def _product_context(self, request: HttpRequest, row: PriceElasticity) -> dict[str, Any]:
        levels = price_levels(row, scope=scope_of_user(request.user))
        context: dict[str, Any] = {"levels": levels, "points_chart": _points_chart(row, levels)}
        if row.elasticity is None:
            return context
        form = PriceForm(request.GET or None, initial=_start(row))
        asked = form.cleaned_data if form.is_bound and form.is_valid() else _start(row)
        context["form"] = form
        if not all(asked[name] > 0 for name in ("tried_price", "current_price", "quantity")):
            return context
        tried = try_price(
            row,
            current=asked["current_price"],
            quantity=asked["quantity"],
            cost=asked["cost"],
            tried=asked["tried_price"],
        )
        question = PriceQuestion(asked["current_price"], asked["quantity"], asked["cost"])
        try:
            context["best"] = find_best_price(row.analysis, product=row.product, question=question)
        except (forms.ValidationError, Conflict) as refusal:
            context["no_best"] = " ".join(getattr(refusal, "messages", [str(refusal)]))
        return context | {"tried": tried.outcome, "profit_chart": _profit_chart(row, tried, asked)}

    @display(description="product", ordering="product__sku")
    def show_what(self, row: PriceElasticity) -> str:
        return str(row.product) if row.product else f"All of {row.category or 'no category'} ({row.products})"

    @display(description="elasticity", ordering="elasticity")
    def show_elasticity(self, row: PriceElasticity) -> str:
        return "not known" if row.elasticity is None else f"{row.elasticity:.2f}"

    @display(description="95 % interval")
    def show_interval(self, row: PriceElasticity) -> str:
        return "" if row.lower is None or row.upper is None else f"{row.lower:.2f} to {row.upper:.2f}"


def _start(row: PriceElasticity) -> dict[str, float]:
    product: Any = row.product
    price = round(float(product.price) or row.mean_price or 0.0, 2)
    return {
        "tried_price": price,
        "current_price": price,
        "quantity": round(row.units_per_day or 0.0, 2),
        "cost": float(product.unit_cost),
    }


def _points_chart(row: PriceElasticity, levels: Any) -> dict[str, Any]:
    sold = chart_series("Sold a day in a store", [round(one.units_per_day, 3) for one in levels], kind="bar")
    series = [sold]
    if row.elasticity is not None:
        curve = chart_series("Fitted: elasticity alone", fitted_units(row, levels), colour="accent", dashed=True)
        series.append(curve)
    labels = [f"{one.price:,.2f}" for one in levels]
    return chart_data(
        labels=labels, series=series, x_title=f"Price ({row.analysis.currency})", y_title="Units a day with stock"
    )


def _profit_chart(row: PriceElasticity, tried: Any, asked: dict[str, float]) -> dict[str, Any]:
    nearest = min(range(len(tried.prices)), key=lambda place: abs(tried.prices[place] - asked["tried_price"]))
    marks = [f"{asked['tried_price']:,.2f} tried" if place == nearest else None for place in range(len(tried.prices))]
    return chart_data(
        labels=[f"{price:,.2f}" for price in tried.prices],
        series=[
            chart_series("Profit a day", [round(value, 2) for value in tried.profit]),
            chart_band(
                "95 % of elasticities",
                [round(value, 2) for value in tried.lower],
                [round(value, 2) for value in tried.upper],
            ),
            chart_marks("Tried", marks),
        ],
        x_title=f"Price ({row.analysis.currency})",
        y_title=f"Profit a day ({row.analysis.currency})",
    )
