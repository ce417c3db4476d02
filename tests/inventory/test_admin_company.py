"""The company's page, and what a supplier's page says of its deliveries: for the whole cast."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory.models import Company, Supplier
from tests.cast import NOW, Cast

WORDS = {"name": "Azul", "order_mail_subject": "Order $order", "order_mail_body": "For $store"}


def as_person(cast: Cast, person: str) -> Client:
    client = Client()
    client.force_login(cast.people[person])
    return client


@pytest.mark.parametrize(
    ("person", "seen", "saved"),
    [
        ("viewer", 200, 403),
        ("store_manager", 200, 403),
        ("buyer", 200, 302),
        ("analyst", 200, 403),
        ("administrator", 200, 302),
        ("outsider", 403, 403),
    ],
)
def test_buyers_write_the_letterhead_and_others_read_it(cast: Cast, person: str, seen: int, saved: int) -> None:
    Company.objects.create(name="Old")
    page = reverse("admin:inventory_company_change", args=[1])
    client = as_person(cast, person)
    assert client.get(page).status_code == seen
    assert client.post(page, WORDS).status_code == saved
    assert Company.objects.get().name == ("Azul" if saved == 302 else "Old")


def test_the_first_save_makes_the_one_row_and_adding_again_leads_to_it(cast: Cast) -> None:
    client = as_person(cast, "buyer")
    add = reverse("admin:inventory_company_add")
    assert client.post(add, WORDS).status_code == 302
    assert client.get(add)["Location"] == reverse("admin:inventory_company_change", args=[1])
    client.post(add, {**WORDS, "name": "Second"})
    assert list(Company.objects.values_list("pk", "name")) == [(1, "Azul")]


@pytest.mark.parametrize("text", ["$nothing", "100 $"])
def test_a_text_that_names_no_word_of_an_order_is_shown_again(cast: Cast, text: str) -> None:
    response = as_person(cast, "buyer").post(reverse("admin:inventory_company_add"), {**WORDS, "order_mail_body": text})
    assert "order_mail_body" in response.context["adminform"].form.errors
    assert not Company.objects.exists()


@pytest.mark.parametrize("person", ["viewer", "store_manager", "buyer", "analyst", "administrator"])
def test_a_suppliers_page_says_what_was_measured_and_lets_nobody_set_it(cast: Cast, person: str) -> None:
    measured: dict[str, Any] = {"measured_lead_time_days": "6.25", "measured_lead_time_sd_days": "1.5"}
    Supplier.objects.filter(pk=cast.supplier.pk).update(
        **measured,
        observed_lead_times=[[5, 0.5], [7, 0.4], [12, 0.1]],
        lead_time_observations=40,
        fill_rate=0.975,
        on_time_share=0.8,
        measured_at=NOW,
    )
    client = as_person(cast, person)
    page = reverse("admin:inventory_supplier_change", args=[cast.supplier.pk])
    text = client.get(page).content.decode()
    for said in ("6.2 ± 1.5", "5 and 7 days", "98%", "80%", "40"):
        assert said in text, said
    client.post(page, {"code": "ACME", "name": "Acme", "measured_lead_time_days": "1", "fill_rate": "1"})
    assert Supplier.objects.get(pk=cast.supplier.pk).fill_rate == 0.975


def test_a_supplier_of_whom_nothing_is_known_says_nothing(cast: Cast) -> None:
    page = reverse("admin:inventory_supplier_change", args=[cast.supplier.pk])
    assert as_person(cast, "viewer").get(page).status_code == 200
