"""The desks of transfers and excess in the admin: who sees what, who may decide, and what a refusal leaves behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from insights.models import Decision, DecisionLimit, ExcessRecommendation, TransferRecommendation
from inventory.models import StockLevel, StockTransfer, Store
from tests.cast import NOW, TODAY, Cast, set_bounds
from tests.insights.move_proposals import make_east, propose_excess, propose_transfer
from tests.insights.proposals import make_products, recommend

TRANSFERS = reverse("admin:insights_transferrecommendation_changelist")
EXCESS = reverse("admin:insights_excessrecommendation_changelist")
SEERS = {"viewer", "store_manager", "buyer", "analyst", "administrator"}
DECIDERS = {"store_manager", "buyer", "administrator"}


@pytest.fixture
def east(cast: Cast) -> Store:
    return make_east()


def page_of(row: Any) -> str:
    return reverse(f"admin:insights_{row._meta.model_name}_change", args=[row.pk])


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def nothing_was_decided() -> bool:
    rows = [*TransferRecommendation.objects.all(), *ExcessRecommendation.objects.all()]
    return all(row.status == "pending" and row.version == 1 for row in rows) and not Decision.objects.exists()


def test_the_lists_show_pending_rows_with_the_most_money_first(cast: Cast, east: Store) -> None:
    small = propose_transfer(cast.north, east, cast.steady, net_gain=1)
    large = propose_transfer(east, cast.north, cast.seasonal, net_gain=90)
    propose_transfer(cast.north, east, cast.dead, status="rejected")
    listed = signed_in(cast.buyer).get(TRANSFERS).context["cl"].result_list
    assert [row.pk for row in listed] == [large.pk, small.pk]
    low, high = (
        propose_excess(cast.north, product, value_at_stake=n) for product, n in ((cast.steady, 1), (cast.dead, 9))
    )
    listed = signed_in(cast.buyer).get(EXCESS).context["cl"].result_list
    assert [row.pk for row in listed] == [high.pk, low.pk]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"store": "north"}, {"steady", "seasonal"}),
        ({"store": "south"}, set()),
        ({"from_store__id__exact": "north"}, {"steady"}),
        ({"to_store__id__exact": "north"}, {"seasonal"}),
        ({"status__exact": "all"}, {"steady", "seasonal", "dead"}),
        ({"category": "Tools", "status__exact": "all"}, {"dead"}),
        ({"q": "SKU-STEADY"}, {"steady"}),
    ],
)
def test_transfers_are_filtered_by_either_end(
    cast: Cast, east: Store, query: dict[str, str], expected: set[str]
) -> None:
    propose_transfer(cast.north, east, cast.steady)
    propose_transfer(east, cast.north, cast.seasonal)
    propose_transfer(east, cast.south, cast.dead, status="expired")
    ids = {"north": str(cast.north.pk), "south": str(cast.south.pk)}
    listed = signed_in(cast.buyer).get(TRANSFERS, {name: ids.get(value, value) for name, value in query.items()})
    assert {row.product.sku.split("-")[1].lower() for row in listed.context["cl"].result_list} == expected


def test_who_sees_the_lists_and_pages(cast: Cast, east: Store) -> None:
    rows = [propose_transfer(cast.north, east, cast.steady), propose_excess(cast.north, cast.steady)]
    for address in (TRANSFERS, EXCESS, *map(page_of, rows)):
        seen = {role for role, user in cast.people.items() if signed_in(user).get(address).status_code == 200}
        assert seen == SEERS, address


def test_another_stores_rows_are_not_there_for_a_store_manager(cast: Cast, east: Store) -> None:
    west = Store.objects.create(code="W1", name="West", time_zone="Europe/London", currency="GBP")
    elsewhere = [propose_transfer(west, east, cast.steady), propose_excess(cast.south, cast.steady)]
    manager = signed_in(cast.store_manager)
    for address, row in zip((TRANSFERS, EXCESS), elsewhere, strict=True):
        assert list(manager.get(address).context["cl"].result_list) == []
        assert manager.get(page_of(row)).status_code == 404
        assert manager.post(page_of(row), {"decision": "approve", "version": 1, "quantity": 10}).status_code == 404
    assert nothing_was_decided()


def test_who_decides_the_page_of_a_move(cast: Cast, east: Store) -> None:
    """A move into the store manager's store is seen there, with the reason why it cannot be decided there."""
    coming = propose_transfer(east, cast.north, cast.steady)
    page = signed_in(cast.store_manager).get(page_of(coming))
    assert not page.context["may_decide"]
    assert page.context["not_mine"] == "It would leave East: that store's people, or a buyer, decide it."
    assert "that store&#x27;s people, or a buyer, decide it." in page.content.decode()
    for role, user in cast.people.items():
        if role not in {"buyer", "administrator"}:
            answer = signed_in(user).post(page_of(coming), {"decision": "approve", "version": 1, "quantity": 10})
            assert answer.status_code == 403, role
            assert nothing_was_decided()
    answer = signed_in(cast.buyer).post(
        page_of(coming), {"decision": "approve", "version": 1, "quantity": 10}, follow=True
    )
    transfer = StockTransfer.objects.get()
    assert said(answer) == [
        (
            "Approved: 10 units of SKU-STEADY from E1 to N1, on draft transfer "
            f'<a href="{reverse("admin:inventory_stocktransfer_change", args=[transfer.pk])}">{transfer.number}</a>.'
        ),
        (
            "The forecast and the stock behind this recommendation are "
            f"{Decision.objects.get().numbers_age_days} days old; wait for the next nightly run, or look at the stock before "
            "you decide."
        ),
    ]


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"quantity": ""}, "quantity", "Give the units to move."),
        ({"quantity": 60, "reason": "more"}, "quantity", "N1 had 50 units; move at most those."),
        (
            {"quantity": 30},
            "reason",
            "Say why: 30 units are 200% more than the recommended 10, and over 30% asks for it.",
        ),
        ({"decision": "reject"}, "reason", "Say why it is rejected."),
        ({"decision": "snooze"}, "until", "Give the day on which it comes back."),
    ],
)
def test_bad_input_is_said_at_its_field(
    cast: Cast, east: Store, changes: dict[str, Any], field: str, message: str
) -> None:
    row = propose_transfer(cast.north, east, cast.steady)
    given = {"decision": "approve", "version": 1, "quantity": 10, **changes}
    answer = signed_in(cast.store_manager).post(page_of(row), given)
    assert answer.context["form"].errors == {field: [message]}
    assert nothing_was_decided()


def test_an_old_page_decides_nothing(cast: Cast, east: Store) -> None:
    row = propose_transfer(cast.north, east, cast.steady, version=3)
    answer = signed_in(cast.buyer).post(
        page_of(row), {"decision": "approve", "version": 1, "quantity": 10}, follow=True
    )
    assert said(answer) == ["The numbers changed since you opened this page: look at them again, then decide."]
    assert not Decision.objects.exists()


def test_beyond_the_limit_the_button_says_propose(cast: Cast, east: Store) -> None:
    DecisionLimit.objects.create(role=Group.objects.get(name="Buyer"), most_per_decision=20)
    row = propose_transfer(cast.north, east, cast.steady)
    page = signed_in(cast.buyer).get(page_of(row)).content.decode()
    assert "Propose: move" in page
    answer = signed_in(cast.buyer).post(
        page_of(row), {"decision": "approve", "version": 1, "quantity": 10}, follow=True
    )
    assert said(answer)[0].startswith("Proposed: 10 units of SKU-STEADY from N1 to E1.")
    waiting = signed_in(cast.administrator).get(TRANSFERS)
    assert waiting.context["waiting"] == 1


def test_many_are_approved_after_a_page_that_shows_them(cast: Cast, east: Store) -> None:
    mine = propose_transfer(cast.north, east, cast.steady)
    theirs = propose_transfer(east, cast.north, cast.seasonal)
    manager = signed_in(cast.store_manager)
    chosen = {"action": "approve_selected", "_selected_action": [mine.pk, theirs.pk]}
    confirm = manager.post(TRANSFERS, chosen)
    assert "Approve 2 transfer proposals" in confirm.content.decode()
    ids = ",".join(str(row.pk) for row in (mine, theirs))
    done = manager.post(TRANSFERS, {**chosen, "confirmed": 1, "ids": ids, "percent": 100}, follow=True)
    drafts = f"{reverse('admin:inventory_stocktransfer_changelist')}?status__exact=draft"
    assert said(done) == [
        f'1 approved, on <a href="{drafts}">draft transfers</a>.',
        "1 skipped: It does not exist, or its store is not one of yours.",
    ]
    theirs.refresh_from_db()
    assert theirs.status == "pending"


def test_an_order_stop_is_shown_and_lifted(cast: Cast) -> None:
    set_bounds(cast.north, cast.steady, minimum=0, maximum=0)
    far = NOW.date() + timedelta(days=20_000)
    row = propose_excess(cast.north, cast.steady, stop_until=far)
    manager = signed_in(cast.store_manager)
    answer = manager.post(page_of(row), {"decision": "approve", "version": 1}, follow=True)
    assert said(answer)[0] == f"Approved: no order of SKU-STEADY at N1 is recommended before {far:%-d %b %Y}."
    assert "Order it again" in answer.content.decode()
    resume = reverse("admin:insights_excessrecommendation_resume", args=[row.pk])
    assert signed_in(cast.viewer).post(resume).status_code == 403
    assert manager.get(resume).status_code == 403
    assert StockLevel.objects.get().orders_stopped_until == far
    assert said(manager.post(resume, follow=True)) == ["Orders are recommended again, from the next nightly run on."]
    assert StockLevel.objects.get().orders_stopped_until is None
    elsewhere = propose_excess(cast.south, cast.steady)
    stranger = reverse("admin:insights_excessrecommendation_resume", args=[elsewhere.pk])
    assert manager.post(stranger).status_code == 404


def test_the_excess_page_leads_to_its_transfers(cast: Cast, east: Store) -> None:
    move = propose_transfer(cast.north, east, cast.steady)
    row = propose_excess(cast.north, cast.steady, "move")
    page = signed_in(cast.buyer).get(page_of(row)).content.decode()
    assert page_of(move) in page
    answer = signed_in(cast.buyer).post(page_of(row), {"decision": "approve", "version": 1}, follow=True)
    assert "goes onto" in said(answer)[0]
    assert StockTransfer.objects.get().lines.get().units == 10


@pytest.mark.parametrize("rows", [3, 30])
def test_the_lists_take_the_same_queries_at_any_length(cast: Cast, east: Store, rows: int) -> None:
    for product in make_products(rows):
        propose_transfer(cast.north, east, product)
        propose_excess(cast.north, product)
    counts = []
    for address in (TRANSFERS, EXCESS):
        client = signed_in(cast.buyer)
        client.get(address)
        with CaptureQueriesContext(connection) as captured:
            assert len(client.get(address).context["cl"].result_list) == rows
        counts.append(len(captured))
    assert counts == [14, 11]


def test_the_list_of_decisions_names_all_three_kinds(cast: Cast, east: Store) -> None:
    for row in (propose_transfer(cast.north, east, cast.steady), propose_excess(cast.north, cast.steady, "mark_down")):
        signed_in(cast.buyer).post(page_of(row), {"decision": "reject", "version": 1, "quantity": 10, "reason": "no"})
    page = signed_in(cast.store_manager).get(reverse("admin:insights_decision_changelist"))
    text = page.content.decode()
    assert "SKU-STEADY from N1 to E1" in text
    assert "SKU-STEADY at N1" in text
    only = signed_in(cast.buyer).get(reverse("admin:insights_decision_changelist"), {"about": "excess"})
    assert [decision.excess_recommendation_id is None for decision in only.context["cl"].result_list] == [False]


def test_the_page_of_an_order_names_the_transfer_that_would_do(cast: Cast, east: Store) -> None:
    order = recommend(cast.north, cast.steady, cast.supplier)
    move = propose_transfer(east, cast.north, cast.steady)
    propose_transfer(cast.north, east, cast.steady)
    propose_transfer(east, cast.north, cast.steady, recommendation_date=TODAY - timedelta(days=1), status="expired")
    page = signed_in(cast.buyer).get(page_of(order))
    assert page.context["moves_here"] == [move]
    assert "for the same need; this order does not count it" in page.content.decode()
