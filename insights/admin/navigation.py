"""The sidebar: what people come to do, in the order of a working day; only what their role may see."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

SECTIONS: list[tuple[str, list[tuple[str, str, str]]]] = [
    (
        "Decide",
        [
            ("insights.reorderrecommendation", "Recommendations", "lightbulb"),
            ("insights.transferrecommendation", "Transfer proposals", "move_up"),
            ("insights.excessrecommendation", "Excess stock", "production_quantity_limits"),
            ("inventory.purchaseorder", "Purchase orders", "shopping_cart"),
            ("inventory.stocktransfer", "Transfers", "swap_horiz"),
            ("insights.decision", "Decisions made", "gavel"),
            ("insights.decisionvalue", "What they were worth", "balance"),
            ("inventory.calendarfeed", "Calendar feeds", "event"),
        ],
    ),
    (
        "Stock",
        [
            ("inventory.stocklevel", "Stock levels", "inventory"),
            ("inventory.alert", "Alerts", "notifications"),
            ("inventory.inventorytransaction", "Movements", "receipt_long"),
            ("inventory.stockevent", "Stock events", "bolt"),
            ("inventory.receipt", "Receipts", "move_to_inbox"),
        ],
    ),
    (
        "Sales",
        [
            ("inventory.salesfile", "Sales files", "upload_file"),
            ("inventory.dailysales", "Daily sales", "calendar_month"),
            ("inventory.customer", "Customers", "group"),
            ("insights.customerscore", "Customer insights", "diversity_3"),
            ("insights.priceelasticity", "Price elasticities", "price_check"),
        ],
    ),
    (
        "Analysis",
        [
            ("analytics.productperformance", "Product performance", "leaderboard"),
            ("analytics.productclass", "Classes (ABC · XYZ)", "grid_view"),
            ("analytics.companyclass", "Company classes", "domain"),
            ("analytics.classmove", "Moves between classes", "moving"),
            ("analytics.idlestock", "Dead and slow stock", "hourglass_disabled"),
            ("analytics.salestrend", "Trends", "show_chart"),
            ("analytics.anomaly", "Anomalies", "troubleshoot"),
            ("forecasting.productdemandforecast", "Forecasts", "trending_up"),
            ("forecasting.demandforecasttotal", "Demand totals", "functions"),
            ("forecasting.forecastoverride", "Overrides", "edit_calendar"),
            ("forecasting.calendarevent", "Events and holidays", "event"),
            ("forecasting.plannedprice", "Planned prices", "price_change"),
            ("forecasting.forecastaccuracy", "Forecast accuracy", "target"),
            ("forecasting.trainedmodel", "Trained models", "model_training"),
            ("insights.analysisrun", "Nightly runs", "nights_stay"),
        ],
    ),
    (
        "Catalogue",
        [
            ("inventory.product", "Products", "sell"),
            ("inventory.supplier", "Suppliers", "local_shipping"),
            ("inventory.supplieritem", "Supplier items", "link"),
            ("inventory.store", "Stores", "store"),
        ],
    ),
    (
        "Administration",
        [
            ("inventory.company", "Company", "apartment"),
            ("auth.user", "People", "person"),
            ("auth.group", "Roles", "badge"),
            ("insights.servicetarget", "Service targets", "percent"),
            ("insights.decisionlimit", "Decision limits", "account_balance_wallet"),
            ("insights.decisionreason", "Decision reasons", "format_list_bulleted"),
            ("inventory.apikey", "API keys", "key"),
            ("inventory.streamshard", "Streams", "conversion_path"),
            ("inventory.webhookendpoint", "Webhooks", "webhook"),
            ("inventory.webhookdelivery", "Messages sent", "outbox"),
            ("django_celery_beat.periodictask", "Schedules", "schedule"),
        ],
    ),
]

# Models whose menu entry leads to a page of its own, not to the list of their rows.
PAGES = {
    "forecasting.forecastaccuracy": "admin:forecasting_accuracy",
    "insights.customerscore": "admin:insights_customers",
    "insights.decisionvalue": "admin:insights_decisionvalue_report",
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of links for whoever asks; a group without any link is left out by the template."""
    home = {"title": "Home", "icon": "home", "link": reverse("admin:index")}
    groups = [{"title": title, "items": [_item(request, *entry) for entry in items]} for title, items in SECTIONS]
    shown = [{**group, "items": [item for item in group["items"] if item]} for group in groups]
    return [{"items": [home]}, *[group for group in shown if group["items"]]]


def _item(request: HttpRequest, label: str, title: str, icon: str) -> dict[str, Any] | None:
    model = apps.get_model(label)
    if not admin.site.is_registered(model):
        return None
    if not admin.site.get_model_admin(model).has_view_permission(request):
        return None
    opts = model._meta
    return {
        "title": title,
        "icon": icon,
        "link": reverse(PAGES.get(label, f"admin:{opts.app_label}_{opts.model_name}_changelist")),
    }
