"""The home page as each person sees it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analytics.models import ProductClass
from analytics.services.metrics import refresh_metrics
from insights.models import AnalysisRun
from inventory.services.alert_preferences import set_preference
from inventory.services.alerts import NewAlert, open_alerts
from tests.cast import NOW, TODAY, Cast, movement, record
from tests.insights.move_proposals import make_east, propose_excess, propose_transfer
from tests.insights.proposals import recommend

HOME = reverse("admin:index")


def page(client: Client, user: Any, query: str = "") -> Any:
    client.force_login(user)
    response = client.get(HOME + query)
    assert response.status_code == 200
    return response


@pytest.fixture
def sold(cast: Cast) -> Cast:
    for store, units in ((cast.north, 11), (cast.south, 23)):
        record(movement(store, cast.steady, "count", 500, day=TODAY - timedelta(days=40)))
        record(movement(store, cast.steady, "sale", units, day=TODAY - timedelta(days=1), unit_price=Decimal("5.00")))
        recommend(store, cast.steady, cast.supplier, urgency_level="critical")
    refresh_metrics(now=NOW)
    return cast


def test_without_data_it_says_what_to_do(cast: Cast, client: Client) -> None:
    text = page(client, cast.administrator).content.decode()
    assert "There are no sales yet." in text
    assert "seed_demo" in text
    assert "No nightly analysis has run yet." in text


def test_who_has_no_role_is_told_whom_to_ask(cast: Cast, client: Client) -> None:
    text = page(client, cast.outsider).content.decode()
    assert "You have no role on this site yet" in text
    assert "Revenue" not in text


def test_it_begins_with_28_days_of_all_stores_that_end_with_the_newest_sale(sold: Cast, client: Client) -> None:
    board = page(client, sold.viewer).context["board"]
    assert (board.period.days, board.period.last) == (28, TODAY - timedelta(days=1))
    assert board.totals.units == 34


def test_a_store_manager_sees_the_own_store_alone(sold: Cast, client: Client) -> None:
    response = page(client, sold.store_manager)
    assert response.context["board"].totals.units == 11
    assert "South" not in response.content.decode()


def test_another_stores_code_in_the_address_is_refused(sold: Cast, client: Client) -> None:
    response = page(client, sold.store_manager, "?store=S1&period=week")
    assert response.context["board"].totals.units == 11
    assert response.context["form"].errors["store"]


def test_store_and_period_are_in_the_address(sold: Cast, client: Client) -> None:
    board = page(client, sold.viewer, "?store=S1&period=week").context["board"]
    assert (board.totals.units, board.period.days) == (23, 7)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?first=2026-03-01", "Give both dates"),
        ("?first=2026-03-09&last=2026-03-01", "The first date is after the last one."),
        ("?first=2020-01-01&last=2026-03-01", "Choose at most 400 days."),
        ("?period=decade", "Select a valid choice"),
        ("?first=yesterday&last=2026-03-01", "Enter a valid date."),
    ],
)
def test_a_wrong_period_is_said_and_28_days_are_shown(query: str, message: str, sold: Cast, client: Client) -> None:
    response = page(client, sold.viewer, query)
    assert message in response.content.decode()
    assert response.context["board"].period.days == 28


def test_own_dates_are_taken(sold: Cast, client: Client) -> None:
    board = page(client, sold.viewer, "?first=2026-03-10&last=2026-03-12").context["board"]
    assert (board.period.days, board.totals.units) == (3, 0)


def test_what_needs_a_decision_links_to_the_list_that_shows_it(sold: Cast, client: Client) -> None:
    decisions = page(client, sold.buyer, "?store=N1").context["decisions"]
    assert [(item["urgency"], item["count"]) for item in decisions] == [("critical", 1)]
    listed = client.get(decisions[0]["url"])
    assert [row.store_id for row in listed.context["cl"].result_list] == [sold.north.pk]


def test_transfers_and_excess_that_wait_are_counted_where_they_are_decided(sold: Cast, client: Client) -> None:
    east = make_east()
    propose_transfer(sold.north, east, sold.steady)
    propose_transfer(east, sold.north, sold.seasonal)
    propose_transfer(sold.north, east, sold.dead, status="rejected")
    propose_excess(sold.north, sold.steady)
    propose_excess(sold.south, sold.steady)

    def counts(user: Any, query: str = "") -> list[tuple[int, str]]:
        tasks = page(client, user, query).context["move_tasks"]
        assert [len(client.get(task["url"]).context["cl"].result_list) for task in tasks] == [t["count"] for t in tasks]
        return [(task["count"], task["words"]) for task in tasks]

    assert counts(sold.buyer) == [(2, "transfer proposals"), (2, "excess")]
    assert counts(sold.buyer, "?store=N1") == [(1, "transfer proposal"), (1, "excess")]
    assert counts(sold.store_manager) == [(1, "transfer proposal"), (1, "excess")]  # of two that the manager sees


def test_every_link_of_the_cards_leads_to_a_page(sold: Cast, client: Client) -> None:
    cards = page(client, sold.buyer, "?store=N1").context["cards"]
    links = [card["url"] for card in cards if card.get("url", "#")[0] != "#"]
    assert [client.get(link).status_code for link in links] == [200, 200, 200]


def test_a_late_nightly_run_is_a_warning_with_a_way_out(sold: Cast, client: Client) -> None:
    AnalysisRun.objects.create(
        kind="nightly", business_date=TODAY - timedelta(days=30), status="done", created_at="2026-02-15T00:00Z"
    )
    assert "The figures are old." in page(client, sold.viewer).content.decode()
    assert "Start it now" in page(client, sold.analyst).content.decode()
    assert "Start it now" not in page(client, sold.viewer).content.decode()


def test_a_single_day_is_compared_with_the_same_weekday_before(sold: Cast, client: Client) -> None:
    record(movement(sold.north, sold.steady, "sale", 22, day=TODAY - timedelta(days=8), unit_price=Decimal("5.00")))
    refresh_metrics(now=NOW)
    response = page(client, sold.viewer, "?period=day&store=N1")
    units = next(card for card in response.context["cards"] if card["title"] == "Units sold")
    assert (units["value"], units["change"]) == ("11", {"text": "-50.0 %", "is_up": False})
    assert "the same weekday a week before" in response.content.decode()


def test_every_cell_of_the_matrix_leads_to_exactly_what_it_counts(sold: Cast, client: Client) -> None:
    for store, product, abc, xyz in [
        (sold.north, sold.steady, "A", "X"),
        (sold.south, sold.steady, "A", "X"),
        (sold.south, sold.new, "", ""),
    ]:
        ProductClass.objects.create(store=store, product=product, abc_class=abc, xyz_class=xyz)
    for query, counts in (("", {"A": 2, "": 1}), ("?store=S1", {"A": 1, "": 1})):
        rows = page(client, sold.viewer, query).context["matrix_rows"]
        cells = [cell for row in rows for cell in row["cells"] if cell["count"]]
        assert [cell["count"] for cell in cells] == list(counts.values())
        for cell in cells:
            assert client.get(cell["url"]).context["cl"].result_count == cell["count"]


def test_every_part_of_the_stocks_health_leads_to_what_costs_it_points(sold: Cast, client: Client) -> None:
    record(movement(sold.north, sold.new, "count", 0))
    refresh_metrics(now=NOW)
    response = page(client, sold.viewer)
    parts = {row["name"]: row for row in response.context["health_rows"]}
    assert [(row["points"], row["of"]) for row in parts.values()] == [(33.3, 50.0), (30.0, 30.0), (20.0, 20.0)]
    assert client.get(parts["In stock"]["url"]).context["cl"].result_count == 1
    assert "83 of 100" in response.content.decode()


def test_stores_stand_beside_each_other_and_a_click_chooses_one(sold: Cast, client: Client) -> None:
    rows = page(client, sold.viewer, "?period=week").context["store_rows"]
    assert [(row["store"].code, row["units"]) for row in rows] == [("S1", 23), ("N1", 11)]
    board = page(client, sold.viewer, rows[1]["url"]).context["board"]
    assert (board.period.days, board.totals.units) == (7, 11)
    assert page(client, sold.viewer, "?store=N1").context["store_rows"] == []


def test_what_is_sold_least_is_in_stock(sold: Cast, client: Client) -> None:
    record(movement(sold.north, sold.dead, "count", 7), movement(sold.north, sold.new, "count", 0))
    refresh_metrics(now=NOW)
    rows = page(client, sold.viewer, "?store=N1").context["bottom_rows"]
    assert [(row["product"], row["units"], row["in_stock_units"]) for row in rows] == [
        (sold.dead, 0, 7),
        (sold.steady, 11, 489),
    ]
    assert client.get(rows[0]["url"]).context["store"] == sold.north


def test_no_more_alerts_are_shown_than_the_person_wants(sold: Cast, client: Client) -> None:
    open_alerts(
        [NewAlert("anomaly", "high", f"odd {i}", f"odd:{i}", sold.north.pk, money=Decimal(i)) for i in range(12)],
        now=NOW,
    )
    assert [alert.money for alert in page(client, sold.viewer).context["board"].alerts] == list(range(11, 3, -1))
    set_preference(user=sold.viewer, values={"most_alerts": 2})
    response = page(client, sold.viewer)
    assert [alert.message for alert in response.context["board"].alerts] == ["odd 11", "odd 10"]
    assert response.context["more_alerts"] == 10
