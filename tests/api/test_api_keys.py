"""API keys: made once, hashed, cut down, withdrawn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from invencare.lib import clock
from inventory.models import ApiKey
from inventory.services.api_keys import SCOPES, create_key, note_use, revoke_key
from tests.api.conftest import with_key
from tests.cast import NOW, Cast


def _refusal(plain: str) -> tuple[int, str, str]:
    response = with_key(plain).get("/api/v1/stores")
    return response.status_code, response.json()["error"]["message"], response.headers["WWW-Authenticate"]


def test_key_is_stored_as_a_hash_and_opens(cast: Cast) -> None:
    key, plain = create_key(owner=cast.viewer, name="board", scopes=["catalogue:read"], now=NOW)
    stored = ApiKey.objects.get(pk=key.pk)
    assert plain.startswith(f"{stored.prefix}.")
    assert plain.partition(".")[2] not in f"{stored.pk}{stored.hashed_key}"
    assert stored.scopes == ["catalogue:read"]
    assert with_key(plain).get("/api/v1/stores").status_code == 200


def test_revoked_key_says_so(cast: Cast) -> None:
    key, plain = create_key(owner=cast.viewer, name="board", scopes=["catalogue:read"], now=NOW)
    revoke_key(key=key)
    assert _refusal(plain) == (401, "This API key was revoked.", "Api-Key")


def test_expired_key_says_so(cast: Cast) -> None:
    expires = clock.now() - timedelta(seconds=1)
    _, plain = create_key(owner=cast.viewer, name="b", scopes=["catalogue:read"], expires=expires, now=NOW)
    assert _refusal(plain) == (401, "This API key has expired.", "Api-Key")


def test_key_of_an_owner_who_left_opens_nothing(cast: Cast) -> None:
    _, plain = create_key(owner=cast.viewer, name="board", scopes=["catalogue:read"], now=NOW)
    cast.viewer.is_active = False
    cast.viewer.save(update_fields=["is_active"])
    assert _refusal(plain) == (401, "The owner of this API key is not active.", "Api-Key")


@pytest.mark.parametrize("wrong", ["", "x", "x.y", "{prefix}.wrong", "{prefix}", "ünïcode.käy"])
def test_wrong_key_learns_nothing(wrong: str, cast: Cast) -> None:
    key, _ = create_key(owner=cast.viewer, name="board", scopes=["catalogue:read"], now=NOW)
    revoke_key(key=key)
    plain = wrong.format(prefix=key.prefix).encode().decode("latin-1")
    assert _refusal(plain) == (401, "Unknown API key.", "Api-Key")


def test_key_loses_what_its_owner_loses(cast: Cast) -> None:
    _, plain = create_key(owner=cast.viewer, name="board", scopes=["catalogue:read"], now=NOW)
    cast.viewer.groups.clear()
    assert with_key(plain).get("/api/v1/stores").status_code == 403


def test_till_records_sales_and_nothing_else(cast: Cast) -> None:
    _, plain = create_key(owner=cast.buyer, name="till", scopes=["sales:write"], now=NOW)
    movement = {"store_id": "N1", "product_id": "SKU-STEADY", "quantity": 1, "reason": "x"}

    def status(kind: str) -> int:
        body = {"movements": [{**movement, "movement_type": kind}]}
        headers = {"Idempotency-Key": kind}
        return int(with_key(plain).post("/api/v1/transactions", body, format="json", headers=headers).status_code)

    statuses = {kind: status(kind) for kind in ("sale", "return", "write_off", "adjustment", "count")}
    assert statuses == {"sale": 201, "return": 201, "write_off": 403, "adjustment": 403, "count": 403}
    assert sorted(cast.north.movements.values_list("movement_type", "recorded_by")) == [
        ("return", "bo by key till"),
        ("sale", "bo by key till"),
    ]


def test_every_scope_means_permissions_that_exist(cast: Cast) -> None:
    existing = cast.administrator.get_all_permissions()
    held_by_nobody_else = {"inventory.delete_supplieritem"}
    named = {permission for scope in SCOPES.values() for permission in scope.permissions}
    assert named - existing - held_by_nobody_else == set()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["stock:read", "root"]}, "scopes"),
        ({"expires": NOW}, "expires"),
    ],
)
def test_key_that_makes_no_sense_is_not_made(changes: dict[str, object], field: str, cast: Cast) -> None:
    options = {"owner": cast.viewer, "name": "n", "scopes": ["stock:read"], "now": NOW, **changes}
    with pytest.raises(ValidationError) as refusal:
        create_key(**options)  # type: ignore[arg-type]
    assert set(refusal.value.message_dict) == {field}
    assert not ApiKey.objects.exists()


def test_key_for_a_store_of_others_is_not_made(cast: Cast) -> None:
    with pytest.raises(ValidationError) as refusal:
        create_key(owner=cast.store_manager, name="n", scopes=["stock:read"], stores=[cast.south], now=NOW)
    assert set(refusal.value.message_dict) == {"stores"}


def test_last_use_is_written_once_a_minute_also_by_two_at_once(cast: Cast) -> None:
    made, _ = create_key(owner=cast.viewer, name="board", scopes=["stock:read"], now=NOW)
    one, other = ApiKey.objects.get(pk=made.pk), ApiKey.objects.get(pk=made.pk)
    assert note_use(key=one, now=NOW) is True
    assert note_use(key=other, now=NOW + timedelta(seconds=1)) is False  # a stale copy, and still no second write
    later = ApiKey.objects.get(pk=made.pk)
    assert later.last_used_at == NOW
    assert note_use(key=later, now=NOW + timedelta(seconds=59)) is False
    assert note_use(key=later, now=NOW + timedelta(seconds=60)) is True
