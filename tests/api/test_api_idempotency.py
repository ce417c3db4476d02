"""The same POST twice: one effect, one answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections
from rest_framework.test import APIClient

from invencare.lib import clock
from inventory import tasks
from inventory.models import IdempotentRequest, InventoryTransaction, Receipt, StockLevel
from inventory.services.idempotency import Answer, InProgress, Request, answer_once, effect_key, forget_answers
from tests.api.conftest import World, machine, order, person
from tests.cast import Cast, set_bounds

SALE = {"store_id": "N1", "product_id": "SKU-STEADY", "movement_type": "sale", "quantity": 3}
BODY = {"movements": [SALE]}


def _post(client: APIClient, path: str, body: Any, key: str | None) -> Any:
    headers = {"Idempotency-Key": key} if key is not None else {}
    return client.post(f"/api/v1/{path}", body, format="json", headers=headers)


def _stock(cast: Cast) -> int:
    return StockLevel.objects.get(store=cast.north, product=cast.steady).on_hand_units


def test_same_key_and_body_get_the_first_answer_again(cast: Cast) -> None:
    client = person(cast.buyer)
    first = _post(client, "transactions", BODY, "k1")
    again = _post(client, "transactions", BODY, "k1")
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (201, {"added": 1, "known": 0})
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (_stock(cast), InventoryTransaction.objects.count()) == (-3, 1)


def test_other_spacing_and_order_is_the_same_body(cast: Cast) -> None:
    client = person(cast.buyer)
    _post(client, "transactions", BODY, "k1")
    text = '{ "movements": [ {"quantity":3, "movement_type":"sale", "product_id":"SKU-STEADY", "store_id":"N1"} ] }'
    again = client.post(
        "/api/v1/transactions", text, content_type="application/json", headers={"Idempotency-Key": "k1"}
    )
    assert again.headers["Idempotent-Replayed"] == "true"


def test_same_key_for_another_body_or_path_is_refused(cast: Cast) -> None:
    client = person(cast.buyer)
    level = set_bounds(cast.north, cast.steady, minimum=0, maximum=0)
    _post(client, "transactions", BODY, "k1")
    other_body = _post(client, "transactions", {"movements": [{**SALE, "quantity": 4}]}, "k1")
    other_path = _post(client, f"stock/{level.pk}/adjust", {"change": 1, "reason": "x"}, "k1")
    for response in (other_body, other_path):
        assert (response.status_code, response.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert _stock(cast) == -3


def test_same_key_of_another_actor_is_another_request(cast: Cast) -> None:
    till = machine(cast.buyer, ["sales:write"])
    for client in (person(cast.buyer), person(cast.administrator), till):
        assert _post(client, "transactions", BODY, "k1").json() == {"added": 1, "known": 0}
    assert _stock(cast) == -9


@pytest.mark.parametrize("key", [None, "", "two words", "tab\tkey", "x" * 101])
def test_missing_or_unusable_key_is_named(key: str | None, cast: Cast) -> None:
    response = _post(person(cast.buyer), "transactions", BODY, key)
    assert response.status_code == 400
    assert set(response.json()["error"]["fields"]) == {"Idempotency-Key"}
    assert not InventoryTransaction.objects.exists()


def test_refused_request_leaves_its_key_free(cast: Cast) -> None:
    client = person(cast.buyer)
    wrong = _post(client, "transactions", {"movements": [{**SALE, "product_id": "SKU-NONE"}]}, "k1")
    assert wrong.status_code == 404
    assert not IdempotentRequest.objects.exists()
    assert _post(client, "transactions", BODY, "k1").status_code == 201


def test_crash_in_the_middle_leaves_neither_effect_nor_answer(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    client = person(cast.buyer)

    def die(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the process ends between the effect and its answer")

    with monkeypatch.context() as patched:
        patched.setattr(IdempotentRequest, "save", _save_new_only(die))
        assert _post(client, "transactions", BODY, "k1").status_code == 500
    assert not InventoryTransaction.objects.exists()
    assert not IdempotentRequest.objects.exists()
    assert _post(client, "transactions", BODY, "k1").json() == {"added": 1, "known": 0}


def _save_new_only(die: Any) -> Any:
    """``save`` that makes the row, and fails when the answer is to be kept."""
    save = IdempotentRequest.save

    def patched(row: IdempotentRequest, **options: Any) -> None:
        if options.get("update_fields"):
            die()
        save(row, **options)

    return patched


def test_effect_is_known_after_the_answer_is_forgotten(cast: Cast) -> None:
    client = person(cast.buyer)
    _post(client, "transactions", BODY, "k1")
    assert forget_answers(before=clock.now() - timedelta(days=1)) == 0
    assert forget_answers(before=clock.now() + timedelta(seconds=1)) == 1
    assert _post(client, "transactions", BODY, "k1").json() == {"added": 0, "known": 1}
    assert _stock(cast) == -3


def test_answers_are_kept_for_a_week(cast: Cast) -> None:
    for key in ("old", "young"):
        _post(person(cast.buyer), "transactions", BODY, key)
    week_ago = clock.now() - timedelta(days=7)
    IdempotentRequest.objects.filter(key="old").update(created_at=week_ago - timedelta(minutes=1))
    IdempotentRequest.objects.filter(key="young").update(created_at=week_ago + timedelta(minutes=1))
    assert tasks.forget_api_answers() == 1
    assert IdempotentRequest.objects.get().key == "young"


def test_adjust_and_count_move_once(world: World) -> None:
    client, level = person(world.cast.store_manager), world.north["level"]
    for _ in range(2):
        response = _post(client, f"stock/{level.pk}/adjust", {"change": -6, "reason": "broken"}, "a")
        assert (response.status_code, response.json()["after_units"]) == (201, 30)
    for _ in range(2):
        response = _post(client, f"stock/{level.pk}/count", {"counted_units": 11, "reason": "shelf"}, "c")
        assert (response.status_code, response.json()["stock_change"]) == (201, -19)
    assert _stock(world.cast) == 11


def test_delivery_is_received_once(world: World) -> None:
    client, sent = person(world.cast.store_manager), world.north["sent"]
    body = {"lines": [{"line_id": sent.lines.get().pk, "units": 6}]}
    first, again = (_post(client, f"purchase-orders/{sent.pk}/receive", body, "r") for _ in range(2))
    assert first.json() == again.json()
    assert (first.json()["status"], first.json()["lines"][0]["received_units"]) == ("partly_received", 6)
    assert Receipt.objects.filter(line__purchase_order=sent).count() == 1
    assert _stock(world.cast) == 42


def test_approval_may_carry_a_key_and_is_then_answered_again(world: World) -> None:
    client, pk = person(world.cast.buyer), world.north["recommendation"].pk
    first, again = (_post(client, f"recommendations/{pk}/approve", {}, "p") for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert _post(client, f"recommendations/{pk}/approve", {}, None).status_code == 409


def test_unfinished_row_is_in_progress(db: None) -> None:
    IdempotentRequest.objects.create(actor="user:1", key="k", method_path="POST /x", request_hash="h")
    with pytest.raises(InProgress):
        answer_once(Request("user:1", "k", "POST /x", "h"), work=lambda: Answer(200, {}))


def test_effect_keys_differ_by_actor_and_fit_the_ledger() -> None:
    keys = {effect_key(actor=actor, key=key) for actor in ("user:1", "key:1") for key in ("a", "b" * 100)}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {44}


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_eight_at_once_sell_once(cast: Cast) -> None:
    barrier = Barrier(8)
    client_of = cast.buyer

    def send(_: int) -> tuple[int, Any, bool]:
        client = person(client_of)
        barrier.wait()
        try:
            response = _post(client, "transactions", BODY, "k1")
            return response.status_code, response.json(), "Idempotent-Replayed" in response.headers
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(send, range(8)), key=lambda answer: answer[2])
    assert answers == [(201, {"added": 1, "known": 0}, replayed) for replayed in [False] + [True] * 7]
    assert (_stock(cast), InventoryTransaction.objects.count()) == (-3, 1)


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_eight_deliveries_at_once_with_their_own_keys_are_eight(cast: Cast) -> None:
    sent = order(cast, cast.north, cast.steady, "sent", units=80)
    line = sent.lines.get()
    barrier = Barrier(8)

    def receive(number: int) -> int:
        client = person(cast.buyer)
        barrier.wait()
        try:
            body = {"lines": [{"line_id": line.pk, "units": 10}]}
            return int(_post(client, f"purchase-orders/{sent.pk}/receive", body, f"r{number}").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(receive, range(8))) == [200] * 8
    line.refresh_from_db()
    sent.refresh_from_db()
    assert (line.received_units, sent.status, _stock(cast)) == (80, "received", 80)


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
def test_request_that_waits_too_long_is_told_that_the_first_is_at_work(cast: Cast) -> None:
    first = Request("user:1", "k", "POST /x", "h")
    claimed, done = Barrier(2), Barrier(2)

    def hold() -> None:
        def work() -> Answer:
            claimed.wait(20)
            done.wait(20)
            return Answer(201, {"n": 1})

        try:
            answer_once(first, work=work)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        claimed.wait(20)
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION innodb_lock_wait_timeout = 1")
        with pytest.raises(InProgress):
            answer_once(first, work=lambda: Answer(500, {}))
        done.wait(20)
        holder.result(20)
    assert answer_once(first, work=lambda: Answer(500, {})) == Answer(201, {"n": 1}, replayed=True)
