"""The stock page of one product in one store: what it shows, and corrections through the ledger."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from forecasting.models import ProductDemandForecast
from inventory.models import InventoryTransaction, PurchaseOrder, PurchaseOrderLine, StockLevel
from inventory.services.stock_history import stock_history
from tests.cast import NOW, TODAY, Cast, movement, record


@pytest.fixture
def level(cast: Cast) -> StockLevel:
    """Counted at 30 four days ago, sold 5 three days ago and 2 yesterday."""
    record(
        movement(cast.north, cast.steady, "count", 30, day=TODAY - timedelta(days=4)),
        movement(cast.north, cast.steady, "sale", 5, day=TODAY - timedelta(days=3)),
        movement(cast.north, cast.steady, "sale", 2, day=TODAY - timedelta(days=1)),
    )
    return StockLevel.objects.select_related("store", "product").get()


def page_of(level: StockLevel, page: str = "change") -> str:
    return reverse(f"admin:inventory_stocklevel_{page}", args=[level.pk])


def key_of(text: str) -> str:
    found = re.search(r'name="idempotency_key" value="(\w+)"', text)
    assert found
    return found[1]


def test_the_history_ends_with_what_is_on_hand_and_begins_with_the_first_count(level: StockLevel) -> None:
    days = stock_history(level=level, last=TODAY, days=6)
    assert [day.closing_units for day in days] == [None, 30, 25, 25, 23, 23]
    assert [day.net_units for day in days] == [0, 0, 5, 0, 2, 0]


def test_the_history_of_an_earlier_day_leaves_out_what_came_after(level: StockLevel) -> None:
    days = stock_history(level=level, last=TODAY - timedelta(days=2), days=2)
    assert [day.closing_units for day in days] == [25, 25]


def test_it_shows_movements_and_what_is_on_order(level: StockLevel, cast: Cast, client: Client) -> None:
    order = PurchaseOrder.objects.create(number="PO-7", supplier=cast.supplier, store=cast.north, status="sent")
    PurchaseOrderLine.objects.create(purchase_order=order, product=cast.steady, ordered_units=12, unit_cost=3)
    client.force_login(cast.viewer)
    response = client.get(page_of(level))
    text = response.content.decode()
    assert [row.stock_change for row in response.context["movements"]] == [-2, -5, 30]
    assert "PO-7" in text
    assert "Adjust the stock" not in text  # a viewer corrects nothing


def test_an_adjustment_goes_through_the_ledger_once_however_often_it_is_sent(
    level: StockLevel, cast: Cast, client: Client
) -> None:
    client.force_login(cast.store_manager)
    data = {"change": "-3", "reason": "broken", "idempotency_key": key_of(client.get(page_of(level)).content.decode())}
    answers = [client.post(page_of(level, "adjust"), data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    level.refresh_from_db()
    assert level.on_hand_units == 20
    row = InventoryTransaction.objects.get(movement_type="adjustment")
    assert (row.stock_change, row.after_units, row.reason, row.recorded_by) == (-3, 20, "broken", "max")


def test_a_count_sets_the_stock_and_says_so(level: StockLevel, cast: Cast, client: Client) -> None:
    client.force_login(cast.store_manager)
    data = {"counted_units": "27", "reason": "yearly count", "idempotency_key": "abc"}
    response = client.post(page_of(level, "count"), data, follow=True)
    level.refresh_from_db()
    assert level.on_hand_units == 27
    assert "The count was recorded. On hand: 27 units." in response.content.decode()


@pytest.mark.parametrize(
    ("page", "data", "field"),
    [
        ("adjust", {"change": "0", "reason": "x"}, "change"),
        ("adjust", {"change": "1.5", "reason": "x"}, "change"),
        ("adjust", {"change": "99999999999", "reason": "x"}, "change"),
        ("adjust", {"change": "3", "reason": "  "}, "reason"),
        ("adjust", {"change": "3", "reason": "x" * 201}, "reason"),
        ("count", {"counted_units": "-1", "reason": "x"}, "counted_units"),
        ("count", {"counted_units": "", "reason": "x"}, "counted_units"),
    ],
)
def test_bad_input_is_named_on_the_form_and_nothing_moves(
    page: str, data: dict[str, str], field: str, level: StockLevel, cast: Cast, client: Client
) -> None:
    client.force_login(cast.store_manager)
    response = client.post(page_of(level, page), {**data, "idempotency_key": "abc"})
    assert response.status_code == 200
    assert list(response.context["form"].errors) == [field]
    assert InventoryTransaction.objects.count() == 3


def forecast_of(level: StockLevel) -> None:
    ProductDemandForecast.objects.create(
        store=level.store,
        product=level.product,
        forecast_date=TODAY,
        forecast_period=2,
        model="naive",
        daily={
            "mean": [1.0, 2.5],
            "quantiles": {"0.1": [0, 0], "0.5": [1, 2], "0.9": [3, 4]},
            "intervals": {"0.8": [[0, 1], [2, 3]], "0.95": [[0, 0], [4, 5]]},
        },
        created_at=NOW,
    )


def forecast_answer(client: Client, level: StockLevel) -> Any:
    return client.get(reverse("admin:forecasting_newest_path", args=[level.store_id, level.product_id]))


def test_the_chart_asks_for_the_newest_forecast(level: StockLevel, cast: Cast, client: Client) -> None:
    forecast_of(level)
    client.force_login(cast.viewer)
    data = forecast_answer(client, level).json()
    assert data["labels"] == ["2026-03-16", "2026-03-17"]
    assert [(series["label"], series.get("lower"), series["values"]) for series in data["series"]] == [
        ("Forecast", None, [1.0, 2.5]),
        ("95 % of days", [0, 0], [4, 5]),
        ("80 % of days", [0, 1], [2, 3]),
    ]


def test_without_a_forecast_there_is_nothing_to_lay_over(level: StockLevel, cast: Cast, client: Client) -> None:
    client.force_login(cast.viewer)
    assert forecast_answer(client, level).json() == {"labels": [], "series": []}


def test_another_stores_forecast_is_not_told(cast: Cast, client: Client) -> None:
    client.force_login(cast.store_manager)
    answer = client.get(reverse("admin:forecasting_newest_path", args=[cast.south.pk, cast.steady.pk]))
    assert answer.status_code == 403
