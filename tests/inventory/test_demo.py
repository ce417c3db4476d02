"""The demo in the database: made once, finished when cut short, verified against its truth."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db.models import F
from pytest_django.fixtures import Settings

from insights.services.roles import create_roles
from inventory.calc.simulation.config import SMALL, DemoConfig
from inventory.models import (
    Alert,
    Customer,
    DailySales,
    InventoryTransaction,
    Product,
    PurchaseOrder,
    Receipt,
    SalesFile,
    StockLevel,
    Store,
    Supplier,
    SupplierItem,
)
from inventory.services import access
from inventory.services.demo import DEMO_LOGINS, demo_password, login_lines, movements, seeding
from inventory.services.demo.logins import create_demo_logins
from inventory.services.demo.seeding import Outcome, Seeded, seed_demo
from inventory.services.demo.truth import arrays_path, json_path
from inventory.services.demo.verification import CHECKS, Verdict, verify_demo
from inventory.services.errors import Conflict
from inventory.services.rebuild import find_differences
from tests.cast import Cast, movement, record

pytestmark = pytest.mark.django_db

TODAY = date(2026, 3, 16)
NOW = datetime(2026, 3, 16, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def data_folder(settings: Settings, tmp_path: Path, db: None) -> Path:
    if not Group.objects.exists():  # a transactional test before this one emptied the tables
        create_roles(apps)
    settings.VAR_DIR = tmp_path / "var"
    return tmp_path / "var"


def seed(**changes: Any) -> Seeded:
    return seed_demo(**{"config": SMALL, "today": TODAY, "now": NOW, **changes})


def differences() -> dict[str, list[str]]:
    return {verdict.name: verdict.differences for verdict in verify_demo() if verdict.differences}


def rows() -> tuple[int, ...]:
    """How much there is of everything that a seed writes."""
    models = (Store, Product, Customer, StockLevel, InventoryTransaction, DailySales, PurchaseOrder, SalesFile, User)
    return tuple(model.objects.count() for model in models)


def test_the_seed_fills_an_empty_database_as_simulated() -> None:
    seeded = seed()
    assert (seeded.outcome, seeded.config, seeded.today) == (Outcome.SEEDED, SMALL, TODAY)
    assert seeded.movements_added == InventoryTransaction.objects.count() > 500
    assert [verdict for verdict in verify_demo() if verdict.differences] == []
    assert list(find_differences()) == []
    assert (Store.objects.count(), Product.objects.count(), StockLevel.objects.count()) == (2, 6, 12)
    assert set(InventoryTransaction.objects.values_list("source", flat=True)) == {"demo"}


def test_the_days_end_the_day_before_today() -> None:
    seed()
    days = InventoryTransaction.objects.order_by("business_date").values_list("business_date", flat=True)
    assert (days[0], days.last()) == (TODAY - timedelta(days=60), TODAY - timedelta(days=1))


def test_every_product_has_one_preferred_supplier_and_bounds_that_make_sense() -> None:
    seed()
    assert SupplierItem.objects.filter(is_preferred=True).values("product").distinct().count() == 6
    assert SupplierItem.objects.filter(is_preferred=True).count() == 6
    assert not StockLevel.objects.filter(minimum_units__gte=F("maximum_units")).exists()
    assert not Product.objects.filter(unit_cost__gte=F("price")).exists()


def test_customers_buy_on_invoices_and_were_first_seen_when_they_first_bought() -> None:
    seed()
    line = InventoryTransaction.objects.filter(customer__isnull=False).order_by("pk")[0]
    assert line.reference.startswith("INV-")
    assert line.customer is not None
    assert line.customer.first_seen == line.business_date
    assert not InventoryTransaction.objects.filter(customer__isnull=False).exclude(movement_type="sale").exists()
    assert Customer.objects.filter(movements__isnull=True).count() == 0


def test_receipts_in_the_ledger_name_their_order_and_its_cost() -> None:
    seed()
    receipt = InventoryTransaction.objects.filter(movement_type="receipt").order_by("pk")[0]
    order = PurchaseOrder.objects.get(number=receipt.reference)
    line = order.lines.get(product=receipt.product)
    assert receipt.unit_price == line.unit_cost
    assert receipt.quantity == line.receipts.get(idempotency_key=receipt.idempotency_key).units
    assert order.order_date is not None
    assert order.order_date < receipt.business_date


def test_a_second_run_changes_nothing() -> None:
    seed()
    before = rows()
    written = json_path().stat().st_mtime_ns
    again = seed(now=NOW + timedelta(days=3), config=None, today=None)
    assert (again.outcome, again.movements_added, again.today) == (Outcome.THERE, 0, TODAY)
    assert rows() == before
    assert json_path().stat().st_mtime_ns == written


@pytest.mark.parametrize("batches_before_the_cut", [0, 2])
def test_a_seed_that_was_cut_short_is_finished_by_the_next_run(
    monkeypatch: pytest.MonkeyPatch, batches_before_the_cut: int
) -> None:
    monkeypatch.setattr(movements, "BATCH_ROWS", 100)
    written: list[int] = []
    record_movements = seeding.record_movements

    def cut(batch: Any, **options: Any) -> Any:
        if len(written) == batches_before_the_cut:
            raise KeyboardInterrupt
        written.append(len(batch))
        return record_movements(batch, **options)

    monkeypatch.setattr(seeding, "record_movements", cut)
    with pytest.raises(KeyboardInterrupt):
        seed()
    assert InventoryTransaction.objects.count() == 100 * batches_before_the_cut
    with pytest.raises(Conflict, match="no complete demo"):
        verify_demo()
    monkeypatch.setattr(seeding, "record_movements", record_movements)

    finished = seed(config=None, today=None, now=NOW + timedelta(days=1))

    count = InventoryTransaction.objects.count()
    assert (finished.outcome, finished.today) == (Outcome.COMPLETED, TODAY)
    assert finished.movements_added == count - 100 * batches_before_the_cut
    keys = list(InventoryTransaction.objects.order_by("pk").values_list("idempotency_key", flat=True))
    assert keys == [f"demo:7:{position}" for position in range(count)]
    assert differences() == {}
    assert list(find_differences()) == []


def test_alerts_are_left_for_the_stock_of_today_alone() -> None:
    seed()
    short = StockLevel.objects.filter(on_hand_units__lte=F("minimum_units")).values_list("store_id", "product_id")
    assert set(Alert.objects.values_list("store_id", "product_id")) == set(short)
    assert not Alert.objects.filter(closed_at__isnull=False).exists()


def test_a_database_with_other_data_is_refused_and_left_alone(cast: Cast) -> None:
    before = rows()
    with pytest.raises(Conflict) as refusal:
        seed()
    assert str(refusal.value).startswith("This database holds other data (2 stores, 1 suppliers, 5 products)")
    assert rows() == before


@pytest.mark.parametrize(
    "other", [{"config": DemoConfig(**{**vars(SMALL), "seed": 8})}, {"today": TODAY - timedelta(days=1)}]
)
def test_another_demo_than_the_one_that_is_there_is_refused(other: dict[str, Any]) -> None:
    seed()
    before = rows()
    with pytest.raises(Conflict, match="holds the demo of seed 7 with 60 days before 2026-03-16"):
        seed(**other)
    assert rows() == before


def test_a_demo_begun_by_other_numbers_is_not_finished_by_these() -> None:
    seed()
    marker = SalesFile.objects.get(checksum="demo")
    SalesFile.objects.update(status="running", mapping={**marker.mapping, "fingerprint": "0" * 64})
    before = rows()
    with pytest.raises(Conflict, match="another version of the simulation"):
        seed()
    assert rows() == before


def test_a_day_in_the_future_is_refused() -> None:
    with pytest.raises(ValidationError) as refusal:
        seed(today=TODAY + timedelta(days=1))
    assert list(refusal.value.message_dict) == ["today"]
    assert Store.objects.count() == 0


def test_production_gets_no_demo(settings: Settings) -> None:
    settings.IS_PRODUCTION = True
    with pytest.raises(PermissionDenied, match="documented passwords"):
        seed()
    assert (Store.objects.count(), User.objects.count()) == (0, 0)


def test_lost_truth_files_are_written_again_the_same() -> None:
    seed()
    document = json_path().read_bytes()
    arrays_path().unlink()
    json_path().write_text("{", encoding="utf-8")
    with pytest.raises(Conflict, match="truth files are missing"):
        verify_demo()
    assert seed().outcome is Outcome.TRUTH_WRITTEN
    assert json_path().read_bytes() == document
    assert differences() == {}


def test_the_truth_says_what_was_planted() -> None:
    seed()
    truth = json.loads(json_path().read_text(encoding="utf-8"))
    assert truth["config"]["seed"] == 7
    assert {product["kind"] for product in truth["products"]} >= {"steady", "slow", "new", "dead"}
    assert all(product["elasticity"] < 0 for product in truth["products"])
    assert truth["spike"]["date"] == "2026-03-05"
    assert truth["silent_day"] == {"store": "LIS", "date": "2026-02-23"} | {
        "unreported_units": truth["silent_day"]["unreported_units"]
    }
    assert truth["totals"]["movements"] == InventoryTransaction.objects.count()
    assert len(truth["customers"]["code"]) == SMALL.customers


def test_each_role_gets_a_login(settings: Settings) -> None:
    settings.DEMO_PASSWORD = "a password of our own"
    seed()
    for login in DEMO_LOGINS:
        user = User.objects.get(username=login.username)
        assert [group.name for group in user.groups.all()] == [login.role]
        assert user.is_staff
        assert user.is_superuser is (login.role == "Administrator")
        assert user.check_password("a password of our own")
    manager = User.objects.get(username="manager")
    assert access.scope_of_user(manager).store_ids == {Store.objects.get(code="LIS").pk}
    assert [line.split()[0] for line in login_lines()] == [login.username for login in DEMO_LOGINS]


def test_a_user_who_is_there_already_is_left_as_is() -> None:
    User.objects.create_user("admin", password="her own")
    seed()
    admin = User.objects.get(username="admin")
    assert admin.check_password("her own")
    assert not admin.is_superuser
    assert not admin.is_staff
    assert create_demo_logins(managed_store_code="LIS") == []


def test_what_people_record_afterwards_is_no_difference() -> None:
    seed()
    store, product = Store.objects.order_by("pk")[0], Product.objects.order_by("pk")[0]
    record(movement(store, product, "adjustment", 5, day=TODAY), movement(store, product, "sale", 2, day=TODAY))
    assert differences() == {}


@pytest.mark.parametrize(
    ("spoil", "checks"),
    [
        (lambda: _spoil(StockLevel, on_hand_units=F("on_hand_units") + 1), {"stock"}),
        (lambda: _spoil(DailySales, units=F("units") + 1), {"totals", "daily units"}),
        (lambda: _spoil(DailySales, revenue=F("revenue") + 1), {"totals"}),
        (lambda: _spoil(DailySales, out_of_stock_seconds=F("out_of_stock_seconds") + 2), {"stock-out days"}),
        (lambda: _spoil(PurchaseOrder, status="sent"), {"order lines"}),
    ],
)
def test_a_database_that_differs_from_the_truth_is_found_out(spoil: Any, checks: set[str]) -> None:
    seed()
    spoil()
    found = differences()
    assert set(found) == checks
    assert all(len(lines) == 1 for lines in found.values())


def _spoil(model: Any, **changes: Any) -> None:
    model.objects.filter(pk=model.objects.order_by("pk")[0].pk).update(**changes)


def test_deliveries_that_are_not_as_planted_are_found_out_whatever_people_state() -> None:
    seed()
    suppliers = Supplier.objects.exclude(measured_lead_time_days=None)
    assert suppliers.count() == 2  # the seed measured them
    SupplierItem.objects.update(lead_time_days=F("lead_time_days") + 1)
    assert differences() == {}
    receipts = list(Receipt.objects.all())
    for receipt in receipts:
        receipt.received_on += timedelta(days=9)
    Receipt.objects.bulk_update(receipts, ["received_on"])
    found = differences()
    assert set(found) == {"lead times"}
    assert found["lead times"][0].startswith("ATLANTICO: 4 days planted, ")  # the other's few vary too much to tell


def test_a_second_of_difference_in_a_stock_out_is_within_the_tolerance() -> None:
    seed()
    _spoil(DailySales, out_of_stock_seconds=F("out_of_stock_seconds") + 1)
    assert differences() == {}


def test_a_database_without_demo_cannot_be_verified() -> None:
    with pytest.raises(Conflict, match="no complete demo"):
        verify_demo()


def test_the_checks_have_names_of_their_own() -> None:
    seed()
    assert [verdict.name for verdict in verify_demo()] == [check.name for check in CHECKS]
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert verify_demo()[0] == Verdict("movements", [])


def test_the_commands_seed_print_the_logins_and_verify() -> None:
    out = StringIO()
    call_command("seed_demo", seed=3, days=30, today=TODAY, stdout=out)
    assert "(seed 3, 30 days before 2026-03-16)" in out.getvalue()
    for login in DEMO_LOGINS:
        assert f"  {login.username:<8} {demo_password()}" in out.getvalue()
    again = StringIO()
    call_command("seed_demo", stdout=again)
    assert again.getvalue().startswith("The demo is there (seed 3, 30 days before 2026-03-16).")
    call_command("verify_demo", stdout=out)
    assert "stock-out days   as simulated" in out.getvalue()

    _spoil(StockLevel, on_hand_units=F("on_hand_units") - 1)
    errors = StringIO()
    with pytest.raises(CommandError, match=r"differs from the demo's truth in: stock\."):
        call_command("verify_demo", stdout=out, stderr=errors)
    assert len(errors.getvalue().strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"days": 5}, "a demo has 30 to 1,100 days"),
        ({"today": date(2999, 1, 1)}, "The demo ends before today: 2999-01-01 is in the future."),
    ],
)
def test_the_command_says_what_it_cannot_do(options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("seed_demo", **options)
    assert str(refusal.value) == message
    assert Store.objects.count() == 0
