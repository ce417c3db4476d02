"""How products did, as the nightly analysis found it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from analytics.models import ClassMove, ProductClass, ProductPerformance
from invencare.lib.charts import chart_data, chart_series
from inventory.admin.base import LedgerSizedAdmin, ScopedFilter
from inventory.admin.exchange import StreamedExport
from inventory.admin.filters import ClassFilter
from inventory.models import StockLevel
from inventory.services.access import scope_of_user

SHOWN_MOVES = 12
CHARTED_NIGHTS = 60


@admin.register(ProductPerformance)
class ProductPerformanceAdmin(StreamedExport, LedgerSizedAdmin):
    filled_by = "The nightly run measures every product in every store."
    change_form_template = "admin/analytics/performance.html"
    fields = ["analysis_date", "period_type", "minimum_stock", "maximum_stock", "last_sale_on", "updated_at"]
    list_display = [
        "analysis_date",
        "store",
        "product",
        "period_type",
        "total_sales_volume",
        "total_sales_revenue",
        "show_status",
        "abc_class",
        "score",
    ]
    list_filter = [
        ("store", ScopedFilter),
        ("product", AutocompleteSelectFilter),
        ("analysis_date", RangeDateFilter),
        ("period_type", ChoicesDropdownFilter),
        ("stock_status", ChoicesDropdownFilter),
        ("movement", ChoicesDropdownFilter),
        ClassFilter,
    ]
    ordering = ["-analysis_date", "-id"]
    export_columns = {
        "analysis_date": "analysis_date",
        "store": "store__code",
        "product": "product__sku",
        "period_type": "period_type",
        "units": "total_sales_volume",
        "revenue": "total_sales_revenue",
        "average_price": "average_sale_price",
        "units_per_day": "sales_velocity",
        "turnover_per_year": "inventory_turnover",
        "days_inventory_outstanding": "days_inventory_outstanding",
        "sell_through": "sell_through",
        "gross_margin": "gross_margin",
        "gross_margin_return": "gross_margin_return",
        "stock_out_days": "stock_out_days",
        "lost_units": "lost_units",
        "lost_revenue": "lost_revenue",
        "current_stock": "current_stock",
        "stock_value": "stock_value",
        "movement": "movement",
        "last_sale_on": "last_sale_on",
        "stock_status": "stock_status",
        "stock_risk": "stock_risk",
        "abc_class": "abc_class",
        "margin_class": "margin_class",
        "performance_score": "performance_score",
    }

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = {**(extra_context or {}), **(self._page(request, row) if row else {})}
        return super().change_view(request, object_id, form_url, context)

    def _page(self, request: HttpRequest, row: ProductPerformance) -> dict[str, Any]:
        """Everything on the page beside the plain fields."""
        here = {"store_id": row.store_id, "product_id": row.product_id}
        parts = [{"name": name, **part} for name, part in row.score_parts.items()]
        own_and_company = Q(store_id=row.store_id) | Q(store__isnull=True, currency=row.store.currency)
        moves = ClassMove.objects.visible_to(scope_of_user(request.user)).filter(
            own_and_company, product_id=row.product_id, moved_on__lte=row.analysis_date
        )
        return {
            "title": f"{row.product} @ {row.store}",
            "performance": row,
            "currency": row.store.currency,
            "score_parts": parts,
            "points": sum(part["points"] for part in parts),
            "points_of": sum(part["of"] for part in parts),
            "classes": ProductClass.objects.filter(**here).first(),
            "moves": moves.order_by("-moved_on", "-pk")[:SHOWN_MOVES],
            "stock_level": StockLevel.objects.filter(**here).first(),
            "score_chart": _score_chart(row),
        }

    @display(
        description="stock",
        ordering="stock_status",
        label={"Out of Stock": "danger", "Low Stock": "warning", "Overstocked": "info", "Normal": "success"},
    )
    def show_status(self, row: ProductPerformance) -> str:
        return row.stock_status

    @display(description="score (0–100)", ordering="performance_score")
    def score(self, row: ProductPerformance) -> str:
        return f"{row.performance_score:.0f}"


def _score_chart(row: ProductPerformance) -> dict[str, Any] | None:
    """The score and the revenue of the last nights up to this one; None where this is the first."""
    same = ProductPerformance.objects.filter(
        product_id=row.product_id,
        store_id=row.store_id,
        period_type=row.period_type,
        analysis_date__lte=row.analysis_date,
    )
    newest = same.order_by("-analysis_date").values_list("analysis_date", "performance_score", "total_sales_revenue")
    nights = list(newest[:CHARTED_NIGHTS])[::-1]
    if len(nights) < 2:
        return None
    days, scores, revenue = zip(*nights, strict=True)
    return chart_data(
        labels=[day.isoformat() for day in days],
        series=[
            chart_series("Score", [round(score, 1) for score in scores]),
            chart_series("Revenue of the period", [float(money) for money in revenue], colour="accent", axis="right"),
        ],
        x_title="Last day of the period",
        y_title="Score (0–100)",
        y_right_title=f"Revenue ({row.store.currency})",
    )
