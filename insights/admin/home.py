"""The home page: the dashboard of one store, or of all that the reader may see, over a chosen period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from insights.services.dashboard import Dashboard, Money, Period, build_dashboard, newest_sales_day
from insights.services.waiting_moves import waiting_moves
from invencare.lib import clock
from invencare.lib.charts import chart_data, chart_series
from inventory.models import Store
from inventory.services.access import scope_of_user

PERIODS = {"7": "7 days", "28": "28 days", "90": "90 days"}
DEFAULT_DAYS = 28
LONGEST_PERIOD_DAYS = 400
CURRENCY_COLOURS = ("primary", "accent", "warning", "danger")
URGENCIES = ("critical", "high", "medium", "low")
ORDER_WORDS = {
    "draft": "to approve",
    "approved": "to send",
    "sent": "to receive",
    "partly_received": "to receive in full",
}


class DateInput(UnfoldAdminTextInputWidget):
    input_type = "date"


class HomeForm(forms.Form):
    """What the address says to show: a store and 7, 28 or 90 days, or any dates. Empty: all stores, 28 days."""

    store = forms.ModelChoiceField(
        queryset=Store.objects.none(), to_field_name="code", required=False, empty_label="All stores"
    )
    period = forms.ChoiceField(choices=[("", "Own dates"), *PERIODS.items()], required=False)
    first = forms.DateField(label="from", required=False)
    last = forms.DateField(label="to", required=False)

    def __init__(self, *args: Any, stores: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        store: Any = self.fields["store"]
        store.queryset = stores
        store.widget = UnfoldAdminSelectWidget(choices=store.choices)
        self.fields["period"].widget = UnfoldAdminSelectWidget(choices=[("", "Own dates"), *PERIODS.items()])
        for name in ("first", "last"):
            self.fields[name].widget = DateInput()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if bool(first) != bool(last):
            raise ValidationError("Give both dates, from and to.")
        if first and last and first > last:
            raise ValidationError("The first date is after the last one.")
        if first and last and (last - first).days >= LONGEST_PERIOD_DAYS:
            raise ValidationError(f"Choose at most {LONGEST_PERIOD_DAYS} days.")
        return data


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Fill the index page's context (unfold calls this by ``UNFOLD["DASHBOARD_CALLBACK"]``)."""
    user: Any = request.user
    if not user.has_perm("inventory.view_stocklevel"):
        return {**context, "title": "Home", "has_no_role": True}
    now = clock.now()
    scope = scope_of_user(user)
    stores = list(Store.objects.visible_to(scope))
    form = HomeForm(request.GET or {"period": str(DEFAULT_DAYS)}, stores=Store.objects.visible_to(scope))
    chosen = form.cleaned_data if form.is_valid() else {}
    store = chosen.get("store")
    newest = newest_sales_day(scope=scope, store=store)
    period = _period(chosen, newest=newest, now=now)
    board = build_dashboard(scope=scope, store=store, period=period, now=now)
    return {
        **context,
        "title": "Home",
        "form": form,
        "has_stores": bool(stores),
        "newest_sales_day": newest,
        "sales_age_days": (now.date() - newest).days if newest else None,
        "board": board,
        "decisions": _decisions(board, store),
        "move_tasks": _move_tasks(waiting_moves(scope=scope, store=store), store),
        "order_tasks": _order_tasks(board, store),
        "cards": _cards(board, store),
        "money_by_category": len(board.currencies) <= 1,
        "currency": board.currencies[0] if len(board.currencies) == 1 else "",
        "units_chart": _units_chart(board),
        "revenue_chart": _revenue_chart(board),
        "may_start_nightly": user.has_perm("insights.add_analysisrun"),
        "may_import_sales": user.has_perm("inventory.add_salesfile"),
    }


def environment_badge(request: HttpRequest) -> list[str] | None:
    """A word beside the site's name wherever it is not production."""
    return None if settings.IS_PRODUCTION else [settings.INVENCARE_ENV.title(), "info"]


def _period(chosen: Mapping[str, Any], *, newest: date | None, now: datetime) -> Period:
    if chosen.get("first"):
        return Period(chosen["first"], chosen["last"])
    return Period.ending(newest or now.date() - timedelta(days=1), days=int(chosen.get("period") or DEFAULT_DAYS))


def _list_url(model: str, store: Store | None, **filters: str) -> str:
    """The filtered list; empty where this site has no such list."""
    if store is not None:
        filters["store__id__exact"] = str(store.pk)
    try:
        address = reverse(f"admin:{model}_changelist")
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode(filters)}" if filters else address


def _decisions(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    """Pending recommendations by urgency, worst first, each with the list that shows them."""
    return [
        {
            "urgency": urgency,
            "count": board.pending.get(urgency, 0),
            "url": _list_url(
                "insights_reorderrecommendation", store, status__exact="pending", urgency_level__exact=urgency
            ),
        }
        for urgency in URGENCIES
        if board.pending.get(urgency)
    ]


def _move_tasks(waiting: Mapping[str, int], store: Store | None) -> list[dict[str, Any]]:
    """Pending transfers and excess, each with the list that shows them."""
    filters = {"decided_by": "me"} if store is None else {"from_store__id__exact": str(store.pk)}
    tasks = [
        ("transfer proposal", waiting["transfers"], _list_url("insights_transferrecommendation", None, **filters)),
        ("excess", waiting["excess"], _list_url("insights_excessrecommendation", store)),
    ]
    return [
        {"count": count, "words": f"{words}{'s' if count > 1 and words != 'excess' else ''}", "url": url}
        for words, count, url in tasks
        if count
    ]


def _order_tasks(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    return [
        {
            "count": board.open_orders[status],
            "words": words,
            "url": _list_url("inventory_purchaseorder", store, status__exact=status),
        }
        for status, words in ORDER_WORDS.items()
        if board.open_orders.get(status)
    ]


def _cards(board: Dashboard, store: Store | None) -> list[dict[str, Any]]:
    stock, now_, before = board.stock, board.totals, board.previous
    revenue_change = None
    if len(board.currencies) == 1:
        code = board.currencies[0]
        revenue_change = _change(now_.revenue.get(code, Decimal(0)), before.revenue.get(code, Decimal(0)))
    levels = "inventory_stocklevel"
    return [
        {"title": "Revenue", "value": money_text(now_.revenue), "change": revenue_change},
        {"title": "Units sold", "value": f"{now_.units:,}", "change": _change(now_.units, before.units)},
        {
            "title": "Sale lines",
            "value": f"{now_.transactions:,}",
            "change": _change(now_.transactions, before.transactions),
        },
        {"title": "Stock value, at cost", "value": money_text(stock.value), "note": f"{stock.levels:,} stock levels"},
        {
            "title": "Out of stock",
            "value": f"{stock.out_of_stock:,}",
            "note": f"{_percent(stock.out_of_stock, stock.levels)} of stock levels",
            "url": _list_url(levels, store, stock_status="out"),
            "is_bad": stock.out_of_stock > 0,
        },
        {
            "title": "Low stock",
            "value": f"{stock.low:,}",
            "note": f"{_percent(stock.low, stock.levels)} of stock levels",
            "url": _list_url(levels, store, stock_status="low"),
        },
        {
            "title": "Open alerts",
            "value": f"{sum(board.alert_counts.values()):,}",
            "note": f"{board.alert_counts.get('critical', 0):,} critical",
            "url": _list_url("inventory_alert", store),
            "is_bad": bool(board.alert_counts.get("critical")),
        },
    ]


def money_text(amounts: Money) -> str:
    """``EUR 1,234``, or several of them joined; currencies are never added up."""
    texts = [f"{code} {amount:,.0f}" for code, amount in sorted(amounts.items())]
    return " + ".join(texts) or "0"


def _change(now_: Decimal | int, before: Decimal | int) -> dict[str, Any] | None:
    """Against the period before; None where that had nothing to compare with."""
    if before <= 0:
        return None
    percent = (Decimal(now_) - Decimal(before)) / Decimal(before) * 100
    return {"text": f"{percent:+.1f} %", "is_up": percent >= 0}


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "0 %"


def _units_chart(board: Dashboard) -> dict[str, Any]:
    """Units per day, and the forecast where one was made right after the period."""
    days = [day.day for day in board.days]
    series = [chart_series("Units sold", [day.units for day in board.days])]
    ahead = board.forecast
    if ahead and ahead.units_per_day and 0 < (ahead.first - board.period.last).days <= 7:
        horizon = min(len(ahead.units_per_day), board.period.days)
        last = ahead.first + timedelta(days=horizon - 1)
        days += Period(board.period.last + timedelta(days=1), last).dates()
        forecast: list[float | None] = [None] * (ahead.first - board.period.first).days
        forecast += [round(units, 1) for units in ahead.units_per_day[:horizon]]
        series.append(chart_series("Forecast", forecast, colour="accent", dashed=True))
    return chart_data(labels=[day.isoformat() for day in days], series=series, y_title="Units")


def _revenue_chart(board: Dashboard) -> dict[str, Any]:
    """One line per currency."""
    codes = sorted(board.totals.revenue)
    series = [
        chart_series(
            f"Revenue ({code})",
            [float(day.revenue.get(code, 0)) for day in board.days],
            colour=CURRENCY_COLOURS[i % len(CURRENCY_COLOURS)],
        )
        for i, code in enumerate(codes)
    ]
    return chart_data(
        labels=[day.day.isoformat() for day in board.days], series=series, y_title=f"Revenue ({', '.join(codes)})"
    )
