"""API keys in the admin: made by administrators, shown once, never with more than their owner has."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory.models import ApiKey
from tests.cast import Cast

ADD = reverse("admin:inventory_apikey_add")


def ask_for(client: Client, cast: Cast, **changes: Any) -> Any:
    client.force_login(cast.administrator)
    data = {
        "name": "Till 7",
        "owner": cast.store_manager.pk,
        "scopes": ["sales:write", "stock:read"],
        "stores": [cast.north.pk],
        "expiry_date_0": "",
        "expiry_date_1": "",
        **changes,
    }
    return client.post(ADD, data, follow=True)


def test_a_key_is_shown_once_and_kept_as_a_hash(cast: Cast, client: Client) -> None:
    text = ask_for(client, cast).content.decode()
    key = ApiKey.objects.get()
    plain = re.search(rf"{key.prefix}\.\w+", text)
    assert plain
    assert key.is_valid(plain[0])
    assert (key.owner, key.scopes, list(key.stores.all())) == (
        cast.store_manager,
        ["sales:write", "stock:read"],
        [cast.north],
    )
    again = client.get(reverse("admin:inventory_apikey_change", args=[key.pk])).content.decode()
    assert plain[0] not in again


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"name": ""}, "name"),
        ({"owner": ""}, "owner"),
        ({"expiry_date_0": "2001-01-01", "expiry_date_1": "00:00"}, "expiry_date"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(changes: dict[str, Any], field: str, cast: Cast, client: Client) -> None:
    response = ask_for(client, cast, **changes)
    assert list(response.context["adminform"].form.errors) == [field]
    assert not ApiKey.objects.exists()


def test_a_key_never_reaches_a_store_that_its_owner_does_not_see(cast: Cast, client: Client) -> None:
    response = ask_for(client, cast, stores=[cast.south.pk])
    assert "may not see every store" in str(response.context["adminform"].form.errors)
    assert not ApiKey.objects.exists()


def test_a_revoked_key_stays_revoked(cast: Cast, client: Client) -> None:
    ask_for(client, cast)
    key = ApiKey.objects.get()
    address = reverse("admin:inventory_apikey_change", args=[key.pk])
    kept = {"name": key.name, "scopes": key.scopes, "stores": [cast.north.pk], "expiry_date_0": "", "expiry_date_1": ""}
    assert client.post(address, {**kept, "revoked": "on"}).status_code == 302
    key.refresh_from_db()
    assert key.revoked is True
    client.post(address, kept)
    key.refresh_from_db()
    assert key.revoked is True


@pytest.mark.parametrize("person", ["viewer", "store_manager", "buyer", "analyst", "outsider"])
def test_only_administrators_make_keys(person: str, cast: Cast, client: Client) -> None:
    client.force_login(cast.people[person])
    assert client.post(ADD, {"name": "x", "owner": cast.buyer.pk, "scopes": ["stock:read"]}).status_code == 403
    assert not ApiKey.objects.exists()
