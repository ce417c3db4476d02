"""The daily mail: at its hour, once a day, each cause once, as much as the person wants."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from inventory.models import Alert, AlertDelivery, AlertDigest, Store
from inventory.services import alert_digests
from inventory.services.alert_digests import send_due_digests
from inventory.services.alert_preferences import alert_scope_of, preference_of, set_preference
from inventory.services.alerts import NewAlert, close_alerts, open_alerts
from tests.cast import NOW, Cast

DAY = timedelta(days=1)


@pytest.fixture
def mailed(cast: Cast) -> Cast:
    """The buyer and the store manager have an address; the buyer's hour is 9, the manager's the default, 7."""
    for person in (cast.buyer, cast.store_manager):
        person.email = f"{person.username}@shop.example"
        person.save(update_fields=["email"])
    set_preference(user=cast.buyer, values={"digest_hour": 9})
    return cast


def wrong(cause: str, *, store: Store | None = None, money: int = 10) -> NewAlert:
    return NewAlert(
        kind=Alert.Kind.ANOMALY,
        severity="high",
        message=f"{cause} is odd",
        cause_key=cause,
        store_id=store.pk if store else None,
        money=Decimal(money),
        currency="GBP",
    )


def sent_to() -> list[str]:
    return sorted(address for message in mail.outbox for address in message.to)


def test_each_person_gets_what_the_own_stores_have_most_money_first(mailed: Cast) -> None:
    open_alerts(
        [wrong("small", store=mailed.north, money=5), wrong("big", store=mailed.south, money=900), wrong("company")],
        now=NOW,
    )
    assert send_due_digests(now=NOW) == 2
    by_person = {message.to[0]: message for message in mail.outbox}
    buyers, managers = by_person["bo@shop.example"], by_person["max@shop.example"]
    assert buyers.subject == "3 new alerts, GBP 915 at stake"
    assert [buyers.body.index(name) for name in ("big is odd", "company is odd", "small is odd")] == sorted(
        buyers.body.index(name) for name in ("big is odd", "company is odd", "small is odd")
    )
    assert managers.subject == "1 new alert, GBP 5 at stake"
    assert "big is odd" not in managers.body


def test_text_and_html_tell_the_same(mailed: Cast, settings: Any) -> None:
    settings.SITE_ADDRESS = "https://stock.example/"
    open_alerts([wrong("<b>Tea & Co</b>", store=mailed.north)], now=NOW)
    send_due_digests(now=NOW)
    message: Any = mail.outbox[0]
    ((html, kind),) = message.alternatives
    alert = Alert.objects.get()
    assert kind == "text/html"
    assert "<b>Tea & Co</b> is odd" in message.body
    assert "&lt;b&gt;Tea &amp; Co&lt;/b&gt; is odd" in html
    for text in (message.body, html):
        assert f"https://stock.example/admin/inventory/alert/{alert.pk}/change/" in text
        assert "https://stock.example/admin/inventory/alert/preferences/" in text
        assert "1 alert is open in all" in text


@pytest.mark.parametrize(
    ("hour", "people"), [(6, []), (7, ["max"]), (8, ["max"]), (9, ["bo", "max"]), (23, ["bo", "max"])]
)
def test_a_mail_comes_at_its_hour_or_later_the_same_day(hour: int, people: list[str], mailed: Cast) -> None:
    open_alerts([wrong("a", store=mailed.north)], now=NOW)
    send_due_digests(now=NOW.replace(hour=hour))
    assert sent_to() == [f"{name}@shop.example" for name in people]


def test_the_hour_is_the_companys(mailed: Cast, settings: Any) -> None:
    settings.TIME_ZONE = "America/New_York"  # 5 hours behind, 4 after 8 March
    open_alerts([wrong("a", store=mailed.north)], now=NOW)
    assert send_due_digests(now=NOW) == 0  # 05:00 there
    assert send_due_digests(now=NOW + timedelta(hours=2)) == 1  # 07:00


def test_a_day_has_one_mail_whatever_comes_later(mailed: Cast) -> None:
    open_alerts([wrong("a", store=mailed.north)], now=NOW)
    send_due_digests(now=NOW)
    open_alerts([wrong("b", store=mailed.north)], now=NOW)
    assert send_due_digests(now=NOW + timedelta(hours=2)) == 0
    assert send_due_digests(now=NOW + DAY) == 2
    assert "a is odd" not in mail.outbox[-1].body


def test_a_cause_is_not_mailed_again_while_it_is_open_nor_when_it_flaps(mailed: Cast) -> None:
    open_alerts([wrong("a", store=mailed.north)], now=NOW)
    send_due_digests(now=NOW)
    assert send_due_digests(now=NOW + DAY) == 0
    close_alerts(["a"], now=NOW + DAY)
    open_alerts([wrong("a", store=mailed.north)], now=NOW + DAY)
    assert send_due_digests(now=NOW + 2 * DAY) == 0
    assert send_due_digests(now=NOW + 7 * DAY) == 2  # opened anew, and a week after the first mail


def test_the_rest_is_told_by_its_number(mailed: Cast) -> None:
    set_preference(user=mailed.store_manager, values={"most_alerts": 2})
    open_alerts([wrong(f"c{i}", store=mailed.north, money=i) for i in range(5)], now=NOW)
    send_due_digests(now=NOW.replace(hour=7))
    (message,) = mail.outbox
    assert "c4 is odd" in message.body
    assert "c2 is odd" not in message.body
    assert "3 more are new" in message.body
    # What there was no room for is new still, and comes tomorrow.
    send_due_digests(now=NOW.replace(hour=7) + DAY)
    assert "c2 is odd" in mail.outbox[1].body


def test_who_wants_none_has_no_address_or_no_role_gets_none(mailed: Cast) -> None:
    set_preference(user=mailed.buyer, values={"wants_digest": False})
    mailed.outsider.email = "otto@shop.example"
    mailed.outsider.save(update_fields=["email"])
    mailed.store_manager.is_active = False
    mailed.store_manager.save(update_fields=["is_active"])
    open_alerts([wrong("a", store=mailed.north)], now=NOW)
    assert send_due_digests(now=NOW) == 0
    assert AlertDigest.objects.count() == 0


def test_what_is_put_off_or_somebody_elses_is_not_mailed(mailed: Cast) -> None:
    open_alerts([wrong("later", store=mailed.north), wrong("theirs", store=mailed.north)], now=NOW)
    Alert.objects.filter(cause_key="later").update(snoozed_until=NOW + DAY)
    Alert.objects.filter(cause_key="theirs").update(assigned_to=mailed.buyer)
    assert send_due_digests(now=NOW) == 1
    assert sent_to() == ["bo@shop.example"]
    assert "later is odd" not in mail.outbox[0].body


def test_a_mail_that_the_server_refuses_is_tried_again_three_times_in_all(
    mailed: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_preference(user=mailed.buyer, values={"wants_digest": False})
    open_alerts([wrong("a", store=mailed.north)], now=NOW)

    def refuse(self: Any, *args: Any, **kwargs: Any) -> int:
        raise ConnectionRefusedError(111, "nobody there")

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
        assert [send_due_digests(now=NOW + timedelta(hours=i)) for i in range(2)] == [0, 0]
    row = AlertDigest.objects.get()
    assert (row.status, row.attempts) == ("failed", 2)
    assert row.problem.startswith("ConnectionRefusedError")
    assert AlertDelivery.objects.count() == 0
    assert send_due_digests(now=NOW + timedelta(hours=3)) == 1
    row.refresh_from_db()
    assert (row.status, row.attempts, row.problem, len(mail.outbox)) == ("sent", 3, "", 1)


def test_a_mail_that_died_half_way_is_not_sent_twice(mailed: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    set_preference(user=mailed.buyer, values={"wants_digest": False})
    open_alerts([wrong("a", store=mailed.north)], now=NOW)

    def killed(self: Any, *args: Any, **kwargs: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.EmailMultiAlternatives.send", killed)
        with pytest.raises(KeyboardInterrupt):
            send_due_digests(now=NOW)
    assert AlertDigest.objects.get().status == "sending"
    assert [send_due_digests(now=NOW + i * DAY) for i in (0, 1)] == [0, 0]


def test_of_two_workers_with_the_same_list_one_sends(mailed: Cast) -> None:
    open_alerts([wrong("a", store=mailed.north)], now=NOW)
    day = NOW.date()
    first = alert_digests._claim(mailed.store_manager, day, NOW)
    second = alert_digests._claim(mailed.store_manager, day, NOW)
    assert first is not None
    assert second is None


def test_nothing_new_is_no_mail(mailed: Cast) -> None:
    assert send_due_digests(now=NOW) == 0
    assert set(AlertDigest.objects.values_list("status", flat=True)) == {"nothing_new"}


def test_chosen_stores_narrow_and_never_widen(mailed: Cast) -> None:
    set_preference(user=mailed.buyer, values={}, stores=[mailed.south])
    assert alert_scope_of(mailed.buyer, preference_of(mailed.buyer)).store_ids == {mailed.south.pk}
    with pytest.raises(ValidationError, match="Not among your stores: S1"):
        set_preference(user=mailed.store_manager, values={}, stores=[mailed.south])
    # Chosen once, and the right to see it taken away since.
    set_preference(user=mailed.store_manager, values={})
    preference_of(mailed.store_manager).stores.set([mailed.south])
    assert alert_scope_of(mailed.store_manager, preference_of(mailed.store_manager)).store_ids == frozenset()


@pytest.mark.parametrize(
    ("values", "field"),
    [({"most_alerts": 0}, "most_alerts"), ({"most_alerts": 101}, "most_alerts"), ({"digest_hour": 24}, "digest_hour")],
)
def test_a_wrong_preference_is_refused_by_name(values: dict[str, Any], field: str, mailed: Cast) -> None:
    with pytest.raises(ValidationError) as refusal:
        set_preference(user=mailed.buyer, values=values)
    assert field in refusal.value.message_dict
