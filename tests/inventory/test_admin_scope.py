"""Every admin page, for the whole cast: who may open it, and that no page names a store of somebody else's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from inventory.models import Alert, InventoryTransaction, SalesFile, StockLevel, Store, Supplier
from tests.cast import Cast
from tests.inventory.admin_rows import make_rows

MODELS = sorted(model._meta.label_lower for model in admin.site._registry)
TWO_ENDS = {"inventory.stocktransfer", "insights.transferrecommendation"}
PEOPLE = ["viewer", "store_manager", "buyer", "analyst", "administrator", "outsider"]


@pytest.fixture
def filled(cast: Cast) -> Cast:
    make_rows(cast, 4)
    return cast


def _address(label: str, page: str, *args: Any) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{page}", args=args)


def _page_as(client: Client, user: User, address: str) -> Any:
    client.force_login(user)
    return client.get(address)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("label", MODELS)
def test_a_list_opens_for_those_who_may_view_it_and_for_no_one_else(
    label: str, person: str, filled: Cast, client: Client
) -> None:
    user = User.objects.get(pk=filled.people[person].pk)
    app, model = label.split(".")
    may_view = user.has_perm(f"{app}.view_{model}") or user.has_perm(f"{app}.change_{model}")
    response = _page_as(client, user, _address(label, "changelist"))
    assert response.status_code == (200 if may_view else 403)


@pytest.mark.parametrize("label", MODELS)
def test_a_store_managers_list_never_names_another_store(label: str, filled: Cast, client: Client) -> None:
    response = _page_as(client, filled.store_manager, _address(label, "changelist"))
    # Transfers, and proposals of them, have two ends: one that leaves or reaches the manager's store names the other store rightly.
    if label not in TWO_ENDS:
        assert "South" not in response.content.decode()


@pytest.mark.parametrize("label", MODELS)
def test_a_store_manager_cannot_open_a_row_of_another_store(label: str, filled: Cast, client: Client) -> None:
    model = next(m for m in admin.site._registry if m._meta.label_lower == label)
    pages = [
        _page_as(client, filled.store_manager, _address(label, "change", row.pk))
        for row in model._default_manager.all()
    ]
    seen = [page for page in pages if page.status_code == 200 and "South" in page.content.decode()]
    assert label in TWO_ENDS or seen == []


def test_the_other_stores_rows_answer_as_if_they_were_not_there(filled: Cast, client: Client) -> None:
    client.force_login(filled.store_manager)
    for model in (StockLevel, InventoryTransaction, Alert, SalesFile):
        theirs = model._default_manager.filter(store=filled.south).first()
        response = client.get(_address(model._meta.label_lower, "change", theirs.pk), follow=True)
        assert f"with ID “{theirs.pk}” doesn’t exist" in response.content.decode(), model


def test_a_filter_on_another_store_shows_nothing(filled: Cast, client: Client) -> None:
    address = f"{_address('inventory.stocklevel', 'changelist')}?store__id__exact={filled.south.pk}"
    response = _page_as(client, filled.store_manager, address)
    assert response.status_code == 200
    assert response.context["cl"].result_count == 0
    assert "South" not in response.content.decode()


@pytest.mark.parametrize(
    ("person", "names"), [("store_manager", {"N1 · North"}), ("administrator", {"N1 · North", "S1 · South"})]
)
def test_an_autocomplete_offers_the_own_stores(person: str, names: set[str], filled: Cast, client: Client) -> None:
    query = "?app_label=inventory&model_name=storemembership&field_name=store&term="
    response = _page_as(client, filled.people[person], reverse("admin:autocomplete") + query)
    assert {row["text"] for row in json.loads(response.content)["results"]} == names


def test_a_choice_of_a_foreign_key_is_limited_to_the_own_stores(filled: Cast, rf: Any) -> None:
    request = rf.get("/")
    request.user = filled.store_manager
    field = StockLevel._meta.get_field("store")
    choices = admin.site.get_model_admin(StockLevel).formfield_for_foreignkey(field, request).queryset
    assert list(choices) == [filled.north]


def test_a_store_manager_changes_the_bounds_of_an_own_level(filled: Cast, client: Client) -> None:
    level = StockLevel.objects.filter(store=filled.north).first()
    assert level is not None
    client.force_login(filled.store_manager)
    address = _address("inventory.stocklevel", "change", level.pk)
    response = client.post(address, {"minimum_units": "7", "maximum_units": "70", "is_on_sale": "on"})
    assert response.status_code == 302
    level.refresh_from_db()
    assert (level.minimum_units, level.maximum_units) == (7, 70)


def test_a_store_manager_cannot_change_another_stores_level(filled: Cast, client: Client) -> None:
    before = StockLevel.objects.filter(store=filled.south).values().first()
    assert before is not None
    client.force_login(filled.store_manager)
    for page in ("change", "adjust", "count"):
        client.post(
            _address("inventory.stocklevel", page, before["id"]),
            {"minimum_units": "7", "maximum_units": "70", "change": "5", "counted_units": "5", "reason": "x"},
        )
    assert StockLevel.objects.filter(pk=before["id"]).values().first() == before


@pytest.mark.parametrize("person", ["viewer", "analyst", "outsider"])
def test_those_who_only_look_change_nothing(person: str, filled: Cast, client: Client) -> None:
    level = StockLevel.objects.filter(store=filled.north).values().first()
    supplier = Supplier.objects.values().first()
    assert level is not None
    assert supplier is not None
    client.force_login(filled.people[person])
    unseen = 404 if person == "outsider" else 403  # the outsider sees no store at all
    for address, status in {
        _address("inventory.stocklevel", "change", level["id"]): 403,
        _address("inventory.stocklevel", "adjust", level["id"]): unseen,
        _address("inventory.stocklevel", "count", level["id"]): unseen,
        _address("inventory.stocklevel", "import"): 403,
        _address("inventory.supplier", "change", supplier["id"]): 403,
        _address("inventory.supplier", "import"): 403,
        _address("inventory.store", "add"): 403,
    }.items():
        answer = client.post(
            address, {"minimum_units": 9, "change": 5, "counted_units": 5, "reason": "x", "name": "x", "code": "x"}
        )
        assert answer.status_code == status, address
    assert StockLevel.objects.filter(pk=level["id"]).values().first() == level
    assert Supplier.objects.filter(pk=supplier["id"]).values().first() == supplier
    assert Store.objects.count() == 2


@pytest.mark.parametrize("label", ["inventory.inventorytransaction", "inventory.dailysales", "inventory.alert"])
def test_nobody_adds_changes_or_deletes_a_fact(label: str, filled: Cast, client: Client) -> None:
    root = User.objects.create_superuser("root")
    client.force_login(root)
    model = next(m for m in admin.site._registry if m._meta.label_lower == label)
    before = list(model._default_manager.order_by("pk").values())
    row = before[0]["id"]
    addresses = [_address(label, "add"), _address(label, "change", row), _address(label, "delete", row)]
    assert [client.post(address, {"post": "yes"}).status_code for address in addresses] == [403, 403, 403]
    assert list(model._default_manager.order_by("pk").values()) == before


def test_the_ledger_downloads_only_the_own_stores_rows(filled: Cast, client: Client) -> None:
    response = _page_as(client, filled.store_manager, reverse("admin:inventory_inventorytransaction_export_csv"))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    lines = text.splitlines()
    assert len(lines) == 1 + 2
    assert all(",N1," in line for line in lines[1:])


def test_a_download_follows_the_filters_of_the_list(filled: Cast, client: Client) -> None:
    address = reverse("admin:inventory_dailysales_export_csv") + f"?store__id__exact={filled.south.pk}"
    response = _page_as(client, filled.viewer, address)
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in lines] == ["store", "S1", "S1"]


def test_an_administrator_cannot_make_superusers(filled: Cast, client: Client) -> None:
    client.force_login(filled.administrator)
    address = reverse("admin:auth_user_change", args=[filled.viewer.pk])
    page = client.get(address)
    form = page.context["adminform"].form
    data = {name: form.initial.get(name) or "" for name in form.fields if name not in ("password", "groups")}
    data |= {"is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": []}
    data |= {"store_memberships-TOTAL_FORMS": "0", "store_memberships-INITIAL_FORMS": "0"}
    assert client.post(address, data).status_code == 302
    filled.viewer.refresh_from_db()
    assert filled.viewer.is_superuser is False
