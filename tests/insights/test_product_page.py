"""The product's page: across the reader's stores and in one, what is marked, what is not there, and its queries."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from forecasting.models import DemandForecastTotal, ProductDemandForecast
from insights.models import Decision
from insights.services.dashboard.reach import reach_of
from insights.services.product_page import ProductPage, build_product_page
from inventory.models import Product, PurchaseOrder, PurchaseOrderLine, Store
from inventory.querysets.scope import EVERY_STORE, StoreScope
from inventory.services.stockouts import close_days
from tests.cast import NOW, TODAY, Cast, sell_daily
from tests.insights.proposals import recommend

BANDS = {"intervals": {"0.95": [[1.0, 1.0], [9.0, 9.0]]}}


def forecast(store: Store, product: Product) -> None:
    ProductDemandForecast.objects.create(
        store=store,
        product=product,
        forecast_date=TODAY,
        forecast_period=2,
        model="naive",
        daily={"mean": [4.0, 6.0], **BANDS},
        created_at=NOW,
    )


def ordered(cast: Cast, store: Store, product: Product, due_in: int) -> PurchaseOrder:
    order = PurchaseOrder.objects.create(
        number=f"T-{PurchaseOrder.objects.count()}",
        supplier=cast.supplier,
        store=store,
        status="sent",
        expected_date=TODAY + timedelta(days=due_in),
    )
    PurchaseOrderLine.objects.create(purchase_order=order, product=product, ordered_units=10, unit_cost=3)
    return order


@pytest.fixture
def shop(cast: Cast) -> Cast:
    """Steady: 40 counted in each store, 3 a day for ten days in the north, 1 in the south; north has run out."""
    sell_daily(cast.north, cast.steady, [4] * 10, last_day=TODAY - timedelta(days=1), opening=40)
    sell_daily(cast.south, cast.steady, [1] * 10, last_day=TODAY - timedelta(days=1), opening=40)
    for store in (cast.north, cast.south):
        forecast(store, cast.steady)
    return cast


def page_of(cast: Cast, scope: StoreScope = EVERY_STORE, store: Store | None = None) -> ProductPage:
    return build_product_page(product=cast.steady, reach=reach_of(scope=scope, store=store), today=TODAY)


def test_stores_are_added_up_and_stand_beside_each_other(shop: Cast) -> None:
    ordered(shop, shop.north, shop.steady, 3)
    page = page_of(shop)
    assert (page.on_hand_units, page.sold_units, page.out_stores, page.coming_units) == (30, 50, 1, 10)
    assert [(line.level.store.code, line.level.on_hand_units, line.coming_units) for line in page.stores] == [
        ("N1", 0, 10),
        ("S1", 30, 0),
    ]
    assert [line.cover_days for line in page.stores] == [0.0, 6.0]  # 30 units at 5 a day


def test_the_stock_is_walked_back_and_ends_at_what_is_on_hand(shop: Cast) -> None:
    days = {day.day: day for day in page_of(shop).days}
    assert (days[TODAY].closing_units, days[TODAY - timedelta(days=1)].net_units) == (30, 5)
    assert days[TODAY - timedelta(days=10)].closing_units == 75
    assert days[TODAY - timedelta(days=11)].closing_units == 80
    assert days[TODAY - timedelta(days=12)].closing_units is None


def test_days_with_a_stock_out_are_marked_by_the_number_of_stores(shop: Cast) -> None:
    close_days(now=NOW)
    out = {day.day: day.out_stores for day in page_of(shop).days if day.out_stores}
    assert out == {TODAY - timedelta(days=1): 1}
    assert [line.out_days for line in page_of(shop).stores] == [1, 0]


def test_an_interval_is_shown_where_somebody_has_computed_it(shop: Cast) -> None:
    both = page_of(shop).forecast
    assert both is not None
    assert (list(both.units_per_day), both.interval) == ([8.0, 12.0], None)
    one = page_of(shop, store=shop.north).forecast
    assert one is not None
    assert one.interval == ([1.0, 1.0], [9.0, 9.0])
    DemandForecastTotal.objects.create(
        level="product",
        key=str(shop.steady.pk),
        product=shop.steady,
        forecast_date=TODAY,
        forecast_period=2,
        series=2,
        expected_units=20,
        daily={"mean": [8.0, 12.0], "intervals": {"0.95": [[5.0, 7.0], [12.0, 18.0]]}},
        created_at=NOW,
    )
    whole = page_of(shop).forecast
    assert whole is not None
    assert whole.interval == ([5.0, 7.0], [12.0, 18.0])
    some = StoreScope(store_ids=frozenset({shop.north.pk, shop.south.pk}))
    partly = page_of(shop, some).forecast
    assert partly is not None
    assert partly.interval is None


def test_orders_come_by_the_day_they_are_due(shop: Cast) -> None:
    later, sooner = ordered(shop, shop.north, shop.steady, 9), ordered(shop, shop.south, shop.steady, 2)
    assert [line.purchase_order for line in page_of(shop).order_lines] == [sooner, later]


def test_the_scope_cuts_every_part(shop: Cast) -> None:
    for store in (shop.north, shop.south):
        ordered(shop, store, shop.steady, 3)
        row = recommend(store, shop.steady, shop.supplier)
        Decision.objects.create(
            recommendation=row, action="approve", recommended_quantity=6, decided_by_name="bo", decided_at=NOW
        )
    page = page_of(shop, StoreScope(store_ids=frozenset({shop.north.pk})))
    stores = [
        *(line.level.store_id for line in page.stores),
        *(row.store_id for row in page.recommendations),
        *(decision.recommendation.store_id for decision in page.decisions),
        *(line.purchase_order.store_id for line in page.order_lines),
        *(one.store_id for one in page.movements),
    ]
    assert set(stores) == {shop.north.pk}
    assert len(stores) == 4 + len(page.movements)
    assert page.sold_units == 40


def test_its_queries_do_not_grow(cast: Cast) -> None:
    counts = []
    for more in (1, 6):
        for i in range(more):
            store = Store.objects.create(code=f"W{more}{i}", name=f"West {more}{i}", currency="GBP")
            sell_daily(store, cast.steady, [2] * (5 * more), last_day=TODAY, opening=100)
            forecast(store, cast.steady)
            ordered(cast, store, cast.steady, i)
            recommend(store, cast.steady, cast.supplier)
        with CaptureQueriesContext(connection) as queries:
            page_of(cast)
        counts.append(len(queries))
    assert counts == [13, 13]


def address(product: Product, store: str = "") -> str:
    return reverse("product-page", args=[product.pk]) + (f"?store={store}" if store else "")


@pytest.mark.parametrize(
    ("role", "all_stores", "own", "other"),
    [
        ("viewer", 200, 200, 200),
        ("store_manager", 200, 200, 404),
        ("buyer", 200, 200, 200),
        ("analyst", 200, 200, 200),
        ("administrator", 200, 200, 200),
        ("outsider", 403, 403, 403),
    ],
)
def test_the_page_opens_for_the_reader_and_their_stores(
    role: str, all_stores: int, own: int, other: int, shop: Cast, client: Client
) -> None:
    client.force_login(shop.people[role])
    codes = [client.get(address(shop.steady, store)).status_code for store in ("", "N1", "S1")]
    assert codes == [all_stores, own, other]


def test_a_store_managers_page_names_no_other_store(shop: Cast, client: Client) -> None:
    ordered(shop, shop.south, shop.steady, 3)
    client.force_login(shop.store_manager)
    text = client.get(address(shop.steady)).content.decode()
    assert "North" in text
    assert "South" not in text


def test_without_a_login_the_page_is_the_login(shop: Cast, client: Client) -> None:
    response = client.get(address(shop.steady))
    assert (response.status_code, "/login/" in response["Location"]) == (302, True)


def test_a_product_that_is_not_there_is_not_found(cast: Cast, client: Client) -> None:
    client.force_login(cast.viewer)
    assert client.get(reverse("product-page", args=[10**6])).status_code == 404


def test_a_product_that_nobody_stocks_says_how_it_begins(cast: Cast, client: Client) -> None:
    client.force_login(cast.viewer)
    text = client.get(address(cast.dead)).content.decode()
    assert "None of your stores has a stock level of this product." in text
    assert "the nightly run makes it" in text


def test_the_chart_goes_on_with_the_forecast(shop: Cast, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("invencare.lib.clock.now", lambda: NOW)
    client.force_login(shop.viewer)
    chart: dict[str, Any] = client.get(address(shop.steady, "N1")).context["chart"]
    names = {series["label"]: series for series in chart["series"]}
    assert list(names)[:4] == ["Stock at close", "Units sold", "Forecast", "95 % of days"]
    # Today is both: what has been sold of it, and what was expected.
    assert chart["labels"][-2:] == [TODAY.isoformat(), (TODAY + timedelta(days=1)).isoformat()]
    assert names["Forecast"]["values"][-2:] == [4.0, 6.0]
    assert len(names["Forecast"]["values"]) == len(chart["labels"])


def test_money_is_named_where_there_is_one_currency(shop: Cast, client: Client) -> None:
    Product.objects.filter(pk=shop.steady.pk).update(price=Decimal("5.00"))
    client.force_login(shop.viewer)
    assert "GBP 5.00" in client.get(address(shop.steady, "N1")).content.decode()
    assert "GBP 5.00" not in client.get(address(shop.steady)).content.decode()
