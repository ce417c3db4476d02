"""The cards of the home page, and what needs a decision, each with the list that shows exactly it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from insights.services.dashboard import Dashboard, Money
from invencare.lib.sparkline import sparkline
from inventory.models import Store

URGENCIES = ("critical", "high", "medium", "low")
ORDER_WORDS = {
    "draft": "to approve",
    "approved": "to send",
    "sent": "to receive",
    "partly_received": "to receive in full",
}


def list_url(model: str, store: Store | None, **filters: str) -> str:
    """The filtered list; empty where this site has no such list."""
    if store is not None:
        filters["store__id__exact"] = str(store.pk)
    try:
        address = reverse(f"admin:{model}_changelist")
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode(filters)}" if filters else address


def decisions(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    """Pending recommendations by urgency, worst first, each with the list that shows them."""
    return [
        {
            "urgency": urgency,
            "count": board.pending[urgency].count,
            "url": list_url(
                "insights_reorderrecommendation", store, status__exact="pending", urgency_level__exact=urgency
            ),
        }
        for urgency in URGENCIES
        if urgency in board.pending
    ]


def move_tasks(waiting: Mapping[str, int], store: Store | None) -> list[dict[str, Any]]:
    """Pending transfers and excess, each with the list that shows them."""
    filters = {"decided_by": "me"} if store is None else {"from_store__id__exact": str(store.pk)}
    tasks = [
        ("transfer proposal", waiting["transfers"], list_url("insights_transferrecommendation", None, **filters)),
        ("excess", waiting["excess"], list_url("insights_excessrecommendation", store)),
    ]
    return [
        {"count": count, "words": f"{words}{'s' if count > 1 and words != 'excess' else ''}", "url": url}
        for words, count, url in tasks
        if count
    ]


def order_tasks(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    return [
        {
            "count": board.open_orders[status],
            "words": words,
            "url": list_url("inventory_purchaseorder", store, status__exact=status),
        }
        for status, words in ORDER_WORDS.items()
        if board.open_orders.get(status)
    ]


def cards(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    return [*_sales_cards(board), _alert_card(board, store), *_stock_cards(board, store)]


def _sales_cards(board: Dashboard) -> list[dict[str, Any]]:
    now_, before = board.totals, board.previous
    revenue: dict[str, Any] = {"title": "Revenue", "value": money_text(now_.revenue)}
    if len(board.currencies) == 1:
        code = board.currencies[0]
        revenue["change"] = change(now_.revenue.get(code, Decimal(0)), before.revenue.get(code, Decimal(0)))
        revenue["spark"] = sparkline([float(day.revenue.get(code, 0)) for day in board.days])
    return [
        revenue,
        {
            "title": "Units sold",
            "value": f"{now_.units:,}",
            "change": change(now_.units, before.units),
            "spark": sparkline([day.units for day in board.days]),
        },
        {
            "title": "Sale lines",
            "value": f"{now_.transactions:,}",
            "change": change(now_.transactions, before.transactions),
            "spark": sparkline([day.transactions for day in board.days]),
        },
    ]


def _stock_cards(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    stock, levels = board.stock, "inventory_stocklevel"
    health = f"{stock.health.score:.0f} of 100" if stock.health else "–"
    return [
        {"title": "Stock health", "value": health, "note": "its parts are below", "url": "#health-title"},
        {"title": "Stock value, at cost", "value": money_text(stock.value), "note": f"{stock.levels:,} stock levels"},
        {
            "title": "Out of stock",
            "value": f"{stock.out_of_stock:,}",
            "note": f"{percent(stock.out_of_stock, stock.levels)} of stock levels",
            "url": list_url(levels, store, stock_status="out"),
            "is_bad": stock.out_of_stock > 0,
        },
        {
            "title": "Low stock",
            "value": f"{stock.low:,}",
            "note": f"{percent(stock.low, stock.levels)} of stock levels",
            "url": list_url(levels, store, stock_status="low"),
        },
    ]


def _alert_card(board: Dashboard, store: Store | None) -> dict[str, Any]:
    return {
        "title": "Open alerts",
        "value": f"{sum(board.alert_counts.values()):,}",
        "note": f"{board.alert_counts.get('critical', 0):,} critical",
        "url": list_url("inventory_alert", store),
        "is_bad": bool(board.alert_counts.get("critical")),
    }


def money_text(amounts: Money) -> str:
    """``EUR 1,234``, or several of them joined; currencies are never added up."""
    texts = [f"{code} {amount:,.0f}" for code, amount in sorted(amounts.items())]
    return " + ".join(texts) or "0"


def change(now_: Decimal | int, before: Decimal | int) -> dict[str, Any] | None:
    """Against the period before; None where that had nothing to compare with."""
    if before <= 0:
        return None
    share = (Decimal(now_) - Decimal(before)) / Decimal(before) * 100
    return {"text": f"{share:+.1f} %", "is_up": share >= 0}


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "0 %"
