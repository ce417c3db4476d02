"""The proof that ledger = levels = daily sales, and the repair that makes the derived tables again.

The ledger is the truth: the stock is the sum of its changes in the order of its ids, a day's sums are the sums of
its rows, and a stock-out lasts from the row that emptied the shelf to the row that filled it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import chain
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, Count, F, Max, Min, Q, Sum, Value, When

from invencare.lib import clock
from inventory.calc.balances import Balance, DayChange, DayKey
from inventory.calc.movements import ABSOLUTE
from inventory.models import DailySales, InventoryTransaction, StockLevel, Store
from inventory.services import day_sums
from inventory.services.locking import lock_levels

DAY_SUMS = ("units", "returned_units", "revenue", "transactions", "promotion_lines", "out_of_stock_seconds")
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Difference:
    """One place where a derived number is not what the ledger says."""

    where: str
    store_id: int
    product_id: int
    field: str
    ledger: Any
    stored: Any
    business_date: date | None = None

    def __str__(self) -> str:
        day = f" on {self.business_date}" if self.business_date else ""
        return (
            f"{self.where}: store {self.store_id}, product {self.product_id}{day}: "
            f"{self.field} is {self.stored}, the ledger says {self.ledger}"
        )


def find_differences() -> Iterator[Difference]:
    """Every difference between the ledger and what is derived from it, store by store; nothing is changed.

    Reads one store at a time, in one transaction, so that writers at work are seen wholly or not at all.
    """
    for store in Store.objects.order_by("pk"):
        with transaction.atomic():
            yield from list(_differences_of(store))


def rebuild() -> int:
    """Make levels and daily sales again from the ledger, a store in a transaction; the number of levels."""
    return sum(_rebuild_store(store) for store in Store.objects.order_by("pk"))


def _differences_of(store: Store) -> Iterator[Difference]:
    levels = {level.product_id: level for level in StockLevel.objects.filter(store=store)}
    balances, days = _derived(store, levels)
    for product_id, balance in balances.items():
        stored = levels.get(product_id)
        expected = _level_fields(balance)
        for field, value in expected.items():
            held = getattr(stored, field) if stored else None
            if held != value:
                yield Difference("stock level", store.pk, product_id, field, value, held)
    for product_id in levels.keys() - balances.keys():
        if levels[product_id].on_hand_units:
            yield Difference("stock level", store.pk, product_id, "on_hand_units", 0, levels[product_id].on_hand_units)
    yield from _broken_chains(store)
    yield from _day_differences(store, days)


def _day_differences(store: Store, days: dict[DayKey, DayChange]) -> Iterator[Difference]:
    rows = DailySales.objects.filter(store=store).values_list("product_id", "business_date", *DAY_SUMS)
    for product_id, day, *stored in rows.iterator():
        expected = days.pop((store.pk, product_id, day), DayChange())
        for field, held in zip(DAY_SUMS, stored, strict=True):
            value = getattr(expected, field)
            if _differs(value, held):
                yield Difference("daily sales", store.pk, product_id, field, value, held, day)
    for (_, product_id, day), missing in days.items():
        for field in DAY_SUMS:
            if getattr(missing, field):
                yield Difference("daily sales", store.pk, product_id, field, getattr(missing, field), None, day)


def _differs(value: Any, held: Any) -> bool:
    # SQLite keeps decimals as binary fractions: sums may differ in the last of four places.
    return abs(value - held) >= CENT if isinstance(value, Decimal) else bool(value != held)


def _broken_chains(store: Store) -> Iterator[Difference]:
    """Rows whose ``before`` is not the ``after`` of the row before them."""
    table = InventoryTransaction._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT product_id, before_units, previous FROM ("  # noqa: S608  our own table name
            "SELECT product_id, before_units, "
            "COALESCE(LAG(after_units) OVER (PARTITION BY product_id ORDER BY id), 0) AS previous "
            f"FROM {table} WHERE store_id = %s) AS chained WHERE before_units <> previous",
            [store.pk],
        )
        for product_id, before, previous in cursor.fetchall():
            yield Difference("ledger", store.pk, product_id, "before_units", previous, before)


def _derived(store: Store, levels: dict[int, StockLevel]) -> tuple[dict[int, Balance], dict[DayKey, DayChange]]:
    """What the ledger says of a store: each product's balance, and the sums of each day."""
    split = partial(clock.seconds_by_day, zone=store.zone)
    ledger = InventoryTransaction.objects.filter(store=store).order_by()
    balances = {
        product_id: Balance(seconds_by_day=split, on_hand=on_hand, last_event_at=last)
        for product_id, on_hand, last in ledger.values_list("product_id").annotate(
            Sum("stock_change"), Max("occurred_at")
        )
    }
    days = {
        (store.pk, product_id, day): DayChange(*sums)
        for product_id, day, *sums in _trade_sums(ledger).values_list("product_id", "business_date", *DAY_SUMS[:-1])
    }
    stock_records = ledger.filter(~Q(stock_change=0) | Q(movement_type__in=ABSOLUTE))
    for product_id, first in stock_records.values_list("product_id").annotate(Min("business_date")):
        balances[product_id].tracked_from = first
    _replay_stock_outs(store, stock_records, balances, levels, days)
    return balances, days


def _trade_sums(ledger: Any) -> Any:
    sale, returned = Q(movement_type="sale"), Q(movement_type="return")
    return (
        ledger.filter(sale | returned)
        .values("product_id", "business_date")
        .annotate(
            units=Sum(Case(When(sale, then=F("quantity")), default=Value(0))),
            returned_units=Sum(Case(When(returned, then=F("quantity")), default=Value(0))),
            revenue=Sum(Case(When(total__isnull=False, then=F("total")), default=Value(Decimal(0)))),
            transactions=Count("pk", filter=sale & Q(quantity__gt=0)),
            promotion_lines=Count("pk", filter=Q(is_promotion=True)),
        )
    )


def _replay_stock_outs(
    store: Store,
    stock_records: Any,
    balances: dict[int, Balance],
    levels: dict[int, StockLevel],
    days: dict[DayKey, DayChange],
) -> None:
    """Walk the rows at which a shelf is empty or was, in ledger order, and sum the time it stood empty."""
    tracked = {product_id: balance.tracked_from for product_id, balance in balances.items()}
    rows = (
        stock_records.filter(Q(before_units__lte=0) | Q(after_units__lte=0))
        .order_by("product_id", "pk")
        .values_list("product_id", "after_units", "occurred_at", "business_date")
    )
    out: Iterator[tuple[int, dict[date, int]]] = (
        (product_id, balances[product_id].record_stock(after, occurred_at, day))
        for product_id, after, occurred_at, day in rows.iterator()
    )
    still_out = ((product_id, _closed(balance, levels.get(product_id))) for product_id, balance in balances.items())
    for product_id, seconds in chain(out, still_out):
        for day, amount in seconds.items():
            days.setdefault((store.pk, product_id, day), DayChange()).out_of_stock_seconds += amount
    for product_id, balance in balances.items():
        balance.tracked_from = tracked[product_id]


def _closed(balance: Balance, stored: StockLevel | None) -> dict[date, int]:
    closed_to = stored.out_of_stock_closed_to if stored else None
    return balance.close_to(closed_to) if closed_to else {}


def _level_fields(balance: Balance) -> dict[str, Any]:
    return {
        "on_hand_units": balance.on_hand,
        "tracked_from": balance.tracked_from,
        "out_of_stock_since": balance.out_since,
        "out_of_stock_closed_to": balance.out_closed_to,
        "last_event_at": balance.last_event_at,
    }


@transaction.atomic
def _rebuild_store(store: Store) -> int:
    known = InventoryTransaction.objects.filter(store=store).order_by().values_list("product_id").distinct()
    StockLevel.objects.bulk_create(
        [StockLevel(store=store, product_id=product_id) for (product_id,) in known],
        ignore_conflicts=True,
        batch_size=500,
    )
    locked = lock_levels(StockLevel.objects.filter(store=store).values_list("pk", flat=True))
    levels = {level.product_id: level for level in locked}
    balances, days = _derived(store, levels)
    for product_id, level in levels.items():
        fields = _level_fields(balances.get(product_id) or Balance(seconds_by_day=_never))
        for name, value in fields.items():
            setattr(level, name, value)
    StockLevel.objects.bulk_update(locked, list(_level_fields(Balance(seconds_by_day=_never))), batch_size=200)
    sales = DailySales.objects.filter(store=store)
    day_sums.note_changed(
        (store.pk, day) for day in sales.order_by().values_list("business_date", flat=True).distinct()
    )
    sales.delete()
    day_sums.add_to_days(days)
    return len(levels)


def _never(start: datetime, end: datetime) -> dict[date, int]:
    raise AssertionError("a level without movements has no stock-out")
