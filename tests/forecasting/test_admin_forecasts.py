"""The pages of a forecast and of forecast accuracy: what they show, to whom, and with how many queries."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from forecasting.models import CalendarEvent, ForecastOverride, ProductDemandForecast
from forecasting.services.outlook import demand_days
from forecasting.services.overrides import add_override
from insights.admin.navigation import sidebar
from inventory.models import DailySales, Product
from tests.cast import NOW, TODAY, Cast, sell_daily
from tests.forecasting.measured import MONDAY, backtest, history, live

OVERVIEW = reverse("admin:forecasting_accuracy")
PEOPLE = ["viewer", "store_manager", "buyer", "analyst", "administrator", "outsider"]
PERSON = 4  # session, user, permissions of the user and of the groups


def forecast_of(cast: Cast, **changes: Any) -> ProductDemandForecast:
    values: dict[str, Any] = {
        "store": cast.north,
        "product": cast.steady,
        "forecast_date": TODAY,
        "forecast_period": 2,
        "ensemble_forecast": 5.5,
        "confidence_interval_lower": 2,
        "confidence_interval_upper": 9,
        "model": "weekday_mean",
        "historical_data_points": 140,
        "daily": {
            "mean": [2.0, 3.5],
            "intervals": {"0.8": [[1, 2], [3, 5]], "0.95": [[0, 1], [4, 6]]},
            "reason": "A plain model did best.",
            "rank": {"weekday_mean": 1},
        },
        "created_at": NOW,
    }
    return ProductDemandForecast.objects.create(**{**values, **changes})


def page_of(forecast: ProductDemandForecast) -> str:
    return reverse("admin:forecasting_productdemandforecast_change", args=[forecast.pk])


def shown(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return str(response.content.decode())


def test_days_before_the_forecast_and_those_it_speaks_of_are_told_as_far_as_they_are_over(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [5, 0, 4], last_day=TODAY)
    DailySales.objects.create(
        store=cast.north, product=cast.steady, business_date=TODAY - timedelta(days=3), out_of_stock_seconds=43_200
    )
    DailySales.objects.filter(business_date=TODAY).update(returned_units=1)
    days = demand_days(forecast_of(cast), today=TODAY + timedelta(days=1))
    assert (len(days), days[0].day, days[-1].day) == (122, TODAY - timedelta(days=120), TODAY + timedelta(days=1))
    # Not sold before; half a day out of stock; sold; nothing; sold less returned; not over.
    assert [day.sold_units for day in days[-6:]] == [None, None, 5, 0, 3, None]
    assert [day.out_of_stock_share for day in days[-6:]] == [0, 0.5, 0, 0, 0, 0]


def test_a_product_that_sold_before_the_window_sold_nothing_on_its_first_days(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [5], last_day=TODAY - timedelta(days=200))
    days = demand_days(forecast_of(cast), today=TODAY)
    assert {day.sold_units for day in days[:120]} == {0}


def test_the_page_charts_history_stock_outs_and_intervals_and_has_them_as_a_table(cast: Cast, client: Client) -> None:
    sell_daily(cast.north, cast.steady, [5, 0, 4], last_day=TODAY - timedelta(days=1))
    DailySales.objects.filter(units=4).update(out_of_stock_seconds=21_600)
    client.force_login(cast.viewer)
    response = client.get(page_of(forecast_of(cast)))
    chart = response.context["forecast_chart"]
    assert [(series["label"], series["kind"]) for series in chart["series"]] == [
        ("Sold", "bar"),
        ("Forecast", "line"),
        ("95 % of days", "band"),
        ("80 % of days", "band"),
        ("Without stock (% of the day)", "bar"),
    ]
    assert chart["labels"][-3:] == ["2026-03-15", "2026-03-16", "2026-03-17"]
    sold, mean, outer, inner, out = chart["series"]
    assert (sold["values"][-5:-2], mean["values"][-3:]) == ([5, 0, 4], [None, 2.0, 3.5])
    assert (outer["lower"][-3:], outer["values"][-3:]) == ([None, 0, 1], [None, 4, 6])
    assert (inner["lower"][-3:], inner["values"][-3:]) == ([None, 1, 2], [None, 3, 5])
    assert out["values"][-3:] == [25.0, None, None]
    text = response.content.decode()
    assert "80 % of days, from</th>" in text
    assert '<th scope="row">2026-03-17</th><td class="ic-number">0</td><td class="ic-number">3.5</td>' in text


def test_the_page_says_what_is_served_why_and_how_good_it_has_been(cast: Cast, client: Client) -> None:
    backtest(cast.north, cast.steady, "ensemble", error=30, day=TODAY, rank=2, coverage_80=0.79, coverage_95=0.94)
    backtest(cast.north, cast.steady, "weekday_mean", error=28, day=TODAY, is_chosen=True)
    backtest(cast.north, cast.steady, "seasonal", error=0, day=TODAY, rank=0, wape=None, mase=None)
    live(cast.north, cast.steady, error=35)
    client.force_login(cast.viewer)
    text = shown(client, page_of(forecast_of(cast)))
    for words in ("A plain model did best.", "5.5 units", "2 – 9", "30.0 %", "35.0 %", "last week again: 50.0 %"):
        assert words in text
    models = client.get(page_of(ProductDemandForecast.objects.get())).context["backtests"]
    assert [row.model for row in models] == ["weekday_mean", "ensemble", "seasonal"]


def test_a_forecast_without_anything_measured_says_when_it_will_be(cast: Cast, client: Client) -> None:
    client.force_login(cast.viewer)
    text = shown(client, page_of(forecast_of(cast, daily={"mean": [1.0, 1.0]}, confidence_interval_lower=None)))
    for words in ("The next nightly analysis does it", "not yet", "not known", "The reason was not kept."):
        assert words in text


def event(cast: Cast, name: str, first: date, last: date, **changes: Any) -> CalendarEvent:
    values = {"kind": "other", "first_day": first, "last_day": last, "created_at": NOW, "updated_at": NOW}
    return CalendarEvent.objects.create(name=name, **{**values, **changes})


def override(cast: Cast, **changes: Any) -> ForecastOverride:
    values: dict[str, Any] = {"first_day": TODAY, "last_day": TODAY, "action": "set", "amount": 9.0, "reason": "fair"}
    return add_override(product=cast.steady, store=cast.north, actor=cast.buyer, now=NOW, **{**values, **changes})


def test_events_of_the_product_and_the_store_are_marked_with_their_names(cast: Cast, client: Client) -> None:
    tomorrow = TODAY + timedelta(days=1)
    event(cast, "Fair", TODAY, tomorrow)
    event(cast, "Coffee week", tomorrow, tomorrow, categories=["Coffee"])
    event(cast, "Tool day", TODAY, TODAY, categories=["Tools"])
    event(cast, "Switched off", TODAY, TODAY, is_active=False)
    event(cast, "Long ago", TODAY - timedelta(days=121), TODAY - timedelta(days=121))
    event(cast, "In the south", TODAY, TODAY).stores.add(cast.south)
    event(cast, "Another product", TODAY, TODAY).products.add(cast.dead)
    forecast = forecast_of(cast)
    client.force_login(cast.viewer)
    response = client.get(page_of(forecast))
    (marks,) = [series for series in response.context["forecast_chart"]["series"] if series["kind"] == "mark"]
    assert (marks["label"], marks["texts"][-3:]) == ("Event", [None, "Fair", "Fair, Coffee week"])
    assert marks["values"][-3:] == [None, 100, 100]
    assert "Fair, Coffee week</td>" in response.content.decode()
    overlay = client.get(reverse("admin:forecasting_newest_path", args=[cast.north.pk, cast.steady.pk])).json()
    assert overlay["series"][-1]["texts"] == ["Fair", "Fair, Coffee week"]


def test_an_override_is_marked_and_what_the_engine_said_lies_beside_it(cast: Cast, client: Client) -> None:
    forecast = forecast_of(cast)
    override(cast)
    client.force_login(cast.viewer)
    response = client.get(page_of(forecast))
    series = {one["label"]: one for one in response.context["forecast_chart"]["series"]}
    assert series["Forecast"]["values"][-3:] == [None, 9.0, 3.5]
    assert series["Without the override"]["values"][-3:] == [None, 2.0, 3.5]
    assert series["Override"]["texts"][-3:] == [None, "Set to (units per day) 9", None]
    text = response.content.decode()
    for words in ("12.5 units", "without the override 5.5", "Overrides laid over it", ": fair"):
        assert words in text


@pytest.mark.parametrize("days", [3, 30])
def test_the_page_takes_the_same_queries_whatever_was_sold(days: int, cast: Cast, client: Client) -> None:
    sell_daily(cast.north, cast.steady, [5] * days, last_day=TODAY)
    for place in range(days):
        backtest(cast.north, cast.steady, f"model {place}", error=30, day=TODAY)
        live(cast.north, cast.steady, error=35, week=MONDAY - timedelta(weeks=place))
        event(cast, f"Event {place}", TODAY, TODAY).products.add(cast.steady)
    address = page_of(forecast_of(cast))
    for place in range(days):
        override(cast, amount=float(place))
    client.force_login(cast.viewer)
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    assert len(queries) == 22, "\n".join(query["sql"][:200] for query in queries)


@pytest.mark.parametrize("name", ["forecasting_newest_forecast", "forecasting_newest_path"])
def test_the_newest_forecast_is_for_who_may_see_the_store(name: str, cast: Cast, client: Client) -> None:
    forecast_of(cast, forecast_date=TODAY - timedelta(days=1))
    newest = forecast_of(cast)
    for person in PEOPLE:
        client.force_login(cast.people[person])
        for store, own in [
            (cast.north, person != "outsider"),
            (cast.south, person not in {"outsider", "store_manager"}),
        ]:
            response = client.get(reverse(f"admin:{name}", args=[store.pk, cast.steady.pk]))
            assert (response.status_code != 403) is own, (person, store)
    client.force_login(cast.viewer)
    response = client.get(reverse("admin:forecasting_newest_forecast", args=[cast.north.pk, cast.steady.pk]))
    assert response.headers["Location"] == page_of(newest)


def test_where_nothing_is_forecast_yet_the_way_leads_to_the_list_with_the_reason(cast: Cast, client: Client) -> None:
    client.force_login(cast.viewer)
    address = reverse("admin:forecasting_newest_forecast", args=[cast.north.pk, cast.new.pk])
    text = client.get(address, follow=True).content.decode()
    assert "There is no forecast of it yet" in text


@pytest.fixture
def measured(cast: Cast) -> Cast:
    """In the north coffee errs by 20 of 100 and tools by 70, in the south coffee by 40; the seasonal naive by 50."""
    for store, product, error in [
        (cast.north, cast.steady, 20.0),
        (cast.north, cast.dead, 70.0),
        (cast.south, cast.steady, 40.0),
    ]:
        backtest(store, product, "ensemble", error=error, day=TODAY, is_chosen=True, pinball=0.3, coverage_80=0.8)
        backtest(store, product, "seasonal_naive", error=50, day=TODAY, rank=2)
    return cast


def lines(client: Client, query: str = "") -> list[tuple[str, float, str]]:
    response = client.get(f"{OVERVIEW}{query}")
    assert response.status_code == 200
    return [
        (line["group"].label, round(line["group"].measures.wape, 4), line["url"]) for line in response.context["groups"]
    ]


def test_accuracy_compares_stores_categories_and_products_and_leads_into_them(measured: Cast, client: Client) -> None:
    client.force_login(measured.viewer)
    assert lines(client) == [
        ("N1 · North", 0.45, "?store=N1&by=category"),
        ("S1 · South", 0.4, "?store=S1&by=category"),
    ]
    assert lines(client, "?by=category&store=N1") == [
        ("Tools", 0.7, "?by=product&store=N1&category=Tools"),
        ("Coffee", 0.2, "?by=product&store=N1&category=Coffee"),
    ]
    forecasts = reverse("admin:forecasting_newest_forecast", args=[measured.north.pk, measured.dead.pk])
    assert lines(client, "?by=product&store=N1&category=Tools") == [("SKU-DEAD · Dead product", 0.7, forecasts)]
    assert [url for _, _, url in lines(client, "?by=product&category=Tools")] == [
        f"{reverse('admin:forecasting_productdemandforecast_changelist')}?product__id__exact={measured.dead.pk}"
    ]


def test_accuracy_shows_what_is_served_beside_the_naive_and_every_model(measured: Cast, client: Client) -> None:
    client.force_login(measured.viewer)
    response = client.get(OVERVIEW)
    board = response.context["board"]
    assert (round(board.served.wape, 4), round(board.served.value_added, 4)) == (0.4333, 0.1333)
    assert [line.model for line in response.context["models"]] == ["ensemble", "seasonal_naive"]
    text = response.content.decode()
    for words in ("43.3 %", "+13.3 %", "“like last week” errs by 50.0 %", "forecast too high", "3 of 3"):
        assert words in text


def test_where_it_is_worst_comes_with_causes_and_leads_to_the_forecast(measured: Cast, client: Client) -> None:
    client.force_login(measured.viewer)
    response = client.get(f"{OVERVIEW}?currency=GBP")
    rows = response.context["worst"].rows
    assert [(row.product.sku, row.error_money) for row in rows] == [("SKU-DEAD", 980.0), ("SKU-STEADY", 280.0)]
    text = response.content.decode()
    forecast = reverse("admin:forecasting_newest_forecast", args=[measured.north.pk, measured.dead.pk])
    for words in (f'href="{forecast}"', "980 GBP", "Last week repeated would have done better", 'href="?currency=EUR"'):
        assert words in text
    by_units = client.get(f"{OVERVIEW}?order=units").context["worst"].rows
    assert [(row.store.code, row.product.sku) for row in by_units] == [
        ("N1", "SKU-DEAD"),
        ("S1", "SKU-STEADY"),
        ("N1", "SKU-STEADY"),
    ]


def test_live_accuracy_is_chosen_by_the_address(measured: Cast, client: Client) -> None:
    live(measured.north, measured.steady, error=90)
    client.force_login(measured.viewer)
    assert lines(client, "?basis=live")[0][:2] == ("N1 · North", 0.9)
    assert "Series’ weeks" in shown(client, f"{OVERVIEW}?basis=live")


def test_error_over_time_is_drawn_from_two_days_on(measured: Cast, client: Client) -> None:
    client.force_login(measured.viewer)
    assert client.get(OVERVIEW).context["trend_chart"] is None
    history(measured.north, "Coffee", "ensemble", error=60, day=TODAY - timedelta(days=1))
    chart = client.get(OVERVIEW).context["trend_chart"]
    assert chart["labels"] == ["2026-03-15", "2026-03-16"]
    assert [series["values"] for series in chart["series"]] == [[60.0, 43.33], [50.0, 50.0]]


@pytest.mark.parametrize("person", PEOPLE)
def test_accuracy_opens_for_those_who_may_view_it_and_shows_own_stores_alone(
    person: str, measured: Cast, client: Client
) -> None:
    client.force_login(measured.people[person])
    response = client.get(OVERVIEW)
    assert response.status_code == (403 if person == "outsider" else 200)
    if person == "store_manager":
        assert [name for name, _, _ in lines(client)] == ["N1 · North"]
        assert {row.store for row in client.get(f"{OVERVIEW}?order=units").context["worst"].rows} == {measured.north}
        assert "South" not in response.content.decode()
        assert "Select a valid choice" in shown(client, f"{OVERVIEW}?store=S1")
        assert [name for name, _, _ in lines(client, "?store=S1")] == ["N1 · North"]


@pytest.mark.parametrize("query", ["?by=shop", "?basis=hope", "?store=NOWHERE", "?category=Nothing", "?by=", "?x=1"])
def test_an_address_that_makes_no_sense_is_told_and_shows_the_whole(query: str, measured: Cast, client: Client) -> None:
    client.force_login(measured.viewer)
    assert [name for name, _, _ in lines(client, query)] == ["N1 · North", "S1 · South"]


def test_an_empty_page_says_what_to_do(cast: Cast, client: Client) -> None:
    client.force_login(cast.analyst)
    assert "Start it now" in shown(client, OVERVIEW)
    assert "Nothing has passed yet" in shown(client, f"{OVERVIEW}?basis=live")
    client.force_login(cast.store_manager)
    assert "Ask an analyst to start it" in shown(client, OVERVIEW)


def test_long_lists_are_cut_and_say_so(cast: Cast, client: Client) -> None:
    products = Product.objects.bulk_create(Product(sku=f"P{n}", name=f"P{n}", category="Coffee") for n in range(33))
    for product in products:
        backtest(cast.north, product, "ensemble", error=20, day=TODAY, is_chosen=True)
    client.force_login(cast.viewer)
    assert len(lines(client, "?by=product")) == 30
    assert "3 more have less error" in shown(client, f"{OVERVIEW}?by=product")


@pytest.mark.parametrize("rows", [3, 30])
@pytest.mark.parametrize(("query", "own"), [("", 18), ("?by=product&store=N1", 17), ("?basis=live&by=category", 20)])
def test_accuracy_takes_the_same_queries_whatever_the_rows(
    rows: int, query: str, own: int, cast: Cast, client: Client
) -> None:
    for place in range(rows):
        product = Product.objects.create(sku=f"P{place}", name=f"P{place}", category=f"C{place}")
        backtest(cast.north, product, "ensemble", error=20, day=TODAY, is_chosen=True)
        live(cast.north, product, error=20)
    client.force_login(cast.viewer)
    client.get(f"{OVERVIEW}{query}")
    with CaptureQueriesContext(connection) as queries:
        client.get(f"{OVERVIEW}{query}")
    assert len(queries) == PERSON + own, "\n".join(query["sql"][:200] for query in queries)


def test_the_menu_leads_to_the_page_and_not_to_the_rows(cast: Cast, rf: Any) -> None:
    request = rf.get("/")
    request.user = cast.viewer
    links = {item["title"]: item["link"] for group in sidebar(request) for item in group["items"]}
    assert links["Forecast accuracy"] == OVERVIEW
