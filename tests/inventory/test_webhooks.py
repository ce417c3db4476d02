"""Alerts to other programs: one signed message an opening and a closing, tried again, never inside of a transaction."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any
from unittest.mock import patch

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse

from invencare.aws.errors import Retryable, Terminal
from invencare.lib.outgoing import Answer, Unreachable
from inventory.models import Alert, StockEvent, WebhookDelivery, WebhookEndpoint
from inventory.services.alerts import NewAlert, close_alerts, open_alerts
from inventory.services.events.dead_letters import discard
from inventory.services.events.watching import watch_dead_letters
from inventory.services.webhooks import plan_deliveries, retry_deliveries, secret_of, send_due
from inventory.services.webhooks.endpoints import OF_SETTING, check_endpoint, new_salt
from inventory.services.webhooks.sending import MOST_ATTEMPTS, pause_after
from tests.cast import NOW, Cast, set_bounds
from tests.invencare.test_outgoing import Receiver, receiver
from tests.inventory.events.making import event, hand_in

__all__ = ["receiver"]  # the fixture of a server that keeps what it gets
LATER = NOW + timedelta(minutes=1)


def endpoint(address: str = "https://hooks.example.com/a", **changes: Any) -> WebhookEndpoint:
    values = {"name": f"hook {WebhookEndpoint.objects.count()}", "created_at": NOW - timedelta(days=1)}
    return WebhookEndpoint.objects.create(address=address, salt=new_salt(), **values | changes)


def alert(cause: str = "c", kind: str = "run_failed", **changes: Any) -> Alert:
    new = NewAlert(kind=kind, severity="high", message="The night failed", cause_key=cause, **changes)
    open_alerts([new], now=NOW)
    return Alert.objects.open().get(cause_key=cause)


@pytest.fixture
def answers() -> Iterator[list[Any]]:
    """What the endpoint answers, in turn; exceptions are raised."""
    given: list[Any] = []

    def post(*args: Any, **options: Any) -> Answer:
        assert len(connection.savepoint_ids) <= 1  # the test's own transaction alone
        answer = given.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return Answer(answer, "")

    with patch("invencare.lib.outgoing.post", post):
        yield given


def tell(now: Any = NOW) -> tuple[int, int]:
    plan_deliveries(now=now)
    return send_due(now=now)


@override_settings(WEBHOOK_ALLOW_PRIVATE=True)
def test_crossing_the_minimum_is_told_once_and_coming_back_once(cast: Cast, receiver: str) -> None:
    hook = endpoint(receiver + "/stock")
    set_bounds(cast.north, cast.steady, minimum=10, maximum=0)
    hand_in(event("product_added", "SKU-STEADY", 12), event("sale", "SKU-STEADY", 3, minute=1))
    assert tell() == (1, 0)
    assert tell(LATER) == (0, 0)
    hand_in(event("product_added", "SKU-STEADY", 50, minute=2))
    assert tell(LATER) == (1, 0)
    told = [json.loads(body) for _, _, body in Receiver.got]
    assert [said["event"] for said in told] == ["alert.opened", "alert.closed"]
    assert told[0]["alert"] | {"id": 0} == {
        "id": 0,
        "kind": "below_minimum",
        "severity": "high",
        "message": "Steady product at North: 9 units on hand, minimum 10",
        "store_id": "N1",
        "product_id": "SKU-STEADY",
        "opened_at": NOW.isoformat(),
        "closed_at": None,
    }
    _, headers, body = Receiver.got[0]
    signed = hmac.new(
        secret_of(hook).encode(), headers["X-InvenCare-Timestamp"].encode() + b"." + body, sha256
    ).hexdigest()
    assert headers["X-InvenCare-Signature"] == f"v1={signed}"
    assert headers["X-InvenCare-Timestamp"] == str(int(NOW.timestamp()))


def test_a_private_address_is_refused_and_not_tried_again(cast: Cast, receiver: str) -> None:
    endpoint(receiver.replace("http://", "https://"))
    alert()
    assert tell() == (0, 1)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.attempts) == ("failed", 1)
    assert delivery.last_answer == "127.0.0.1 is 127.0.0.1, which is no public address."
    assert Receiver.got == []


def test_what_did_not_arrive_is_tried_again_later_each_time(cast: Cast, answers: list[Any]) -> None:
    endpoint()
    alert()
    answers += [500, Unreachable("timed out"), 204]
    assert tell() == (0, 1)
    assert send_due(now=NOW + timedelta(seconds=29)) == (0, 0)
    assert send_due(now=NOW + timedelta(seconds=30)) == (0, 1)
    assert send_due(now=NOW + timedelta(seconds=89)) == (0, 0)
    assert send_due(now=NOW + timedelta(seconds=90)) == (1, 0)
    assert WebhookDelivery.objects.get().status == "delivered"
    assert [pause_after(n).total_seconds() for n in (1, 2, 3, 11, 12)] == [30, 60, 120, 21_600, 21_600]


def test_after_a_day_of_tries_it_is_given_up_until_a_person_says_again(cast: Cast, answers: list[Any]) -> None:
    endpoint()
    alert()
    plan_deliveries(now=NOW)
    now = NOW
    for _ in range(MOST_ATTEMPTS):
        answers.append(503)
        assert send_due(now=now) == (0, 1)
        now += timedelta(hours=7)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.attempts) == ("failed", MOST_ATTEMPTS)
    assert send_due(now=now) == (0, 0)
    assert retry_deliveries([delivery.pk], now=now) == 1
    answers.append(200)
    assert send_due(now=now) == (1, 0)


def test_an_endpoint_that_is_gone_is_not_asked_again(cast: Cast, answers: list[Any]) -> None:
    endpoint()
    alert()
    answers.append(410)
    tell()
    assert WebhookDelivery.objects.get().status == "failed"


def test_two_senders_send_one_message_once(cast: Cast, answers: list[Any]) -> None:
    """The second has read the row before the first claimed it."""
    from inventory.services.webhooks import sending

    endpoint()
    alert()
    plan_deliveries(now=NOW)
    first, second = WebhookDelivery.objects.get(), WebhookDelivery.objects.get()
    assert sending._claim(first, NOW)
    assert not sending._claim(second, NOW)


def test_a_sender_that_died_leaves_its_message_to_the_next(cast: Cast, answers: list[Any]) -> None:
    endpoint()
    alert()
    plan_deliveries(now=NOW)
    answers.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        send_due(now=NOW)
    assert send_due(now=NOW + timedelta(minutes=1)) == (0, 0)
    answers.append(200)
    assert send_due(now=NOW + timedelta(minutes=2)) == (1, 0)


def test_only_the_kinds_chosen_and_what_opened_since_it_is_there(cast: Cast) -> None:
    alert("old")
    late = endpoint(created_at=LATER)
    choosy = endpoint(alert_kinds=["mail_failed"])
    off = endpoint(is_active=False)
    alert("mail", kind="mail_failed")
    plan_deliveries(now=LATER)
    assert [hook.deliveries.count() for hook in (late, choosy, off)] == [0, 1, 0]


def test_opened_and_closed_between_two_looks_is_told_in_order(cast: Cast) -> None:
    hook = endpoint()
    alert()
    close_alerts(["c"], now=NOW)
    plan_deliveries(now=LATER)
    assert list(hook.deliveries.order_by("pk").values_list("event", flat=True)) == ["alert.opened", "alert.closed"]


def test_failures_go_to_sns_when_it_is_configured(cast: Cast) -> None:
    with override_settings(ALERT_SNS_TOPIC_ARN="arn:aws:sns:eu-west-1:123456789012:ops"):
        plan_deliveries(now=NOW - timedelta(days=1))
        alert()
        alert("stock", kind="out_of_stock")
        with patch("invencare.aws.sns.publish", side_effect=[Retryable("Throttling"), "m-1"]) as publish:
            assert tell() == (0, 1)
            assert send_due(now=LATER) == (1, 0)
        assert publish.call_args.args == ("arn:aws:sns:eu-west-1:123456789012:ops",)
        assert publish.call_args.kwargs["subject"] == "InvenCare: The night failed"
    plan_deliveries(now=LATER)
    assert not WebhookEndpoint.objects.get(name=OF_SETTING).is_active


def test_a_topic_that_is_not_there_is_given_up(cast: Cast) -> None:
    endpoint("arn:aws:sns:eu-west-1:123456789012:ops", kind="sns")
    alert()
    with patch("invencare.aws.sns.publish", side_effect=Terminal("NotFound")):
        assert tell() == (0, 1)
    assert WebhookDelivery.objects.get().status == "failed"


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("webhook", "http://x.example/"),
        ("webhook", "https://a b/"),
        ("sns", "https://x.example/"),
        ("sns", "arn:aws:s3:::b"),
    ],
)
def test_an_address_that_cannot_work_is_refused_when_it_is_typed(kind: str, address: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check_endpoint(kind, address)
    assert list(caught.value.message_dict) == ["address"]


def test_dead_letters_are_one_alert_until_they_are_handled(cast: Cast) -> None:
    hand_in(event("sale", "SKU-STEADY", "x"), event("sale", "SKU-STEADY", "y"))
    for _ in range(2):
        assert watch_dead_letters(now=NOW)
    found = Alert.objects.open().get(kind="dead_letters")
    assert found.message.endswith("product.quantity: This must be a whole number of units.")
    discard(event_ids=[row.pk for row in StockEvent.objects.all()], actor=cast.buyer, now=NOW, reason="tests")
    assert not watch_dead_letters(now=NOW)
    assert not Alert.objects.open().exists()


def test_administrators_alone_make_endpoints_and_see_secrets(cast: Cast, client: Client) -> None:
    add = reverse("admin:inventory_webhookendpoint_add")
    typed = {"name": "Chat", "kind": "webhook", "address": "https://hooks.example.com/x", "is_active": "on"}
    for user in (cast.viewer, cast.store_manager, cast.buyer, cast.analyst, cast.outsider):
        client.force_login(user)
        assert client.post(add, typed).status_code == 403
    assert not WebhookEndpoint.objects.exists()
    client.force_login(cast.administrator)
    assert "begins with https://" in client.post(add, typed | {"address": "http://10.0.0.1/"}).content.decode()
    client.post(add, typed)
    made = WebhookEndpoint.objects.get()
    page = client.get(reverse("admin:inventory_webhookendpoint_change", args=[made.pk])).content.decode()
    assert secret_of(made) in page
    assert made.salt not in page


def test_a_message_that_was_given_up_is_sent_again_from_the_list(cast: Cast, client: Client) -> None:
    hook = endpoint()
    alert()
    plan_deliveries(now=NOW)
    hook.deliveries.update(status="failed")
    client.force_login(cast.administrator)
    address = reverse("admin:inventory_webhookdelivery_changelist")
    client.post(address, {"action": "send_again", "_selected_action": [hook.deliveries.get().pk]})
    assert hook.deliveries.get().status == "pending"
