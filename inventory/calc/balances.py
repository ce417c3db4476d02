"""The arithmetic of the ledger: a batch of movements over running balances, day sums and stock-outs.

Plain Python on purpose: the web process posts movements and must not load NumPy. About 3 µs a movement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from inventory.calc.movements import ABSOLUTE, ADJUSTMENT, INWARD, OUTWARD, RETURN, SALE, TYPES, Movement

MAX_UNITS = 1_000_000_000
PRICE_STEP = Decimal("0.0001")
MAX_PRICE = Decimal(10**9)
MAX_KEY_LENGTH = 100

LevelKey = tuple[int, int]  # store id, product id
DayKey = tuple[int, int, date]  # store id, product id, business date
SecondsByDay = Callable[[datetime, datetime], dict[date, int]]


class InvalidMovement(ValueError):
    """A movement that cannot be recorded; ``field`` names what is wrong with the one at ``position``."""

    def __init__(self, position: int, field: str, reason: str) -> None:
        super().__init__(f"movement {position}: {field}: {reason}")
        self.position = position
        self.field = field
        self.reason = reason


@dataclass(slots=True)
class Balance:
    """One product's stock in one store while movements are posted to it.

    ``seconds_by_day`` splits an interval over the store's local days. ``out_closed_to`` is the instant up to which
    the day sums already hold the present stock-out.
    """

    seconds_by_day: SecondsByDay
    on_hand: int = 0
    tracked_from: date | None = None
    out_since: datetime | None = None
    out_closed_to: datetime | None = None
    last_event_at: datetime | None = None

    def record_stock(self, after: int, occurred_at: datetime, business_date: date) -> dict[date, int]:
        """Note that the stock became ``after``; return the out-of-stock seconds to add per day, mostly none."""
        if self.tracked_from is None or business_date < self.tracked_from:
            self.tracked_from = business_date
        occurred_at = occurred_at.replace(microsecond=0)  # so that parts of an interval add up to the whole
        if after <= 0:
            if self.out_since is None:
                self.out_since = occurred_at
                self.out_closed_to = None
            return {}
        return self._back_in_stock(occurred_at) if self.out_since is not None else {}

    def close_to(self, instant: datetime) -> dict[date, int]:
        """Account the stock-out that is still open up to ``instant``."""
        if self.out_since is None:
            return {}
        start = self.out_closed_to or self.out_since
        if instant <= start:
            return {}
        self.out_closed_to = instant
        return self.seconds_by_day(start, instant)

    def _back_in_stock(self, instant: datetime) -> dict[date, int]:
        since = self.out_since
        if since is None:
            return {}
        accounted_to = self.out_closed_to or since
        ended = max(instant, since)
        self.out_since = self.out_closed_to = None
        if ended >= accounted_to:
            return self.seconds_by_day(accounted_to, ended)
        # It came back before the close already counted: take the rest of the closed time out again.
        return {day: -seconds for day, seconds in self.seconds_by_day(ended, accounted_to).items()}


@dataclass(slots=True)
class DayChange:
    """What a batch adds to one product's day in one store; money in the store's currency."""

    units: int = 0
    returned_units: int = 0
    revenue: Decimal = Decimal(0)
    transactions: int = 0
    promotion_lines: int = 0
    out_of_stock_seconds: int = 0


class PostedRow(NamedTuple):
    """One ledger row as it will be stored."""

    movement: Movement
    quantity: int
    stock_change: int
    before: int
    after: int
    unit_price: Decimal | None
    total: Decimal | None


@dataclass(slots=True)
class Posting:
    """The outcome of a batch: rows in the order given, and the changes per day."""

    rows: list[PostedRow] = field(default_factory=list)
    days: dict[DayKey, DayChange] = field(default_factory=dict)

    def day(self, key: DayKey) -> DayChange:
        change = self.days.get(key)
        if change is None:
            change = self.days[key] = DayChange()
        return change


def check_movements(movements: Iterable[Movement]) -> None:
    """Raise ``InvalidMovement`` for the first movement that no ledger could hold."""
    for position, movement in enumerate(movements):
        if movement.movement_type not in TYPES:
            raise InvalidMovement(position, "movement_type", f"unknown type “{movement.movement_type}”")
        if movement.quantity < 0 and movement.movement_type != ADJUSTMENT:
            raise InvalidMovement(position, "quantity", "must not be negative; the type gives the direction")
        if abs(movement.quantity) > MAX_UNITS:
            raise InvalidMovement(position, "quantity", f"is over {MAX_UNITS:,} units")
        if not 0 < len(movement.idempotency_key) <= MAX_KEY_LENGTH:
            raise InvalidMovement(position, "idempotency_key", f"needs 1 to {MAX_KEY_LENGTH} characters")
        price = movement.unit_price
        if price is not None and not (price.is_finite() and abs(price) < MAX_PRICE):
            raise InvalidMovement(position, "unit_price", "must be a finite amount under a thousand million")
        if movement.occurred_at.tzinfo is None:
            raise InvalidMovement(position, "occurred_at", "needs a time zone")


def post(
    movements: Iterable[Movement],
    balances: dict[LevelKey, Balance],
    *,
    is_history: Callable[[Movement, Balance], bool],
) -> Posting:
    """Post ``movements`` in their order to ``balances`` (changed in place) and return rows and day sums.

    A movement that is history leaves the stock as it is; its sale still counts in the day sums.
    """
    posting = Posting()
    prices: dict[Decimal, Decimal] = {}
    for movement in movements:
        balance = balances[movement.store_id, movement.product_id]
        before = balance.on_hand
        change = 0 if is_history(movement, balance) else stock_change(movement, before)
        after = balance.on_hand = before + change
        price = _rounded(movement.unit_price, prices)
        quantity = abs(movement.quantity)
        total = None
        if price is not None:
            total = -price * quantity if movement.movement_type == RETURN else price * quantity
        posting.rows.append(PostedRow(movement, quantity, change, before, after, price, total))
        if movement.movement_type in _TRADE:
            _add_trade(posting, movement, quantity, total)
        if is_stock_record(movement.movement_type, change):
            out = balance.record_stock(after, movement.occurred_at, movement.business_date)
            for day, seconds in out.items():
                posting.day((movement.store_id, movement.product_id, day)).out_of_stock_seconds += seconds
        if balance.last_event_at is None or movement.occurred_at > balance.last_event_at:
            balance.last_event_at = movement.occurred_at
    return posting


def stock_change(movement: Movement, before: int) -> int:
    """The signed change of the stock in units: a count of 7 where 10 were thought to be takes 3 away."""
    if movement.movement_type in OUTWARD:
        return -movement.quantity
    if movement.movement_type in INWARD or movement.movement_type == ADJUSTMENT:
        return movement.quantity
    return movement.quantity - before


def is_stock_record(movement_type: str, change: int) -> bool:
    """Whether a row says something of the stock: it moved, or somebody counted it."""
    return change != 0 or movement_type in ABSOLUTE


_TRADE = frozenset({SALE, RETURN})


def _rounded(price: Decimal | None, seen: dict[Decimal, Decimal]) -> Decimal | None:
    if price is None:
        return None
    rounded = seen.get(price)
    if rounded is None:
        rounded = seen[price] = price.quantize(PRICE_STEP)
    return rounded


def _add_trade(posting: Posting, movement: Movement, quantity: int, total: Decimal | None) -> None:
    day = posting.day((movement.store_id, movement.product_id, movement.business_date))
    if movement.movement_type == SALE:
        day.units += quantity
        day.transactions += 1 if quantity else 0
    else:
        day.returned_units += quantity
    if total is not None:
        day.revenue += total
    if movement.is_promotion:
        day.promotion_lines += 1
