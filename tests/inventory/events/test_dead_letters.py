"""Dead letters: corrected, replayed, discarded; once each, within the rights of whoever does it, with their history."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin import helpers
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inventory.models import InventoryTransaction, Product, StockEvent, StockLevel
from inventory.services.errors import Conflict, Unknown
from inventory.services.events.dead_letters import discard, replay, replay_many
from inventory.services.rebuild import find_differences
from tests.cast import NOW, Cast, movement, record
from tests.inventory.events.making import event, hand_in, statuses

STEADY = "SKU-STEADY"
LIST = reverse("admin:inventory_stockevent_changelist")


def letter(said: Any) -> StockEvent:
    hand_in(said)
    found: StockEvent = StockEvent.objects.order_by("pk").last()
    return found


def corrected(quantity: int = 4) -> str:
    return json.dumps(event("sale", STEADY, quantity))


def test_a_corrected_event_is_applied_once_and_keeps_its_history(cast: Cast) -> None:
    row = letter(event("sale", STEADY, "x", event_id="e"))
    result = replay(event_id=row.pk, actor=cast.buyer, now=NOW, payload=corrected(), note="typo at the till")
    assert (result.status, result.after_units) == (200, -4)
    with pytest.raises(Conflict, match="applied already"):
        replay(event_id=row.pk, actor=cast.buyer, now=NOW, payload=corrected())
    row.refresh_from_db()
    assert (row.outcome, row.reason, row.quantity, row.store) == ("applied", "", 4, cast.north)
    step = row.steps.get()
    assert (step.kind, step.note, step.taken_by) == ("replayed", "typo at the till", cast.buyer)
    assert (step.outcome_before, step.outcome_after) == ("rejected", "applied")
    assert '"x"' in step.payload_before
    assert InventoryTransaction.objects.get().recorded_by == "bo"
    assert statuses(hand_in(event("sale", STEADY, 9, event_id="e"))) == [409]


def test_what_is_still_wrong_stays_a_dead_letter_with_the_new_reason(cast: Cast) -> None:
    row = letter(event("sale", "P77", 1))
    assert replay(event_id=row.pk, actor=cast.buyer, now=NOW).status == 400
    assert replay(event_id=row.pk, actor=cast.buyer, now=NOW, payload="{").errors.keys() == {"data"}
    row.refresh_from_db()
    assert (row.outcome, row.payload) == ("rejected", "{")
    assert row.steps.count() == 2


def test_a_sale_that_comes_late_still_counts_when_a_person_says_so(cast: Cast) -> None:
    hand_in(event("sale", STEADY, 1, minute=30))
    row = letter(event("sale", STEADY, 5, minute=10))
    assert row.outcome == "stale"
    assert replay(event_id=row.pk, actor=cast.buyer, now=NOW).status == 200
    level = StockLevel.objects.get()
    assert (level.on_hand_units, level.events_applied_to) == (-6, NOW - timedelta(minutes=90))
    assert list(find_differences()) == []


def test_a_late_sale_is_not_taken_off_a_count_that_was_made_after_it(cast: Cast) -> None:
    row = letter(event("sale", STEADY, "x", minute=10))
    record(movement(cast.north, cast.steady, "count", 20, occurred_at=NOW - timedelta(minutes=60)))
    fixed = json.dumps(event("sale", STEADY, 5, minute=10))
    result = replay(event_id=row.pk, actor=cast.buyer, now=NOW, payload=fixed)
    assert (result.outcome.value, result.reason[:38]) == ("stale", "The stock was counted or set on 2026-0")
    assert StockLevel.objects.get().on_hand_units == 20


def test_an_old_stock_is_not_set_over_a_newer_one(cast: Cast) -> None:
    row = letter(event("product_added", STEADY, "x", minute=10))
    hand_in(event("sale", STEADY, 1, minute=30))
    old = json.dumps(event("product_added", STEADY, 50, minute=10))
    assert replay(event_id=row.pk, actor=cast.buyer, now=NOW, payload=old).outcome.value == "stale"


def test_many_are_replayed_in_the_order_received_and_the_others_named(cast: Cast) -> None:
    first = letter(event("sale", "P77", 1, minute=1))
    second = letter(event("sale", "P77", 2, minute=2))
    bad = letter(event("sale", STEADY, "x"))
    Product.objects.create(sku="P77", name="Seventy-seven")
    handled = replay_many(event_ids=[second.pk, bad.pk, first.pk, 999_999], actor=cast.buyer, now=NOW)
    assert [result.status for result in handled.results] == [200, 200, 400]
    assert list(handled.skipped) == ["999999"]
    assert [row.after_units for row in StockEvent.objects.filter(outcome="applied").order_by("pk")] == [-1, -3]


def test_discarding_needs_a_reason_and_is_for_good(cast: Cast) -> None:
    row = letter(event("sale", STEADY, "x", event_id="e"))
    with pytest.raises(ValidationError):
        discard(event_ids=[row.pk], actor=cast.buyer, now=NOW, reason=" ")
    assert discard(event_ids=[row.pk], actor=cast.buyer, now=NOW, reason="a test of the till").discarded == 1
    assert list(discard(event_ids=[row.pk], actor=cast.buyer, now=NOW, reason="again").skipped) == [str(row.pk)]
    with pytest.raises(Conflict, match="discarded already"):
        replay(event_id=row.pk, actor=cast.buyer, now=NOW, payload=corrected())
    assert statuses(hand_in(event("sale", STEADY, 4, event_id="e"))) == [409]
    assert row.steps.get().note == "a test of the till"
    assert not InventoryTransaction.objects.exists()


def test_nobody_handles_events_of_other_stores(cast: Cast) -> None:
    hand_in(event("sale", STEADY, 1, minute=30, store="S1"))
    row = letter(event("sale", STEADY, 5, minute=10, store="S1"))
    with pytest.raises(Unknown):
        replay(event_id=row.pk, actor=cast.store_manager, now=NOW)
    assert list(discard(event_ids=[row.pk], actor=cast.store_manager, now=NOW, reason="x").skipped) == [str(row.pk)]


def test_a_replay_does_not_reach_beyond_its_persons_stores(cast: Cast) -> None:
    hand_in(event("sale", STEADY, 1, minute=30))
    row = letter(event("sale", STEADY, 5, minute=10))
    other = json.dumps(event("sale", STEADY, 5, minute=10, store="S1"))
    result = replay(event_id=row.pk, actor=cast.store_manager, now=NOW, payload=other)
    assert (result.status, list(result.errors)) == (400, ["store_id"])
    assert not StockLevel.objects.filter(store=cast.south).exists()


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(row: StockEvent) -> str:
    return reverse("admin:inventory_stockevent_change", args=[row.pk])


def test_the_page_replays_and_discards(cast: Cast) -> None:
    row, other = letter(event("sale", STEADY, "x", minute=1)), letter(event("sale", STEADY, "y", minute=2))
    client = client_of(cast.buyer)
    shown = client.get(page(row)).content.decode()
    assert "product.quantity: This must be a whole number of units." in shown
    answer = client.post(page(row), {"verb": "replay", "payload": corrected(), "note": "n"}, follow=True)
    assert "1 applied." in answer.content.decode()
    assert "This field is required" in client.post(page(other), {"verb": "discard", "reason": ""}).content.decode()
    client.post(page(other), {"verb": "discard", "reason": "a test"})
    other.refresh_from_db()
    assert other.outcome == "discarded"


def test_the_list_replays_and_discards_in_bulk_after_asking(cast: Cast) -> None:
    rows = [letter(event("sale", "P77", n + 1, minute=n)) for n in range(3)]
    Product.objects.create(sku="P77", name="Seventy-seven")
    client = client_of(cast.buyer)
    chosen = {"action": "replay_selected", helpers.ACTION_CHECKBOX_NAME: [row.pk for row in rows[:2]]}
    assert "Replay 2 events" in client.post(LIST, chosen).content.decode()
    assert StockEvent.objects.dead_letters().count() == 3
    client.post(LIST, {**chosen, "confirmed": "1"})
    assert StockLevel.objects.get().on_hand_units == -3
    rest = {"action": "discard_selected", helpers.ACTION_CHECKBOX_NAME: [rows[2].pk], "confirmed": "1"}
    assert "This field is required" in client.post(LIST, {**rest, "reason": ""}).content.decode()
    client.post(LIST, {**rest, "reason": "old"})
    assert not StockEvent.objects.dead_letters().exists()


def test_who_may_only_look_sees_no_button_and_does_nothing(cast: Cast) -> None:
    row = letter(event("sale", STEADY, "x"))
    for user in (cast.viewer, cast.analyst):
        client = client_of(user)
        assert "Discard for good" not in client.get(page(row)).content.decode()
        assert client.post(page(row), {"verb": "discard", "reason": "x"}).status_code == 403
        client.post(LIST, {"action": "discard_selected", helpers.ACTION_CHECKBOX_NAME: [row.pk], "confirmed": "1"})
    assert client_of(cast.outsider).get(page(row)).status_code == 403
    assert client_of(cast.store_manager).get(page(row)).status_code == 404  # of no store: for those who see every one
    row.refresh_from_db()
    assert (row.outcome, row.steps.count()) == ("rejected", 0)


@pytest.mark.parametrize("rows", [3, 30])
def test_the_list_takes_the_same_queries_whatever_it_shows(rows: int, cast: Cast) -> None:
    hand_in(event("sale", STEADY, 1, minute=60))
    hand_in(*(event("sale", STEADY, n + 1, minute=n) for n in range(rows)))
    client = client_of(cast.viewer)
    with CaptureQueriesContext(connection) as queries:
        assert "Stale" in client.get(LIST + "?outcome=stale").content.decode()
    assert len(queries) == 9


def test_a_script_in_a_payload_is_shown_and_not_run(cast: Cast) -> None:
    row = letter({"event_type": "<script>alert(1)</script>"})
    shown = client_of(cast.viewer).get(page(row)).content.decode()
    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;alert(1)" in shown
