"""The page of one product: across the reader's stores, or in one of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import UnfoldAdminSelectWidget

from insights.services.dashboard import Period
from insights.services.dashboard.reach import reach_of
from insights.services.product_page import ProductPage, build_product_page
from invencare.lib import clock
from invencare.lib.charts import chart_band, chart_data, chart_series
from inventory.models import Product, Store
from inventory.services.access import scope_of_user

NEEDED = ("inventory.view_product", "inventory.view_stocklevel")
LONGEST_GAP_DAYS = 7


class StoreForm(forms.Form):
    store = forms.ModelChoiceField(
        queryset=Store.objects.none(), to_field_name="code", required=False, empty_label="All stores"
    )

    def __init__(self, *args: Any, stores: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        store: Any = self.fields["store"]
        store.queryset = stores
        store.widget = UnfoldAdminSelectWidget(choices=store.choices)


def product_page(request: HttpRequest, product_id: int) -> HttpResponse:
    """``?store=CODE`` is one store; a code that is none of the reader's stores is not there (404)."""
    user: Any = request.user
    if not user.has_perms(NEEDED):
        raise PermissionDenied
    product = Product.objects.filter(pk=product_id).first()
    scope = scope_of_user(user)
    form = StoreForm(request.GET, stores=Store.objects.visible_to(scope))
    if product is None or not form.is_valid():
        raise Http404("There is no such product or store among yours.")
    store: Store | None = form.cleaned_data["store"]
    today = clock.business_date(clock.now(), store.zone if store else ZoneInfo(settings.TIME_ZONE))
    reach = reach_of(scope=scope, store=store)
    page = build_product_page(product=product, reach=reach, today=today)
    context = {
        **admin.site.each_context(request),
        "title": f"{product.name} in {store.name}" if store else product.name,
        "page": page,
        "product": product,
        "store": store,
        "form": form,
        "currency": reach.currencies[0] if len(reach.currencies) == 1 else "",
        "chart": _chart(page, is_one_store=store is not None),
    }
    return TemplateResponse(request, "admin/insights/product_page.html", context)


def _chart(page: ProductPage, *, is_one_store: bool) -> dict[str, Any]:
    """Stock and sales per day, days with a stock-out, and the forecast with its interval."""
    ahead, last = page.forecast, page.days[-1].day
    # The forecast may begin today, whose sales are not over: where both are known, both are drawn.
    skipped = 0 if ahead is None else (ahead.first - page.days[0].day).days
    fits = ahead is not None and skipped >= 0 and (ahead.first - last).days <= LONGEST_GAP_DAYS
    series = [
        chart_series("Stock at close", [day.closing_units for day in page.days], stepped=True),
        chart_series("Units sold", [day.net_units for day in page.days], colour="accent", kind="bar", axis="right"),
    ]
    labels = [day.day for day in page.days]
    if ahead is not None and fits:
        blank: list[float | None] = [None] * skipped
        mean = [round(units, 2) for units in ahead.units_per_day]
        labels += Period(last + timedelta(days=1), ahead.first + timedelta(days=len(mean) - 1)).dates()
        series.append(chart_series("Forecast", blank + list(mean), colour="accent", dashed=True, axis="right"))
        if ahead.interval is not None:
            low, high = (blank + [round(units, 2) for units in bound] for bound in ahead.interval)
            series.append({**chart_band("95 % of days", low, high), "axis": "right"})
    series += _stock_outs(page, is_one_store=is_one_store)
    return chart_data(
        labels=[day.isoformat() for day in labels],
        series=series,
        y_title="Stock (units)",
        y_right_title="Units per day",
    )


def _stock_outs(page: ProductPage, *, is_one_store: bool) -> list[dict[str, Any]]:
    if not any(day.out_stores for day in page.days):
        return []
    stores = max(len(page.stores), 1)
    label = "Without stock" if is_one_store else "Without stock (% of stores)"
    shares: list[float | None] = [round(100 * day.out_stores / stores, 1) or None for day in page.days]
    return [chart_series(label, shares, colour="danger", kind="bar", axis="percent")]
