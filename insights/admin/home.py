"""The home page: the dashboard of one store, or of all that the reader may see, over a chosen period."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from insights.admin import home_charts
from insights.admin.home_cards import cards, decisions, move_tasks, order_tasks
from insights.admin.home_tables import bottom_rows, health_rows, matrix_columns, matrix_rows, store_rows, top_rows
from insights.services.dashboard import DAYS_OF, Period, build_dashboard, newest_sales_day
from insights.services.waiting_moves import waiting_moves
from invencare.lib import clock
from inventory.models import Store
from inventory.services.access import scope_of_user
from inventory.services.alert_preferences import preference_of
from inventory.services.business_days import last_complete_day

PERIODS = {"day": "Day", "week": "Week", "month": "Month (4 weeks)", "quarter": "Quarter (13 weeks)"}
DEFAULT_PERIOD = "month"
LONGEST_PERIOD_DAYS = 400
SHOWN_ALERTS = 8


class DateInput(UnfoldAdminTextInputWidget):
    input_type = "date"


class HomeForm(forms.Form):
    """What the address says to show: a store and a period, or any dates. Empty: all stores, four weeks."""

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
    form = HomeForm(request.GET or {"period": DEFAULT_PERIOD}, stores=Store.objects.visible_to(scope))
    chosen = form.cleaned_data if form.is_valid() else {}
    store = chosen.get("store")
    newest = newest_sales_day(scope=scope, store=store)
    period = _period(chosen, newest=newest, now=now)
    most = min(SHOWN_ALERTS, preference_of(user).most_alerts)
    board = build_dashboard(scope=scope, store=store, period=period, now=now, most_alerts=most)
    return {
        **context,
        "title": "Home",
        "form": form,
        "has_stores": bool(stores),
        "newest_sales_day": newest,
        "sales_age_days": (now.date() - newest).days if newest else None,
        "board": board,
        "decisions": decisions(board, store),
        "move_tasks": move_tasks(waiting_moves(scope=scope, store=store), store),
        "order_tasks": order_tasks(board, store),
        "cards": cards(board, store),
        "has_one_currency": len(board.currencies) <= 1,
        "currency": board.currencies[0] if len(board.currencies) == 1 else "",
        "units_chart": home_charts.units_chart(board),
        "revenue_chart": home_charts.revenue_chart(board),
        "category_chart": home_charts.category_chart(board),
        "top_rows": top_rows(board, store),
        "bottom_rows": bottom_rows(board, store),
        "store_rows": store_rows(board, request.GET),
        "health_rows": health_rows(board, store),
        "matrix_columns": matrix_columns(),
        "matrix_rows": matrix_rows(board, store),
        "more_alerts": sum(board.alert_counts.values()) - len(board.alerts),
        "may_start_nightly": user.has_perm("insights.add_analysisrun"),
        "may_import_sales": user.has_perm("inventory.add_salesfile"),
    }


def environment_badge(request: HttpRequest) -> list[str] | None:
    """A word beside the site's name wherever it is not production."""
    return None if settings.IS_PRODUCTION else [settings.INVENCARE_ENV.title(), "info"]


def _period(chosen: Mapping[str, Any], *, newest: date | None, now: datetime) -> Period:
    """Own dates as they are; else up to the newest day with sales that is over: half a day compares with nothing."""
    if chosen.get("first"):
        return Period(chosen["first"], chosen["last"])
    over = last_complete_day(now=now)
    last = over if newest is None else min(newest, over)
    return Period.ending(last, days=DAYS_OF[chosen.get("period") or DEFAULT_PERIOD])
