"""Stock-outs hide demand: from the ledger through the daily sales to the forecast, raw and corrected side by side."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from forecasting.frames.demand import load_daily_demand
from forecasting.models import ProductDemandForecast
from forecasting.services.generate import forecast_series
from forecasting.services.global_paths import store_history
from forecasting.services.known_ahead import load_panel
from invencare.lib import clock
from inventory.models import DailySales, Product, Store
from inventory.services.stockouts import close_days
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily
from tests.insights.proposals import make_products

YESTERDAY = TODAY - timedelta(days=1)
DAYS, DAY_SECONDS = 140, 86_400
WANTED_PER_DAY, SHELF = 5.0, 27


def sell_what_is_there(store: Store, product: Product, random: np.random.Generator) -> int:
    """Customers come at random times; the shelf is filled up every seventh day, and once it is empty they leave with
    nothing. What they wanted in all, in units."""
    first = TODAY - timedelta(days=DAYS)
    rows, left, wanted_units = [], 0, 0
    for day in (first + timedelta(days=ago) for ago in range(DAYS)):
        opens = clock.day_start(day, store.zone)
        if (day - first).days % 7 == 0:
            rows.append(movement(store, product, "receipt", SHELF - left, day=day, occurred_at=opens))
            left = SHELF
        wanted = int(random.poisson(WANTED_PER_DAY))
        wanted_units += wanted
        came = np.sort(random.integers(1, DAY_SECONDS, wanted)).tolist()
        rows += [movement(store, product, "sale", 1, day=day, occurred_at=at(opens, one)) for one in came[:left]]
        left -= min(wanted, left)
    record(*rows)
    return wanted_units


def at(opens: datetime, second: int) -> datetime:
    return opens + timedelta(seconds=second)


def test_of_the_bias_that_stock_outs_make_a_tenth_is_left(cast: Cast) -> None:
    random = np.random.default_rng(11)
    products = make_products(15)
    wanted = sum(sell_what_is_there(cast.north, product, random) for product in products)
    close_days(through=YESTERDAY, now=NOW)

    forecast_series(store=cast.north, product_ids=[product.pk for product in products], forecast_date=TODAY, now=NOW)

    rows = ProductDemandForecast.objects.all()
    per_day = wanted / len(products) / DAYS
    raw = np.mean([row.sold_mean for row in rows]) / per_day - 1
    corrected = np.mean([row.demand_mean for row in rows]) / per_day - 1
    assert raw < -0.2
    assert abs(corrected) <= 0.1 * abs(raw)
    expected = np.mean([row.daily["mean"] for row in rows])
    assert expected == pytest.approx(per_day, rel=0.05)


def test_without_stock_outs_both_means_are_the_same(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [4, 6] * 30, last_day=YESTERDAY, opening=10_000)
    forecast_series(store=cast.north, product_ids=[cast.steady.pk], forecast_date=TODAY, now=NOW)
    row = ProductDemandForecast.objects.get()
    assert (row.sold_mean, row.demand_mean) == (5, 5)


def test_the_models_of_all_series_see_sales_over_the_time_in_stock(cast: Cast) -> None:
    """6 in three quarters of a day are 8; 1 in a tenth of it says nothing about the day."""
    for ago, units, out in [(4, 4, 0), (3, 6, DAY_SECONDS // 4), (2, 1, DAY_SECONDS * 9 // 10), (1, 5, 0)]:
        day = TODAY - timedelta(days=ago)
        DailySales.objects.create(
            store=cast.north, product=cast.steady, business_date=day, units=units, out_of_stock_seconds=out
        )
    sales = load_daily_demand(store_id=cast.north.pk, product_ids=[cast.steady.pk], last_day=YESTERDAY, days=10)
    panel, _ = load_panel(store=cast.north, history=sales, known_by=None)
    history = store_history(panel, last_day=YESTERDAY)
    assert panel.demand[0, -4:].tolist() == [4, 6, 1, 5]
    assert panel.in_stock is not None
    assert panel.in_stock[0, -4:].tolist() == pytest.approx([1, 0.75, 0.1, 1])
    assert history.demand[0, -4:].tolist() == pytest.approx([4, 8, np.nan, 5], nan_ok=True)
    assert history.in_stock is not None
    assert history.in_stock[0, -4:].tolist() == pytest.approx([1, 0.75, 0.1, 1])


def test_the_page_shows_both_means(cast: Cast, client: Client) -> None:
    sell_daily(cast.north, cast.steady, [6] * 28, last_day=YESTERDAY, opening=10_000)
    sold_out = DailySales.objects.filter(business_date__gt=TODAY - timedelta(days=15))
    sold_out.update(units=2, out_of_stock_seconds=DAY_SECONDS // 2)
    forecast_series(store=cast.north, product_ids=[cast.steady.pk], forecast_date=TODAY, now=NOW)
    row = ProductDemandForecast.objects.get()
    client.force_login(cast.analyst)
    page = client.get(reverse("admin:forecasting_productdemandforecast_change", args=[row.pk]))
    assert "Sold, and wanted" in page.text
    assert "4.0 → 5.3<" in page.text
