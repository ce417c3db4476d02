"""The alerts' pages: states, steps, bulk steps and preferences, for the whole cast."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from invencare.lib import clock
from inventory.models import Alert, AlertPreference
from inventory.services.alerts import NewAlert, open_alerts
from tests.cast import NOW, Cast

LIST = reverse("admin:inventory_alert_changelist")
PREFERENCES = reverse("admin:inventory_alert_preferences")


@pytest.fixture
def alerts(cast: Cast) -> dict[str, Alert]:
    open_alerts(
        [
            NewAlert(
                kind="anomaly", severity="high", message=f"{store.name} is odd", cause_key=store.code, store_id=store.pk
            )
            for store in (cast.north, cast.south)
        ],
        now=NOW,
    )
    return {alert.cause_key: alert for alert in Alert.objects.all()}


def listed(client: Client, query: str = "") -> list[str]:
    return [alert.cause_key for alert in client.get(LIST + query).context["cl"].result_list]


def test_the_list_shows_one_state_at_a_time(alerts: dict[str, Alert], cast: Cast, client: Client) -> None:
    client.force_login(cast.buyer)
    Alert.objects.filter(cause_key="N1").update(snoozed_until=clock.now() + timedelta(days=1))
    Alert.objects.filter(cause_key="S1").update(assigned_to=cast.buyer)
    states = {state: listed(client, f"?state={state}") for state in ("open", "mine", "snoozed", "closed", "all")}
    assert states == {"open": ["S1"], "mine": ["S1"], "snoozed": ["N1"], "closed": [], "all": ["S1", "N1"]}
    client.force_login(cast.administrator)
    assert listed(client, "?state=mine") == []


@pytest.mark.parametrize("role", ["viewer", "store_manager", "buyer", "analyst", "administrator", "outsider"])
@pytest.mark.parametrize(("step", "body"), [("snooze", {"days": "7"}), ("wake", {}), ("assign", {"assigned_to": ""})])
def test_steps_are_for_those_who_may_and_in_their_stores(
    step: str, body: dict[str, str], role: str, alerts: dict[str, Alert], cast: Cast, client: Client
) -> None:
    client.force_login(cast.people[role])
    before = list(Alert.objects.order_by("pk").values())
    codes = {
        name: client.post(reverse(f"admin:inventory_alert_{step}", args=[alert.pk]), body).status_code
        for name, alert in alerts.items()
    }
    may = role in {"store_manager", "buyer", "administrator"}
    in_scope = {"N1": True, "S1": role != "store_manager"}
    if role == "outsider":
        assert set(codes.values()) <= {403, 404}
    else:
        assert codes == {name: (302 if may else 403) if in_scope[name] else 404 for name in alerts}
    if not may:
        assert list(Alert.objects.order_by("pk").values()) == before


def test_an_alert_is_put_off_from_its_page(alerts: dict[str, Alert], cast: Cast, client: Client) -> None:
    client.force_login(cast.store_manager)
    page = reverse("admin:inventory_alert_change", args=[alerts["N1"].pk])
    assert "Put it off" in client.get(page).content.decode()
    told = client.post(reverse("admin:inventory_alert_snooze", args=[alerts["N1"].pk]), {"days": "7"}, follow=True)
    assert "1 alert is put off until" in told.content.decode()
    assert "Take it back now" in told.content.decode()


def test_a_number_of_days_that_is_not_offered_does_nothing(
    alerts: dict[str, Alert], cast: Cast, client: Client
) -> None:
    client.force_login(cast.buyer)
    client.post(reverse("admin:inventory_alert_snooze", args=[alerts["N1"].pk]), {"days": "400"})
    assert not Alert.objects.filter(snoozed_until__isnull=False).exists()


def test_only_those_who_see_the_store_are_offered(alerts: dict[str, Alert], cast: Cast, client: Client) -> None:
    client.force_login(cast.buyer)
    for name, seen in (("N1", True), ("S1", False)):
        form = client.get(reverse("admin:inventory_alert_change", args=[alerts[name].pk])).context["assign_form"]
        assert (cast.store_manager in form.fields["assigned_to"].queryset) is seen


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("snooze_a_day", "2 alerts are put off until"),
        ("snooze_a_week", "2 alerts are put off until"),
        ("wake", "0 alerts are taken back"),
        ("take", "2 alerts are yours"),
    ],
)
def test_many_are_dealt_with_at_once(
    action: str, told: str, alerts: dict[str, Alert], cast: Cast, client: Client
) -> None:
    client.force_login(cast.buyer)
    body: dict[str, Any] = {"action": action, "_selected_action": [alert.pk for alert in alerts.values()]}
    assert told in client.post(LIST, body, follow=True).content.decode()


def test_a_viewer_is_offered_no_action(alerts: dict[str, Alert], cast: Cast, client: Client) -> None:
    client.force_login(cast.viewer)
    body: dict[str, Any] = {"action": "take", "_selected_action": [alerts["N1"].pk]}
    client.post(LIST, body, follow=True)
    assert not Alert.objects.filter(assigned_to__isnull=False).exists()


@pytest.mark.parametrize("role", ["viewer", "store_manager", "buyer", "analyst", "administrator", "outsider"])
def test_preferences_are_ones_own(role: str, cast: Cast, client: Client) -> None:
    client.force_login(cast.people[role])
    body = {"most_alerts": "5", "digest_hour": "18", "wants_digest": "on", "stores": [cast.north.pk]}
    response = client.post(PREFERENCES, body)
    if role == "outsider":
        assert (response.status_code, AlertPreference.objects.count()) == (403, 0)
        return
    row = AlertPreference.objects.get()
    assert (response.status_code, row.user, row.most_alerts, row.digest_hour) == (302, cast.people[role], 5, 18)
    assert list(row.stores.all()) == [cast.north]


def test_another_stores_alerts_cannot_be_asked_for(cast: Cast, client: Client) -> None:
    client.force_login(cast.store_manager)
    body = {"most_alerts": "5", "digest_hour": "30", "stores": [cast.south.pk]}
    form = client.post(PREFERENCES, body).context["form"]
    assert set(form.errors) == {"digest_hour", "stores"}
    assert AlertPreference.objects.count() == 0


@pytest.mark.parametrize(
    ("cause", "page"),
    [
        ("order:7:2026-03-15", "/admin/inventory/purchaseorder/7/change/"),
        ("mail:7", "/admin/inventory/purchaseorder/7/change/"),
        ("file:7", "/admin/inventory/salesfile/7/change/"),
        ("nightly:late", ""),
        ("stock:1:2:out_of_stock", ""),
    ],
)
def test_an_alert_leads_to_where_its_cause_is_dealt_with(cause: str, page: str, cast: Cast, client: Client) -> None:
    open_alerts([NewAlert(kind="anomaly", severity="high", message="odd", cause_key=cause)], now=NOW)
    client.force_login(cast.buyer)
    response = client.get(reverse("admin:inventory_alert_change", args=[Alert.objects.get().pk]))
    assert response.context["cause_url"] == page
