"""PA-8: the dashboard as its contract names it, from the same numbers as the home page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from analytics.services.metrics_state import metrics_state
from insights.services.dashboard.board import Dashboard, build_dashboard, newest_sales_day
from insights.services.dashboard.kept import kept
from insights.services.dashboard.periods import Period
from insights.services.dashboard.reach import Reach, reach_of
from insights.services.dashboard.sales import sales_by_day
from inventory.models import Store
from inventory.querysets.scope import StoreScope
from inventory.services.business_days import last_complete_day

DAILY, WEEKLY, MONTHLY = "daily", "weekly", "monthly"
PERIODS = {DAILY: 1, WEEKLY: 7, MONTHLY: 28}
"""Days that the summary holds. The trends hold 7 days, 4 weeks or 12 months."""

TREND_DAYS, TREND_WEEKS, TREND_MONTHS = 7, 4, 12
SHOWN_ALERTS = 20
URGENCIES = ("critical", "high", "medium", "low")


def dashboard_answer(
    *,
    scope: StoreScope,
    store: Store | None,
    currency: str = "",
    period: str,
    include_forecasts: bool,
    include_recommendations: bool,
    now: datetime,
) -> dict[str, Any]:
    """The whole answer. Money is of one currency: ``ValidationError`` where the stores trade in several and none is named.

    ``currency`` leaves out stores that trade in another one. The period ends with the newest day with sales that is over.
    """
    if store is None:
        scope = _one_currency(scope, currency)
    reach = reach_of(scope=scope, store=store)
    newest, over = newest_sales_day(scope=scope, store=store), last_complete_day(now=now)
    shown = Period.ending(over if newest is None else min(newest, over), days=PERIODS[period])
    board = build_dashboard(scope=scope, store=store, period=shown, now=now, most_alerts=SHOWN_ALERTS)
    return {
        "store_id": store.code if store else None,
        "period": period,
        "include_forecasts": include_forecasts,
        "include_recommendations": include_recommendations,
        "first_day": shown.first,
        "last_day": shown.last,
        "currency": next(iter(reach.currencies), ""),
        "sales_as_of": board.sales_as_of,
        "stock_as_of": board.stock.as_of,
        "nightly_is_late": board.nightly.is_late,
        "summary": {"sales": _sales(board), "inventory": _inventory(board)},
        "top_products": _top_products(board),
        "category_performance": _categories(board),
        "inventory_alerts": _alerts(board),
        "sales_trends": _trends(reach, shown.last, period),
        "demand_forecasts": _forecasts(board) if include_forecasts else None,
        "recommendations": _recommendations(board) if include_recommendations else None,
    }


def _one_currency(scope: StoreScope, currency: str) -> StoreScope:
    """The scope itself where all its stores trade in one currency, else its stores of ``currency``."""
    stores = list(Store.objects.visible_to(scope).order_by().values_list("pk", "currency"))
    currencies = sorted({code for _, code in stores})
    if currency and currency not in currencies:
        raise ValidationError(
            {"currency": f"None of your stores trades in {currency}: {', '.join(currencies) or 'none'}."}
        )
    if not currency and len(currencies) > 1:
        raise ValidationError(
            {"currency": f"Your stores trade in {', '.join(currencies)}, which do not add up: name one, or a store_id."}
        )
    if not currency or len(currencies) == 1:
        return scope
    return StoreScope(store_ids=frozenset(pk for pk, code in stores if code == currency))


def _money(amounts: Any) -> Decimal:
    return sum(amounts.values(), Decimal(0)).quantize(Decimal("0.01"))


def _sales(board: Dashboard) -> dict[str, Any]:
    totals, before = board.totals, board.previous
    revenue = _money(totals.revenue)
    lines = totals.transactions
    return {
        "revenue": revenue,
        "transactions": lines,
        "units": totals.units,
        "distinct_products": board.sales.products_sold,
        "average_transaction_value": (revenue / lines).quantize(Decimal("0.01")) if lines else None,
        "revenue_before": _money(before.revenue),
        "units_before": before.units,
    }


def _inventory(board: Dashboard) -> dict[str, Any]:
    stock = board.stock
    health = stock.health
    return {
        "products": stock.products,
        "units": stock.units,
        "value": _money(stock.value),
        "low": stock.low,
        "out": stock.out_of_stock,
        "overstocked": stock.overstocked,
        "stock_health_score": health.score if health else None,
        "stock_health_parts": [
            {"name": part.name, "points": part.points, "of": part.of, "why": part.why}
            for part in (health.parts if health else ())
        ],
    }


def _top_products(board: Dashboard) -> list[dict[str, Any]]:
    return [
        {
            "product_id": board.products[row.product_id].sku,
            "product_name": board.products[row.product_id].name,
            "category": board.products[row.product_id].category,
            "units": row.units,
            "revenue": row.money.quantize(Decimal("0.01")),
        }
        for row in board.sales.top
    ]


def _categories(board: Dashboard) -> list[dict[str, Any]]:
    whole = sum((group.money for group in board.categories), Decimal(0))
    return [
        {
            "category": group.key,
            "units": group.units,
            "revenue": group.money.quantize(Decimal("0.01")),
            "share_of_revenue": round(float(group.money / whole), 4) if whole > 0 else None,
            "revenue_before": group.money_before.quantize(Decimal("0.01")),
        }
        for group in board.categories
    ]


def _alerts(board: Dashboard) -> list[dict[str, Any]]:
    return [
        {
            "id": alert.pk,
            "type": alert.kind,
            "severity": alert.severity,
            "message": alert.message,
            "store_id": alert.store.code if alert.store else None,
            "product_id": alert.product.sku if alert.product else None,
            "money_at_stake": alert.money,
            "opened_at": alert.opened_at,
        }
        for alert in board.alerts
    ]


def _trends(reach: Reach, last: date, period: str) -> list[dict[str, Any]]:
    """The buckets that end with ``last``, oldest first; the last month is the part of it that is over."""
    buckets = _buckets(last, period)
    whole = Period(buckets[0].first, last)
    state = metrics_state()
    rows = kept(
        "trend",
        version=state.version if state.refreshed_at else None,
        of=(reach.key, whole),
        work=lambda: sales_by_day(reach, whole),
    )
    return [_bucket(bucket, rows) for bucket in buckets]


def _bucket(bucket: Period, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    inside = [row for row in rows if bucket.holds(row["business_date"])]
    return {
        "first_day": bucket.first,
        "last_day": bucket.last,
        "revenue": sum((row["money"] for row in inside), Decimal(0)).quantize(Decimal("0.01")),
        "units": sum(row["net_units"] for row in inside),
        "transactions": sum(row["lines"] for row in inside),
    }


def _buckets(last: date, period: str) -> list[Period]:
    if period == MONTHLY:
        return _months(last)
    days, count = (1, TREND_DAYS) if period == DAILY else (7, TREND_WEEKS)
    ends = [last - timedelta(days=days * back) for back in reversed(range(count))]
    return [Period.ending(end, days=days) for end in ends]


def _months(last: date) -> list[Period]:
    """Calendar months, the newest up to ``last``."""
    months = [Period(last.replace(day=1), last)]
    while len(months) < TREND_MONTHS:
        end = months[0].first - timedelta(days=1)
        months.insert(0, Period(end.replace(day=1), end))
    return months


def _forecasts(board: Dashboard) -> dict[str, Any] | None:
    """None before the first nightly run."""
    ahead = board.forecast
    if ahead is None:
        return None
    lower, upper = ahead.horizon_interval or (None, None)
    return {
        "forecast_date": ahead.first,
        "forecast_period": len(ahead.units_per_day),
        "series": ahead.series,
        "expected_units": round(ahead.expected_units, 2),
        "confidence_level": 0.95,
        "confidence_interval_lower": lower,
        "confidence_interval_upper": upper,
    }


def _recommendations(board: Dashboard) -> dict[str, Any]:
    """What waits for a decision."""
    return {
        "total": sum(one.count for one in board.pending.values()),
        "by_urgency": {name: board.pending[name].count if name in board.pending else 0 for name in URGENCIES},
        "money_at_risk": sum((one.money_at_risk for one in board.pending.values()), Decimal(0)),
    }
