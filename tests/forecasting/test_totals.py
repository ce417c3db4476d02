"""Totals of the night's forecasts: every level adds up, a rerun replaces, and queries do not grow."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from forecasting.models import DemandForecastTotal, ProductDemandForecast
from forecasting.services.generate import forecast_series
from forecasting.services.overrides import add_override
from forecasting.services.totals import write_totals
from inventory.models import Product
from tests.cast import NOW, TODAY, Cast, sell_daily

YESTERDAY = TODAY - timedelta(days=1)


def night(cast: Cast) -> None:
    for store in (cast.north, cast.south):
        forecast_series(
            store=store, product_ids=[product.pk for product in cast.products], forecast_date=TODAY, now=NOW
        )


def write(now: datetime = NOW) -> int:
    return write_totals(forecast_date=TODAY, horizon_days=28, now=now)


@pytest.fixture
def sold(cast: Cast) -> Cast:
    random = np.random.default_rng(1)
    for store, products in ((cast.north, cast.products[:3]), (cast.south, cast.products[:2])):
        for product in products:
            sell_daily(store, product, random.poisson(6, 120).tolist(), last_day=YESTERDAY)
    night(cast)
    return cast


def level(name: str) -> list[DemandForecastTotal]:
    return list(DemandForecastTotal.objects.filter(level=name))


def daily_sum(rows: list[DemandForecastTotal]) -> list[float]:
    total: list[float] = np.sum([row.daily["mean"] for row in rows], axis=0).tolist()
    return total


def test_every_level_adds_up_to_what_is_served(sold: Cast) -> None:
    # 1 company, 2 stores, 2 categories, 3 of them in stores, 3 products.
    assert write() == 11
    served = np.sum([row.daily["mean"] for row in ProductDemandForecast.objects.all()], axis=0)
    for name in DemandForecastTotal.Level.values:
        assert daily_sum(level(name)) == pytest.approx(served.tolist(), abs=1e-3)
        assert sum(row.series for row in level(name)) == 5
        assert sum(row.expected_units for row in level(name)) == pytest.approx(served.sum(), abs=1e-2)
    north = DemandForecastTotal.objects.get(level="store", store=sold.north)
    own = level("store_category")
    assert daily_sum([row for row in own if row.store_id == sold.north.pk]) == pytest.approx(
        north.daily["mean"], abs=1e-3
    )


def test_a_row_says_what_it_is_the_sum_of(sold: Cast) -> None:
    write()
    tools = DemandForecastTotal.objects.get(level="category", category="Tools")
    assert (tools.store, tools.product, tools.key, tools.series) == (None, None, "Tools", 1)
    steady = DemandForecastTotal.objects.get(level="product", product=sold.steady)
    assert (steady.store, steady.category, steady.series) == (None, "", 2)
    company = DemandForecastTotal.objects.get(level="company")
    assert (company.key, company.series) == ("", 5)
    lower, upper = company.daily["intervals"]["0.95"]
    assert all(low < mean < high for low, mean, high in zip(lower, company.daily["mean"], upper, strict=True))
    narrow, wide = company.horizon["intervals"]["0.8"], company.horizon["intervals"]["0.95"]
    assert wide[0] < narrow[0] < company.horizon["mean"] < narrow[1] < wide[1]


def test_overrides_are_in_the_totals(sold: Cast) -> None:
    add_override(
        product=sold.steady,
        store=sold.north,
        first_day=TODAY,
        last_day=TODAY,
        action="set",
        amount=500.0,
        reason="a fair",
        actor=sold.buyer,
        now=NOW,
    )
    write()
    assert DemandForecastTotal.objects.get(level="company").daily["mean"][0] > 500


def test_a_rerun_replaces_the_days_totals_and_drops_what_is_no_more(sold: Cast) -> None:
    write()
    before = DemandForecastTotal.objects.get(level="company")
    ProductDemandForecast.objects.filter(store=sold.south).delete()
    assert write(NOW + timedelta(hours=1)) == 1 + 1 + 2 + 2 + 3
    after = DemandForecastTotal.objects.get(level="company")
    assert (after.pk, after.series) == (before.pk, 3)
    assert not DemandForecastTotal.objects.filter(store=sold.south).exists()
    write(NOW + timedelta(hours=1))
    assert DemandForecastTotal.objects.count() == 9


def test_a_night_without_forecasts_has_no_totals(db: None) -> None:
    assert write() == 0


def test_categories_that_differ_in_case_alone_are_two(sold: Cast) -> None:
    Product.objects.filter(pk=sold.seasonal.pk).update(category="COFFEE")
    write()
    assert {row.category for row in level("category")} == {"Coffee", "COFFEE", "Tools"}


@pytest.mark.parametrize("products", [3, 30])
def test_totals_take_the_same_queries_whatever_the_number_of_series(products: int, cast: Cast) -> None:
    made = Product.objects.bulk_create(Product(sku=f"P{n}", name=f"P{n}") for n in range(products))
    for product in made:
        ProductDemandForecast.objects.create(
            store=cast.north,
            product=product,
            forecast_date=TODAY,
            forecast_period=28,
            model="naive",
            daily={"mean": [1.0] * 28},
            created_at=NOW,
        )
    with CaptureQueriesContext(connection) as queries:
        assert write() == 4 + products
    statements = [query["sql"].split()[0] for query in queries]
    assert statements == ["SAVEPOINT", "SELECT", "SELECT", "INSERT", "DELETE", "RELEASE"]
