"""The pages of performance: parts of the score, moves, dead and slow stock; who may see which."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import ClassMove, ProductPerformance
from analytics.services.performance import analyse_performance
from inventory.models import Store
from tests.cast import NOW, TODAY, Cast, sell_daily

YESTERDAY = TODAY - timedelta(days=1)
IDLE = reverse("admin:analytics_idlestock_changelist")


def analyse(cast: Cast, store: Store, *, day: Any = YESTERDAY) -> None:
    ids = [product.pk for product in cast.products]
    analyse_performance(store=store, product_ids=ids, analysis_date=day, now=NOW)


@pytest.fixture
def idle(cast: Cast) -> Cast:
    """In both stores: a steady product that moves, and one that sold long ago."""
    for store in (cast.north, cast.south):
        sell_daily(store, cast.steady, [2] * 30, last_day=YESTERDAY, opening=100)
        sell_daily(store, cast.dead, [2], last_day=YESTERDAY - timedelta(days=120), opening=9)
        for day in (YESTERDAY - timedelta(days=1), YESTERDAY):
            analyse(cast, store, day=day)
    return cast


def page(client: Client, cast: Cast, who: str, address: str) -> str:
    client.force_login(cast.people[who])
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def change(product: Any, store: Store) -> str:
    row = ProductPerformance.objects.get(product=product, store=store, analysis_date=YESTERDAY)
    return reverse("admin:analytics_productperformance_change", args=[row.pk])


def test_the_page_explains_the_score_and_tells_the_moves(idle: Cast, client: Client) -> None:
    here = {"product": idle.steady, "scheme": "abc", "moved_on": YESTERDAY}
    ClassMove.objects.create(store=idle.north, from_class="B", to_class="A", **here)
    ClassMove.objects.create(store=idle.south, from_class="C", to_class="B", **here)
    ClassMove.objects.create(currency="GBP", from_class="", to_class="C", **here)
    text = page(client, idle, "viewer", change(idle.steady, idle.north))
    assert "out of stock on 0.0 of 30 days" in text
    assert "B → A" in text
    assert "no class → C" in text
    assert "C → B" not in text
    assert 'id="score-chart"' in text


def test_a_manager_neither_sees_the_companys_moves_nor_another_stores_page(idle: Cast, client: Client) -> None:
    ClassMove.objects.create(
        product=idle.steady, currency="GBP", scheme="abc", moved_on=YESTERDAY, from_class="", to_class="C"
    )
    assert "no class → C" not in page(client, idle, "store_manager", change(idle.steady, idle.north))
    assert client.get(change(idle.steady, idle.south)).status_code == 302


def test_idle_stock_lists_the_newest_night_with_the_money_in_it(idle: Cast, client: Client) -> None:
    client.force_login(idle.viewer)
    response = client.get(IDLE)
    rows = response.context["cl"].result_list
    assert {(row.store.code, row.product.sku, row.analysis_date) for row in rows} == {
        ("N1", "SKU-DEAD", YESTERDAY),
        ("S1", "SKU-DEAD", YESTERDAY),
    }
    assert [sum_["value"] for sum_ in response.context["money_tied_up"]] == [21, 21]  # 7 units at 3, GBP and EUR
    assert "120 days ago" in response.content.decode()


@pytest.mark.parametrize(
    ("who", "stores"), [("viewer", {"N1", "S1"}), ("store_manager", {"N1"}), ("buyer", {"N1", "S1"})]
)
def test_the_download_holds_the_readers_stores(who: str, stores: set[str], idle: Cast, client: Client) -> None:
    client.force_login(idle.people[who])
    response = client.get(reverse("admin:analytics_idlestock_export_csv"))
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("analysis_date,store,product,name,category,movement,on_hand_units")
    assert {line.split(",")[1] for line in lines[1:]} == stores
    assert all(",dead,7,3.0000,21.0000," in line for line in lines[1:])


def test_the_outsider_gets_nothing(idle: Cast, client: Client) -> None:
    client.force_login(idle.outsider)
    for address in (IDLE, reverse("admin:analytics_idlestock_export_csv"), change(idle.steady, idle.north)):
        assert client.get(address).status_code == 403


def test_before_the_first_night_the_page_says_what_to_do(cast: Cast, client: Client) -> None:
    assert "Start a nightly analysis" in page(client, cast, "viewer", IDLE)
