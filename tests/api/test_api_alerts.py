"""Alerts by the API: states, order, steps, and a person's preferences."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from invencare.lib import clock
from inventory.models import Alert, AlertPreference
from tests.api.conftest import alert, machine, person
from tests.cast import Cast


def ids(cast: Cast, query: str = "", user: Any = None) -> list[int]:
    response = person(user or cast.viewer).get(f"/api/v1/alerts{query}")
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()["results"]]


def test_the_list_is_what_is_open_and_awake_most_money_first(cast: Cast) -> None:
    now = clock.now()
    small, big = (alert(cast.north, cast.steady, money=Decimal(money)) for money in (5, 90))
    asleep = alert(cast.north, cast.steady, snoozed_until=now + timedelta(days=1))
    woken = alert(cast.south, cast.dead, snoozed_until=now - timedelta(days=1))
    closed = alert(cast.north, cast.steady)
    Alert.objects.filter(pk=closed.pk).update(open_key=None, closed_at=now)
    assert ids(cast) == ids(cast, "?state=open") == [big.pk, small.pk, woken.pk]
    assert ids(cast, "?state=snoozed") == [asleep.pk]
    assert ids(cast, "?state=closed") == [closed.pk]
    assert len(ids(cast, "?state=all")) == 5
    assert ids(cast, "?store_id=S1") == ids(cast, "?product_id=SKU-DEAD") == [woken.pk]
    assert ids(cast, user=cast.store_manager) == [big.pk, small.pk]


def test_a_closed_alert_is_found_by_its_id(cast: Cast) -> None:
    row = alert(cast.north, cast.steady)
    Alert.objects.filter(pk=row.pk).update(open_key=None, closed_at=clock.now())
    assert person(cast.viewer).get(f"/api/v1/alerts/{row.pk}").status_code == 200


def test_an_alert_is_put_off_taken_back_and_given_away(cast: Cast) -> None:
    row, client = alert(cast.north, cast.steady), person(cast.buyer)
    until = (clock.now() + timedelta(days=2)).replace(microsecond=0)
    put_off = client.post(f"/api/v1/alerts/{row.pk}/snooze", {"until": until.isoformat()}, format="json").json()
    assert put_off["snoozed_until"] == until.isoformat().replace("+00:00", "Z")
    assert client.post(f"/api/v1/alerts/{row.pk}/wake").json()["snoozed_until"] is None
    given = client.post(f"/api/v1/alerts/{row.pk}/assign", {"assigned_to": "max"}, format="json").json()
    assert given["assigned_to"] == "max"


@pytest.mark.parametrize(
    ("step", "body", "status", "field"),
    [
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, 400, "until"),
        ("snooze", {"until": "soon"}, 400, "until"),
        ("snooze", {}, 400, "until"),
        ("assign", {"assigned_to": "nobody"}, 404, "assigned_to"),
        ("assign", {"assigned_to": "otto"}, 400, "assigned_to"),
        ("assign", {"assigned_to": "max", "why": "x"}, 400, "why"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(
    step: str, body: dict[str, str], status: int, field: str, cast: Cast
) -> None:
    row = alert(cast.south, cast.steady)
    response = person(cast.buyer).post(f"/api/v1/alerts/{row.pk}/{step}", body, format="json")
    assert (response.status_code, list(response.json()["error"]["fields"])) == (status, [field])
    assert Alert.objects.filter(pk=row.pk, snoozed_until__isnull=True, assigned_to__isnull=True).exists()


def test_a_store_manager_cannot_be_given_another_stores_alert_nor_touch_it(cast: Cast) -> None:
    row = alert(cast.south, cast.steady)
    refused = person(cast.buyer).post(f"/api/v1/alerts/{row.pk}/assign", {"assigned_to": "max"}, format="json")
    assert refused.status_code == 400
    assert person(cast.store_manager).post(f"/api/v1/alerts/{row.pk}/wake").status_code == 404


def test_a_closed_alert_is_a_conflict(cast: Cast) -> None:
    row = alert(cast.north, cast.steady)
    Alert.objects.filter(pk=row.pk).update(open_key=None, closed_at=clock.now())
    until = (clock.now() + timedelta(days=2)).isoformat()
    response = person(cast.buyer).post(f"/api/v1/alerts/{row.pk}/snooze", {"until": until}, format="json")
    assert response.status_code == 409


ADDRESS = "/api/v1/alerts/preferences"


def test_who_has_chosen_nothing_has_the_defaults(cast: Cast) -> None:
    answer = person(cast.viewer).get(ADDRESS).json()
    assert answer == {"most_alerts": 20, "wants_digest": True, "digest_hour": 7, "store_ids": []}
    assert AlertPreference.objects.count() == 0


def test_what_is_named_changes_and_the_rest_stays(cast: Cast) -> None:
    client = person(cast.store_manager)
    client.patch(ADDRESS, {"most_alerts": 5, "store_ids": ["N1"]}, format="json")
    answer = client.patch(ADDRESS, {"digest_hour": 18}, format="json").json()
    assert answer == {"most_alerts": 5, "wants_digest": True, "digest_hour": 18, "store_ids": ["N1"]}
    assert person(cast.viewer).get(ADDRESS).json()["most_alerts"] == 20


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"most_alerts": 0}, 400, "most_alerts"),
        ({"digest_hour": 24}, 400, "digest_hour"),
        ({"store_ids": ["S1"]}, 404, "store_ids"),
        ({"hour": 3}, 400, "hour"),
    ],
)
def test_a_wrong_preference_is_refused_by_name(body: dict[str, Any], status: int, field: str, cast: Cast) -> None:
    response = person(cast.store_manager).patch(ADDRESS, body, format="json")
    assert (response.status_code, list(response.json()["error"]["fields"])) == (status, [field])
    assert AlertPreference.objects.count() == 0


def test_a_key_reads_its_owners_preferences_and_changes_none(cast: Cast) -> None:
    key = machine(cast.buyer, ["alerts:read", "alerts:write"])
    assert key.get(ADDRESS).status_code == 200
    assert key.patch(ADDRESS, {"most_alerts": 1}, format="json").status_code == 403


@pytest.mark.parametrize("role", ["viewer", "store_manager", "buyer", "analyst", "administrator", "outsider"])
def test_every_role_that_sees_alerts_has_preferences(role: str, cast: Cast) -> None:
    response = person(cast.people[role]).patch(ADDRESS, {"most_alerts": 3}, format="json")
    assert response.status_code == (403 if role == "outsider" else 200)
