"""The matrix of fill rates: defaults, what may be stored, and that orders follow it."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.test import Client

from insights.calc.replenishment.service_classes import FILL_RATES
from insights.models import ServiceTarget
from insights.services.policy.company import company_policy
from tests.cast import Cast

pytestmark = pytest.mark.django_db
fill_matrix = import_module("insights.migrations.0011_service_targets_as_rows").fill_matrix


@pytest.fixture(autouse=True)
def _the_migrations_rows(db: None) -> None:
    if not ServiceTarget.objects.exists():  # a transactional test before this one emptied the tables
        fill_matrix(apps, None)


def test_every_class_has_its_default_as_a_row() -> None:
    assert {row.name: row.fill_rate for row in ServiceTarget.objects.all()} == dict(FILL_RATES)


def test_a_changed_target_is_what_orders_aim_at_and_a_missing_one_has_the_default() -> None:
    ServiceTarget.objects.filter(abc_class="A", xyz_class="X").update(fill_rate=0.9)
    ServiceTarget.objects.filter(abc_class="C", xyz_class="Z").delete()
    config = company_policy(goal="service_level")
    assert (config.fill_rate("AX"), config.fill_rate("CZ")) == (0.9, FILL_RATES["CZ"])
    assert config.service_share == 1


def test_the_goal_is_the_companys_where_none_is_given(settings: object) -> None:
    settings.POLICY_GOAL = "cost"  # type: ignore[attr-defined]
    assert company_policy().goal == "cost"
    with pytest.raises(ValueError) as refused:
        company_policy(goal="profit")
    assert "not 'profit'" in str(refused.value)


@pytest.mark.parametrize(
    ("abc", "xyz", "rate"), [("A", "X", 0.97), ("", "Q", 1.0), ("", "X", 0.9)], ids=["twice", "1", "XYZ alone"]
)
def test_what_the_database_refuses(abc: str, xyz: str, rate: float) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ServiceTarget.objects.create(abc_class=abc, xyz_class=xyz, fill_rate=rate)


URL = "/admin/insights/servicetarget/"


def edit(user: object, fill_rate: str) -> int:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    rows = list(ServiceTarget.objects.order_by("abc_class", "xyz_class"))
    data = {"form-TOTAL_FORMS": len(rows), "form-INITIAL_FORMS": len(rows), "_save": "Save"}
    for place, row in enumerate(rows):
        changed = fill_rate if row.name == "AX" else row.fill_rate
        data |= {f"form-{place}-id": row.pk, f"form-{place}-fill_rate": changed}
    return client.post(URL, data).status_code


@pytest.mark.parametrize(
    ("name", "status", "rate"),
    [
        ("administrator", 302, 0.97),
        ("buyer", 302, 0.97),
        ("analyst", 403, 0.99),
        ("store_manager", 403, 0.99),
        ("viewer", 403, 0.99),
        ("outsider", 403, 0.99),
    ],
)
def test_buyers_and_administrators_edit_the_matrix_in_its_list(cast: Cast, name: str, status: int, rate: float) -> None:
    assert edit(cast.people[name], "0.97") == status
    assert ServiceTarget.objects.get(abc_class="A", xyz_class="X").fill_rate == rate


def test_a_rate_that_is_none_is_refused_with_words(cast: Cast) -> None:
    assert edit(cast.administrator, "1.5") == 200
    assert ServiceTarget.objects.get(abc_class="A", xyz_class="X").fill_rate == 0.99
