"""The ledger: what is written, what is refused, and that everything derived agrees with it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory.calc.balances import InvalidMovement
from inventory.models import Alert, DailySales, InventoryTransaction, StockLevel
from inventory.services.ledger import History
from inventory.services.rebuild import find_differences, rebuild
from inventory.services.stockouts import close_days
from tests.cast import NOW, TODAY, Cast, movement, record, set_bounds

pytestmark = pytest.mark.django_db


def level(cast: Cast) -> StockLevel:
    return StockLevel.objects.get(store=cast.north, product=cast.steady)


def test_movements_chain_before_and_after_and_move_the_level(cast: Cast) -> None:
    record(
        movement(cast.north, cast.steady, "count", 10),
        movement(cast.north, cast.steady, "sale", 3, unit_price=Decimal("2.50")),
        movement(cast.north, cast.steady, "return", 1, unit_price=Decimal("2.50")),
        movement(cast.north, cast.steady, "receipt", 24),
        movement(cast.north, cast.steady, "adjustment", -2),
        movement(cast.north, cast.steady, "write_off", 5),
        movement(cast.north, cast.steady, "transfer_out", 4),
        movement(cast.north, cast.steady, "transfer_in", 6),
        movement(cast.north, cast.steady, "set", 20),
    )
    chain = InventoryTransaction.objects.order_by("pk").values_list(
        "movement_type", "quantity", "stock_change", "before_units", "after_units", "total"
    )
    assert list(chain) == [
        ("count", 10, 10, 0, 10, None),
        ("sale", 3, -3, 10, 7, Decimal("7.5")),
        ("return", 1, 1, 7, 8, Decimal("-2.5")),
        ("receipt", 24, 24, 8, 32, None),
        ("adjustment", 2, -2, 32, 30, None),
        ("write_off", 5, -5, 30, 25, None),
        ("transfer_out", 4, -4, 25, 21, None),
        ("transfer_in", 6, 6, 21, 27, None),
        ("set", 20, -7, 27, 20, None),
    ]
    assert level(cast).on_hand_units == 20
    day = DailySales.objects.get()
    assert (day.units, day.returned_units, day.revenue, day.transactions) == (3, 1, Decimal(5), 1)


def test_a_known_key_is_left_alone_in_a_later_and_in_the_same_batch(cast: Cast) -> None:
    sale = movement(cast.north, cast.steady, "sale", 3, idempotency_key="once")
    assert record(sale, sale).added == 1
    again = record(sale, movement(cast.north, cast.steady, "sale", 1))
    assert (again.added, again.known) == (1, 1)
    assert level(cast).on_hand_units == -4
    assert DailySales.objects.get().units == 4


def test_selling_more_than_is_on_hand_is_recorded_and_alerted_once_and_the_alert_closes(cast: Cast) -> None:
    record(movement(cast.north, cast.steady, "count", 2), movement(cast.north, cast.steady, "sale", 5))
    record(movement(cast.north, cast.steady, "sale", 1))
    assert level(cast).on_hand_units == -4
    alert = Alert.objects.open().get()
    assert (alert.kind, alert.severity, alert.store, alert.product) == (
        "oversold",
        "critical",
        cast.north,
        cast.steady,
    )
    record(movement(cast.north, cast.steady, "receipt", 24))
    assert not Alert.objects.open().exists()


def test_crossing_the_minimum_opens_one_alert_and_running_out_replaces_it(cast: Cast) -> None:
    set_bounds(cast.north, cast.steady, minimum=5, maximum=50)
    record(movement(cast.north, cast.steady, "count", 8))
    assert not Alert.objects.open().exists()
    record(movement(cast.north, cast.steady, "sale", 4))
    assert Alert.objects.open().get().kind == "below_minimum"
    record(movement(cast.north, cast.steady, "sale", 4))
    assert Alert.objects.open().get().kind == "out_of_stock"
    assert Alert.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"movement_type": "gift"}, "movement_type"),
        ({"quantity": -1}, "quantity"),
        ({"quantity": 10**10}, "quantity"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"idempotency_key": "k" * 101}, "idempotency_key"),
        ({"unit_price": Decimal("NaN")}, "unit_price"),
        ({"occurred_at": datetime(2026, 3, 16, 9)}, "occurred_at"),
    ],
)
def test_what_no_ledger_can_hold_is_refused_by_field_and_nothing_is_written(
    cast: Cast, wrong: dict[str, object], field: str
) -> None:
    good = movement(cast.north, cast.steady, "sale", 1)
    with pytest.raises(InvalidMovement) as refusal:
        record(good, good._replace(idempotency_key="other")._replace(**wrong))
    assert (refusal.value.field, refusal.value.position) == (field, 1)
    assert not InventoryTransaction.objects.exists()
    assert not StockLevel.objects.exists()


def test_history_before_the_first_count_sells_but_moves_no_stock(cast: Cast) -> None:
    day = timedelta(days=1)
    recorded = record(
        movement(cast.north, cast.steady, "sale", 7, day=TODAY - 9 * day),
        history=History.AUTO,
    )
    assert recorded.history == 1
    assert level(cast).tracked_from is None
    assert not Alert.objects.exists()
    record(movement(cast.north, cast.steady, "count", 50, day=TODAY - 5 * day))
    record(
        movement(cast.north, cast.steady, "sale", 2, day=TODAY - 6 * day),
        movement(cast.north, cast.steady, "sale", 3, day=TODAY - 5 * day),
        history=History.AUTO,
    )
    assert level(cast).on_hand_units == 47
    assert sum(DailySales.objects.values_list("units", flat=True)) == 12
    assert list(find_differences()) == []


@pytest.mark.parametrize(
    "verb", ["UPDATE inventory_transactions SET quantity = 1", "DELETE FROM inventory_transactions"]
)
def test_the_database_refuses_to_change_the_ledger(cast: Cast, verb: str) -> None:
    record(movement(cast.north, cast.steady, "sale", 3))
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(verb)
    assert InventoryTransaction.objects.get().quantity == 3


def test_replace_does_not_get_around_the_triggers(cast: Cast) -> None:
    record(movement(cast.north, cast.steady, "sale", 3))
    row = InventoryTransaction.objects.values().get()
    columns = ", ".join(row)
    values = [str(value) if isinstance(value, date | Decimal) else value for value in row.values()]
    marks = ", ".join(["%s"] * len(values))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"REPLACE INTO inventory_transactions ({columns}) VALUES ({marks})", values)
    assert InventoryTransaction.objects.count() == 1


def test_the_number_of_queries_does_not_grow_with_the_batch(cast: Cast) -> None:
    def queries(movements_count: int) -> int:
        rows = [
            movement(store, product, "sale", 1)
            for _ in range(movements_count)
            for store in (cast.north, cast.south)
            for product in cast.products
        ]
        with CaptureQueriesContext(connection) as captured:
            record(*rows)
        return len(captured)

    record(*[movement(store, p, "count", 9999) for store in (cast.north, cast.south) for p in cast.products])
    few, many = queries(3), queries(30)
    assert few == many


def test_a_stock_out_is_summed_by_local_day_when_it_ends(cast: Cast) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    day = date(2026, 3, 14)
    record(
        movement(cast.north, cast.steady, "count", 5, occurred_at=at("2026-03-14T08:00"), day=day),
        movement(cast.north, cast.steady, "sale", 5, occurred_at=at("2026-03-14T18:00"), day=day),
        movement(cast.north, cast.steady, "receipt", 9, occurred_at=at("2026-03-16T06:00"), day=TODAY),
    )
    seconds = DailySales.objects.order_by("business_date").values_list("business_date", "out_of_stock_seconds")
    assert list(seconds) == [(day, 6 * 3600), (date(2026, 3, 15), 24 * 3600), (TODAY, 6 * 3600)]
    assert level(cast).out_of_stock_since is None


def test_closing_days_accounts_an_open_stock_out_once_and_a_late_receipt_takes_it_back(cast: Cast) -> None:
    noon = datetime(2026, 3, 14, 12, tzinfo=UTC)
    record(
        movement(cast.north, cast.steady, "count", 5, occurred_at=noon - timedelta(hours=2), day=noon.date()),
        movement(cast.north, cast.steady, "sale", 5, occurred_at=noon, day=noon.date()),
    )
    assert close_days(now=NOW) == 1
    assert close_days(now=NOW) == 0
    expected = {noon.date(): 12 * 3600, date(2026, 3, 15): 24 * 3600}
    assert dict(DailySales.objects.values_list("business_date", "out_of_stock_seconds")) == expected
    assert list(find_differences()) == []
    # The receipt of the morning of the 15th is recorded only now.
    late = datetime(2026, 3, 15, 6, tzinfo=UTC)
    record(movement(cast.north, cast.steady, "receipt", 9, occurred_at=late, day=late.date()))
    expected[late.date()] = 6 * 3600
    assert dict(DailySales.objects.values_list("business_date", "out_of_stock_seconds")) == expected
    assert list(find_differences()) == []


def test_rebuild_check_names_each_difference_and_rebuild_mends_them(cast: Cast) -> None:
    record(
        movement(cast.north, cast.steady, "count", 10),
        movement(cast.north, cast.steady, "sale", 10, unit_price=Decimal("1.25")),
        movement(cast.south, cast.seasonal, "sale", 2, unit_price=Decimal("3.00"), is_promotion=True),
    )
    call_command("rebuild_levels", "--check")
    StockLevel.objects.filter(store=cast.north).update(on_hand_units=99)
    DailySales.objects.filter(store=cast.south).update(units=1, revenue=1)
    DailySales.objects.filter(store=cast.north).delete()
    found = {(d.where, d.field, d.ledger, d.stored) for d in find_differences()}
    assert ("stock level", "on_hand_units", 0, 99) in found
    assert ("daily sales", "units", 10, None) in found
    assert ("daily sales", "units", 2, 1) in found
    with pytest.raises(CommandError, match="differences"):
        call_command("rebuild_levels", "--check")
    assert rebuild() == 2
    assert list(find_differences()) == []
    assert level(cast).on_hand_units == 0
