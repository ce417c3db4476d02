"""Accuracy by the API: the leaderboard by level, and one product's backtests and weeks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inventory.models import Product
from tests.api.conftest import person
from tests.api.test_api_lists import MANAGER, PERSON
from tests.cast import TODAY, Cast
from tests.forecasting.measured import MONDAY, backtest, live

LEADERBOARD = "/api/v1/forecasts/accuracy"
SERIES = "/api/v1/forecasts/SKU-STEADY/accuracy?store_id=N1"


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
        live(store, product, error=error + 5)
    return cast


def board(client: APIClient, query: str = "") -> dict[str, Any]:
    response = client.get(f"{LEADERBOARD}{query}")
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def wapes(answer: dict[str, Any]) -> list[tuple[str, float]]:
    return [(row["key"], round(row["measures"]["wape"], 6)) for row in answer["results"]]


def test_stores_come_with_most_error_first_and_all_measures(measured: Cast) -> None:
    answer = board(person(measured.viewer))
    assert (answer["level"], answer["basis"], answer["first"], answer["last"]) == (
        "store",
        "backtest",
        "2026-03-16",
        "2026-03-16",
    )
    assert wapes(answer) == [("N1", 0.45), ("S1", 0.4)]
    assert (answer["count"], answer["next"], answer["previous"]) == (2, None, None)
    north = answer["results"][0]
    assert (north["name"], north["measured"]) == ("N1 · North", 2)
    assert {name: round(value, 6) for name, value in north["measures"].items() if value is not None} == {
        "points": 20,
        "wape": 0.45,
        "bias": -0.225,
        "mase": 0.8,
        "rmsse": 0.7,
        "pinball": 0.3,
        "coverage_80": 0.8,
        "coverage_95": 0.9,
        "naive_wape": 0.5,
        "value_added": 0.1,
        "overridden_points": 0,
    }


def test_models_are_compared_over_the_whole_selection(measured: Cast) -> None:
    models = board(person(measured.viewer))["models"]
    assert [
        (line["model"], round(line["measures"]["wape"], 6), line["served"], line["measured"]) for line in models
    ] == [
        ("ensemble", 0.433333, 3, 3),
        ("seasonal_naive", 0.5, 0, 3),
    ]


def test_levels_group_what_is_selected(measured: Cast) -> None:
    client = person(measured.viewer)
    assert wapes(board(client, "?level=category")) == [("Tools", 0.7), ("Coffee", 0.3)]
    assert wapes(board(client, "?level=product")) == [("SKU-DEAD", 0.7), ("SKU-STEADY", 0.3)]
    assert wapes(board(client, "?level=company")) == [("company", 0.433333)]
    assert board(client, "?level=company")["results"][0]["measured"] == 3
    assert wapes(board(client, "?level=product&store_id=N1&category=Coffee")) == [("SKU-STEADY", 0.2)]
    assert wapes(board(client, "?category=Tools")) == [("N1", 0.7)]


def test_live_is_what_came_of_it_in_the_last_weeks(measured: Cast) -> None:
    live(measured.north, measured.steady, error=95, week=MONDAY - timedelta(weeks=4))
    client = person(measured.viewer)
    answer = board(client, "?basis=live&level=product&store_id=N1")
    assert (answer["first"], answer["last"]) == ("2026-03-09", "2026-03-09")
    assert wapes(answer) == [("SKU-DEAD", 0.75), ("SKU-STEADY", 0.25)]
    assert wapes(board(client, "?basis=live&level=product&store_id=N1&weeks=5")) == [
        ("SKU-STEADY", 0.6),
        ("SKU-DEAD", 0.75),
    ]
    assert wapes(board(client, "?basis=live&level=company&weeks_ahead=1")) == [("company", 0.483333)]
    assert board(client, "?basis=live&level=company&weeks_ahead=2")["results"][0]["measures"]["wape"] is None


def test_nothing_measured_is_an_empty_board(cast: Cast) -> None:
    answer = board(person(cast.viewer))
    assert (answer["first"], answer["models"], answer["results"], answer["count"]) == (None, [], [], 0)


def test_a_store_manager_sees_own_stores_alone(measured: Cast) -> None:
    client = person(measured.store_manager)
    assert wapes(board(client)) == [("N1", 0.45)]
    assert wapes(board(client, "?level=product")) == [("SKU-DEAD", 0.7), ("SKU-STEADY", 0.2)]
    assert wapes(board(client, "?level=company&basis=live")) == [("company", 0.5)]
    assert client.get(f"{LEADERBOARD}?store_id=S1").status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("level=shop", "level"),
        ("basis=hope", "basis"),
        ("weeks=0", "weeks"),
        ("weeks=54", "weeks"),
        ("weeks_ahead=x", "weeks_ahead"),
        ("page_size=501", "page_size"),
        ("store=N1", "store"),
    ],
)
def test_a_wrong_parameter_is_named(query: str, field: str, cast: Cast) -> None:
    response = person(cast.viewer).get(f"{LEADERBOARD}?{query}")
    assert (response.status_code, set(response.json()["error"]["fields"])) == (400, {field})


def test_pages_are_bounded(measured: Cast) -> None:
    client = person(measured.viewer)
    first = board(client, "?level=product&page_size=1")
    assert (first["count"], wapes(first)) == (2, [("SKU-DEAD", 0.7)])
    assert wapes(client.get(first["next"]).json()) == [("SKU-STEADY", 0.3)]
    assert client.get(f"{LEADERBOARD}?level=product&page=3").status_code == 404


def test_one_product_has_its_backtests_best_first_and_its_weeks(measured: Cast) -> None:
    live(measured.north, measured.steady, error=35, week=MONDAY - timedelta(weeks=1), model="weekday_mean")
    answer = person(measured.viewer).get(SERIES).json()
    assert (answer["product_id"], answer["store_id"]) == ("SKU-STEADY", "N1")
    assert [(row["model"], row["rank"], row["wape"], row["is_served"]) for row in answer["backtest"]] == [
        ("ensemble", 1, 0.2, True),
        ("seasonal_naive", 2, 0.5, False),
    ]
    weeks = answer["live"].pop("weeks")
    assert [(week["day"], week["model"], week["measures"]["wape"]) for week in weeks] == [
        ("2026-03-02", "weekday_mean", 0.35),
        ("2026-03-09", "ensemble", 0.25),
    ]
    assert (answer["live"]["first"], answer["live"]["last"]) == ("2026-03-02", "2026-03-09")
    assert answer["live"]["served"]["wape"] == 0.3


def test_a_product_that_was_never_measured_has_no_figures(cast: Cast) -> None:
    answer = person(cast.viewer).get(SERIES).json()
    assert (answer["backtest"], answer["live"]["weeks"], answer["live"]["first"]) == ([], [], None)
    assert answer["live"]["served"]["wape"] is None


def test_the_worst_come_with_their_error_in_money_and_with_causes(measured: Cast) -> None:
    client = person(measured.viewer)
    answer = client.get("/api/v1/forecasts/accuracy/worst?currency=GBP").json()
    assert (answer["basis"], answer["currency"], answer["other_currencies"]) == ("backtest", "GBP", ["EUR"])
    assert [(row["store_id"], row["product_id"], row["error_units"], row["currency"]) for row in answer["results"]] == [
        ("N1", "SKU-DEAD", 196.0, "GBP"),  # 70 units in 10 days, told for 28, at 5.00
        ("N1", "SKU-STEADY", 56.0, "GBP"),
    ]
    assert [row["error_money"] for row in answer["results"]] == [980.0, 280.0]
    causes = answer["results"][0]["causes"]
    assert {"short_history", "worse_than_naive"} <= {cause["code"] for cause in causes}
    assert all(set(cause) == {"code", "text", "numbers"} for cause in causes)
    by_units = client.get("/api/v1/forecasts/accuracy/worst?order=units&limit=2&basis=live").json()["results"]
    assert [(row["store_id"], row["error_units"]) for row in by_units] == [("N1", 75.0), ("S1", 45.0)]


def test_the_worst_are_of_own_stores_alone(measured: Cast) -> None:
    path = "/api/v1/forecasts/accuracy/worst"
    answer = person(measured.store_manager).get(f"{path}?order=units").json()
    assert ({row["store_id"] for row in answer["results"]}, answer["other_currencies"]) == ({"N1"}, [])
    assert person(measured.store_manager).get(f"{path}?store_id=S1").status_code == 404
    assert set(person(measured.viewer).get(f"{path}?limit=101").json()["error"]["fields"]) == {"limit"}


@pytest.mark.parametrize("rows", [3, 30])
@pytest.mark.parametrize(
    ("path", "own"),
    [
        (f"{LEADERBOARD}?level=store", 7),
        (f"{LEADERBOARD}?level=category&basis=live", 6),
        (f"{LEADERBOARD}?level=product&page_size=100", 6),
        (f"{LEADERBOARD}?level=company", 3),
        (f"{LEADERBOARD}/worst?limit=100", 9),
    ],
)
def test_queries_do_not_grow_with_rows(rows: int, path: str, own: int, cast: Cast) -> None:
    products = Product.objects.bulk_create(Product(sku=f"P{n}", name=f"P{n}", category=f"C{n}") for n in range(rows))
    for product in products:
        backtest(cast.north, product, "ensemble", error=20, day=TODAY, is_chosen=True)
        live(cast.north, product, error=20)
    for user, before in ((cast.viewer, PERSON), (cast.store_manager, MANAGER)):
        client = person(user)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        assert len(queries) == before + own, user
