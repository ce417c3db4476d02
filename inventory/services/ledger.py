"""The one writer of the ledger, of stock levels and of daily sales.

Whatever the source, a batch is one transaction: lock the levels in primary-key order, leave out what is known by
its idempotency key, post the rest in the order given, and write rows, levels, day sums and alerts with a number of
statements that does not grow with the batch (long lists go out in slices).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from invencare.lib import clock
from inventory.calc.balances import Balance, LevelKey, Posting, check_movements, post
from inventory.calc.movements import RETURN, SALE, Movement
from inventory.models import InventoryTransaction, StockLevel, Store
from inventory.services import alerts, day_sums
from inventory.services.locking import IN_LIST, in_chunks, lock_levels, retried


class History(StrEnum):
    """What sales and returns from before the stock was first counted do: be history, or move stock."""

    NEVER = "never"  # every movement moves stock: live sources
    AUTO = "auto"  # rows dated before the level's tracked_from (or of a level never counted) are history
    ALWAYS = "always"  # no row moves stock


@dataclass(frozen=True)
class Recorded:
    """What one call wrote: rows added, of them history, and rows whose idempotency key was there already."""

    added: int
    known: int
    history: int = 0


def record_movements(
    movements: Sequence[Movement],
    *,
    source: str,
    now: datetime,
    recorded_by: str = "",
    history: History = History.NEVER,
) -> Recorded:
    """Write a batch of movements of any stores and products, in the order given, wholly or not at all.

    A movement whose idempotency key is in the ledger (or earlier in the batch) is left out and counted as known.
    Selling more than is on hand is a fact: the stock goes negative and an alert opens. Raises ``InvalidMovement``
    naming the first movement that no ledger could hold, and ``IntegrityError`` for an unknown store or product.
    A deadlock is run again, unless the caller holds a transaction, who then has to.
    """
    check_movements(movements)
    if not movements:
        return Recorded(added=0, known=0)
    return retried(partial(_record, movements, source, now, recorded_by, history))


@transaction.atomic
def _record(movements: Sequence[Movement], source: str, now: datetime, recorded_by: str, history: History) -> Recorded:
    levels, _ = locked_levels({(movement.store_id, movement.product_id) for movement in movements})
    new = _leave_out_known(movements)
    if not new:
        return Recorded(added=0, known=len(movements))
    posting = record_on_levels(new, levels, source=source, now=now, recorded_by=recorded_by, history=history)
    unmoved = sum(
        1 for row in posting.rows if row.movement.movement_type in _TRADE and row.quantity and not row.stock_change
    )
    return Recorded(added=len(new), known=len(movements) - len(new), history=unmoved)


def record_on_levels(
    movements: Sequence[Movement],
    levels: dict[LevelKey, StockLevel],
    *,
    source: str,
    now: datetime,
    recorded_by: str,
    history: History = History.NEVER,
) -> Posting:
    """Write movements that are checked and new on levels that the caller has locked (``locked_levels``), in its transaction.

    The rows of the posting are those of ``movements``, in their order. A key that is in the ledger raises
    ``IntegrityError``.
    """
    stock_before = {key: None if level.tracked_from is None else level.on_hand_units for key, level in levels.items()}
    posting = _post(movements, levels, history)
    _insert_rows(posting, source=source, recorded_by=recorded_by, now=now)
    _save_levels(levels.values())
    day_sums.add_to_days(posting.days)
    alerts.follow_stock(levels.values(), stock_before, now=now)
    return posting


_TRADE = frozenset({SALE, RETURN})


def locked_levels(
    keys: set[LevelKey], *, if_there: frozenset[LevelKey] = frozenset()
) -> tuple[dict[LevelKey, StockLevel], set[LevelKey]]:
    """Every level of ``keys``, and those of ``if_there`` that exist, locked in primary-key order; and which were made now."""
    found = _level_ids(keys | if_there)
    missing = keys - found.keys()
    if missing:
        StockLevel.objects.bulk_create(
            [StockLevel(store_id=store_id, product_id=product_id) for store_id, product_id in sorted(missing)],
            ignore_conflicts=True,
            batch_size=500,
        )
        found |= _level_ids(missing)
    return {(level.store_id, level.product_id): level for level in lock_levels(found.values())}, missing


def _level_ids(keys: set[LevelKey]) -> dict[LevelKey, int]:
    found: dict[LevelKey, int] = {}
    for part in in_chunks(sorted(keys), IN_LIST // 2):  # at most one store and one product to bind for each
        products_by_store: dict[int, list[int]] = {}
        for store_id, product_id in part:
            products_by_store.setdefault(store_id, []).append(product_id)
        wanted = Q()
        for store_id, products in products_by_store.items():
            wanted |= Q(store_id=store_id, product_id__in=products)
        for pk, store_id, product_id in StockLevel.objects.filter(wanted).values_list("pk", "store_id", "product_id"):
            found[store_id, product_id] = pk
    return found


def _leave_out_known(movements: Sequence[Movement]) -> list[Movement]:
    """The movements whose key is neither in the ledger nor earlier in the batch. Call it under the locks."""
    seen: set[str] = set()
    with connection.cursor() as cursor:  # straight to the driver: the ORM takes ten times the look-up for long lists
        for keys in in_chunks(movement.idempotency_key for movement in movements):
            cursor.execute(_KNOWN % ", ".join(["%s"] * len(keys)), keys)
            seen.update(key for (key,) in cursor.fetchall())
    new: list[Movement] = []
    for movement in movements:
        if movement.idempotency_key not in seen:
            seen.add(movement.idempotency_key)
            new.append(movement)
    return new


_KNOWN = f"SELECT idempotency_key FROM {InventoryTransaction._meta.db_table} WHERE idempotency_key IN (%s)"  # noqa: S608


def _post(movements: Sequence[Movement], levels: dict[LevelKey, StockLevel], history: History) -> Posting:
    balances = balances_of(levels.values())
    posting = post(movements, balances, is_history=_IS_HISTORY[history])
    for key, balance in balances.items():
        level = levels[key]
        level.on_hand_units = balance.on_hand
        level.tracked_from = balance.tracked_from
        level.out_of_stock_since = balance.out_since
        level.out_of_stock_closed_to = balance.out_closed_to
        level.last_event_at = balance.last_event_at
    return posting


def balances_of(levels: Iterable[StockLevel]) -> dict[LevelKey, Balance]:
    """The levels as balances that movements can be posted to."""
    levels = list(levels)
    stores = Store.objects.in_bulk({level.store_id for level in levels})
    split = {pk: partial(clock.seconds_by_day, zone=store.zone) for pk, store in stores.items()}
    return {
        (level.store_id, level.product_id): Balance(
            seconds_by_day=split[level.store_id],
            on_hand=level.on_hand_units,
            tracked_from=level.tracked_from,
            out_since=level.out_of_stock_since,
            out_closed_to=level.out_of_stock_closed_to,
            last_event_at=level.last_event_at,
        )
        for level in levels
    }


def _before_tracking(movement: Movement, balance: Balance) -> bool:
    return movement.movement_type in _TRADE and (
        balance.tracked_from is None or movement.business_date < balance.tracked_from
    )


_IS_HISTORY = {
    History.NEVER: lambda movement, balance: False,
    History.AUTO: _before_tracking,
    History.ALWAYS: lambda movement, balance: movement.movement_type in _TRADE,
}

_COLUMNS = (
    "product_id store_id movement_type quantity stock_change before_units after_units unit_price total is_promotion "
    "customer_id reference reason occurred_at business_date source idempotency_key recorded_by recorded_at"
).split()
_INSERT = (
    f"INSERT INTO {InventoryTransaction._meta.db_table} ({', '.join(_COLUMNS)}) "  # noqa: S608  our own names
    f"VALUES ({', '.join(['%s'] * len(_COLUMNS))})"
)


def _insert_rows(posting: Posting, *, source: str, recorded_by: str, now: datetime) -> None:
    """Straight to the driver: model objects would cost three times the insert itself."""
    instant = _Adapted(connection.ops.adapt_datetimefield_value)
    day = _Adapted(connection.ops.adapt_datefield_value)
    recorded_at = instant[now]
    rows = [
        (
            movement.product_id,
            movement.store_id,
            movement.movement_type,
            quantity,
            change,
            before,
            after,
            price,
            total,
            movement.is_promotion,
            movement.customer_id,
            movement.reference,
            movement.reason,
            instant[movement.occurred_at],
            day[movement.business_date],
            source,
            movement.idempotency_key,
            recorded_by,
            recorded_at,
        )
        for movement, quantity, change, before, after, price, total in posting.rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)


class _Adapted(dict[Any, Any]):
    """Values as the driver wants them, each worked out once."""

    def __init__(self, adapt: Any) -> None:
        super().__init__()
        self._adapt = adapt

    def __missing__(self, value: Any) -> Any:
        adapted = self[value] = self._adapt(value)
        return adapted


_STOCK_FIELDS = (
    "on_hand_units tracked_from out_of_stock_since out_of_stock_closed_to last_event_at is_on_sale events_applied_to"
).split()
_LEVEL_FIELDS = "id product_id store_id minimum_units maximum_units".split()


def _save_levels(levels: Iterable[StockLevel]) -> None:
    """Set the stock of locked levels; the bounds that people set are left alone.

    Straight to the driver, like the rows: as model objects the levels took a third of a batch's time.
    """
    instant = _Adapted(connection.ops.adapt_datetimefield_value)
    day = _Adapted(connection.ops.adapt_datefield_value)
    rows = [
        (
            level.pk,
            level.product_id,
            level.store_id,
            level.minimum_units,
            level.maximum_units,
            level.on_hand_units,
            day[level.tracked_from],
            instant[level.out_of_stock_since],
            instant[level.out_of_stock_closed_to],
            instant[level.last_event_at],
            level.is_on_sale,
            instant[level.events_applied_to],
        )
        for level in levels
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_save_statement(connection.vendor), rows)


def _save_statement(vendor: str) -> str:
    """The level's row is there and locked, so that the insert always becomes the update."""
    names = _LEVEL_FIELDS + _STOCK_FIELDS
    insert = (
        f"INSERT INTO {StockLevel._meta.db_table} ({', '.join(names)}) "  # noqa: S608  our own names
        f"VALUES ({', '.join(['%s'] * len(names))}) "
    )
    if vendor == "mysql":
        return insert + "ON DUPLICATE KEY UPDATE " + ", ".join(f"{name} = VALUES({name})" for name in _STOCK_FIELDS)
    return insert + "ON CONFLICT (id) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in _STOCK_FIELDS)
