"""A batch of rows to movements and rejects: column by column, so that each distinct cell is parsed once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import repeat
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from invencare.lib import clock
from inventory.calc.movements import RETURN, SALE, Movement
from inventory.calc.reading.cells import (
    Memo,
    Problem,
    code_of,
    customer_code_of,
    is_blank,
    label_of,
    optional_code_of,
    promotion_of,
    shown,
)
from inventory.calc.reading.columns import FIELDS
from inventory.calc.reading.dates import clock_of
from inventory.calc.reading.numbers import LARGEST_TOTAL, price_of, quantity_of
from inventory.services.sales_import.catalogue import NOT_MADE, Catalogue, CustomerRef, ProductRef, StoreRef
from inventory.services.sales_import.plan import ReadingPlan
from inventory.services.sales_import.tables import Batch

EARLIEST_DAY = date(1990, 1, 1)
NAME_CHARACTERS = 200
CATEGORY_CHARACTERS = 100
TOTAL_TOO_LARGE = Problem(f"times the price is beyond {LARGEST_TOTAL:,.0f}")


class Reject(NamedTuple):
    """One reason why one line was not taken."""

    line: int
    field: str
    value: str
    reason: str


class SalesLine(NamedTuple):
    """One good row: what it says, with ``quantity`` in signed units (negative: a return)."""

    line: int
    store: StoreRef
    product: ProductRef
    moment: tuple[datetime, date]
    quantity: int
    price: Decimal | None
    customer: CustomerRef | None
    invoice: str
    is_promotion: bool


@dataclass
class ReadBatch:
    """What a batch of rows came to."""

    lines: list[SalesLine] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)


class LineReader:
    """Reads batches by one plan. The catalogue is looked up, never written here."""

    def __init__(self, plan: ReadingPlan, catalogue: Catalogue, *, now: datetime) -> None:
        self._plan = plan
        self._catalogue = catalogue
        self._now = now
        self._width = len(plan.columns.header)
        self._zone_moments: dict[str, Memo] = {}
        self._zone_of_the_unknown = ZoneInfo("UTC")
        self._quantities = Memo(partial(quantity_of, mark=plan.quantity_mark))
        self._prices = Memo(partial(price_of, mark=plan.price_mark))
        self._promotions = Memo(promotion_of)
        self._invoices = Memo(optional_code_of)

    @property
    def wanted_columns(self) -> frozenset[int]:
        return frozenset(self._plan.columns.columns.values())

    def read(self, batch: Batch) -> ReadBatch:
        rejects = [Reject(damage.line, "line", damage.value, damage.reason) for damage in batch.damages]
        lines, rows = self._of_full_width(batch, rejects)
        cells = self._cells(rows)
        parsed = self._parsed(cells, len(rows))
        good = self._without_bad_rows(lines, cells, parsed, rejects)
        self._note_new_products(good, cells, parsed["product"])
        columns = [parsed[name] for name in _LINE_FIELDS]
        if len(good) == len(lines):
            return ReadBatch(list(map(SalesLine, lines, *columns)), rejects)
        return ReadBatch(
            [SalesLine(lines[place], *(column[place] for column in columns)) for place in good],
            sorted(rejects, key=lambda reject: reject.line),
        )

    def _of_full_width(self, batch: Batch, rejects: list[Reject]) -> tuple[list[int], list[Sequence[Any]]]:
        """The rows that have the header's columns. Others may be shifted or cut off: none of their cells is sure."""
        width = self._width
        if all(len(row) == width for row in batch.rows):
            return batch.lines, list(batch.rows)
        lines: list[int] = []
        rows: list[Sequence[Any]] = []
        for line, row in zip(batch.lines, batch.rows, strict=True):
            if len(row) == width or (len(row) > width and not any(row[width:])):
                lines.append(line)
                rows.append(row[:width])
            elif any(row):
                start = shown(" | ".join(map(str, row)))
                rejects.append(Reject(line, "line", start, f"has {len(row)} columns, the header has {width}"))
        return lines, rows

    def _cells(self, rows: list[Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """The mapped fields as columns; a field with one value for the whole file repeats it."""
        columns = list(zip(*rows, strict=True)) if rows else []
        cells: dict[str, Sequence[Any]] = {
            name: columns[position] if rows else () for name, position in self._plan.columns.columns.items()
        }
        for name, value in self._plan.columns.constants.items():
            cells[name] = (value,) * len(rows)
        return cells

    def _parsed(self, cells: dict[str, Sequence[Any]], count: int) -> dict[str, list[Any]]:
        """Every field as a list of values and problems."""
        catalogue = self._catalogue
        catalogue.learn_stores(set(cells["store"]), code_of)
        catalogue.learn_products(set(cells["product"]), code_of)
        catalogue.learn_customers(set(cells.get("customer", ())), customer_code_of)
        stores = _looked_up(catalogue.stores, cells["store"])
        return {
            "store": stores,
            "product": _looked_up(catalogue.products, cells["product"]),
            "moment": self._moments(stores, cells),
            "quantity": _looked_up(self._quantities, cells["quantity"]),
            "price": _optional(self._prices, cells.get("price"), count, None),
            "customer": _optional(catalogue.customers, cells.get("customer"), count, None),
            "invoice": _optional(self._invoices, cells.get("invoice"), count, ""),
            "promotion": _optional(self._promotions, cells.get("promotion"), count, False),
        }

    def _moments(self, stores: list[Any], cells: dict[str, Sequence[Any]]) -> list[Any]:
        raws: Iterable[Any] = cells["date"]
        if "time" in cells:
            raws = zip(cells["date"], cells["time"], strict=True)
        for store in self._catalogue.stores.values():
            if isinstance(store, StoreRef) and store.moments is None:
                store.moments = self._moments_in(store.zone)
        unknown = self._moments_in(self._zone_of_the_unknown)
        return [(unknown if store.__class__ is Problem else store.moments)[raw] for store, raw in zip(stores, raws)]  # noqa: B905  speed

    def _moments_in(self, zone: ZoneInfo) -> Memo:
        """The memo of one time zone: a raw date (and time) to its instant and business date."""
        memo = self._zone_moments.get(str(zone))
        if memo is None:
            has_time = "time" in self._plan.columns.columns
            read: Callable[[Any], Any] = self._date_and_time if has_time else self._plan.dates.moment_of
            latest_day = clock.business_date(self._now, zone) + timedelta(days=1)
            memo = self._zone_moments[str(zone)] = Memo(lambda raw: placed(read(raw), zone, latest_day))
        return memo

    def _date_and_time(self, raw: tuple[Any, Any]) -> date | datetime:
        """The date's day at the time column's time; a time column that holds whole timestamps stands alone."""
        on = self._plan.dates.moment_of(raw[0])
        day = on.date() if isinstance(on, datetime) else on
        if is_blank(raw[1]):
            return day
        at = clock_of(raw[1])
        return datetime.combine(day, at) if isinstance(at, time) else at

    def _without_bad_rows(
        self, lines: list[int], cells: dict[str, Sequence[Any]], parsed: dict[str, list[Any]], rejects: list[Reject]
    ) -> list[int]:
        """The places of the rows without a problem; every problem of the others becomes a reject."""
        self._refuse_large_totals(parsed)
        bad: set[int] = set()
        for name, values in parsed.items():
            for place, value in enumerate(values):
                if value.__class__ is Problem:
                    bad.add(place)
                    rejects.append(Reject(lines[place], *self._cell(name, cells, place), value.reason))
        return [place for place in range(len(lines)) if place not in bad] if bad else list(range(len(lines)))

    def _cell(self, name: str, cells: dict[str, Sequence[Any]], place: int) -> tuple[str, str]:
        if name == "moment":
            at = f" {shown(cells['time'][place])}" if "time" in cells else ""
            return "date", shown(cells["date"][place]) + at
        return name, shown(cells[name][place]) if name in cells else ""

    @staticmethod
    def _refuse_large_totals(parsed: dict[str, list[Any]]) -> None:
        quantities = parsed["quantity"]
        for place, (quantity, price) in enumerate(zip(quantities, parsed["price"], strict=True)):
            # Both bounds together can only be passed by a price over a hundred thousand.
            if price.__class__ is Decimal and quantity.__class__ is int and abs(price * quantity) >= LARGEST_TOTAL:
                quantities[place] = TOTAL_TOO_LARGE

    def _note_new_products(self, good: list[int], cells: dict[str, Sequence[Any]], products: list[Any]) -> None:
        """Give products that will be made the name, category and price of their first good row that has one."""
        descriptions, categories, prices = cells.get("description"), cells.get("category"), cells.get("price")
        for place in good:
            product = products[place]
            if product.pk is not None:
                continue
            if descriptions and not product.name:
                product.name = label_of(descriptions[place], NAME_CHARACTERS)
            if categories and not product.category:
                product.category = label_of(categories[place], CATEGORY_CHARACTERS)
            if prices and not (product.price and product.price > 0):
                product.price = self._prices[prices[place]]


_LINE_FIELDS = ("store", "product", "moment", "quantity", "price", "customer", "invoice", "promotion")


def placed(moment: date | datetime, zone: ZoneInfo, latest_day: date) -> tuple[datetime, date]:
    """The instant in UTC and the business date of a moment in a store's zone; raises ``ValueError`` with the reason.

    A day without a time is put at noon. A local time that a clock change skips is read as if the clock had not
    changed yet, one that comes twice as its first time: the business date is the written one either way.
    """
    if not isinstance(moment, datetime):
        day, instant = moment, None
    elif moment.tzinfo is None:
        day, instant = moment.date(), moment
    else:
        day, instant = _local_day(moment, zone), moment
    if day < EARLIEST_DAY:
        raise ValueError(f"is before {EARLIEST_DAY:%d %B %Y}")
    if day > latest_day:
        raise ValueError("is in the future")
    if instant is None:
        return clock.midday(day, zone), day
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=zone)
    return instant.astimezone(UTC), day


def _local_day(instant: datetime, zone: ZoneInfo) -> date:
    try:
        return clock.business_date(instant, zone)
    except OverflowError:  # the first or last day that a calendar can hold
        return instant.date()


def movements_of(lines: Iterable[SalesLine], sales_file_id: int) -> list[Movement]:
    """The ledger's movements of good lines whose stores, products and customers exist."""
    prefix = f"file:{sales_file_id}:"
    return [
        Movement(
            line.store.pk,
            line.product.pk,
            RETURN if line.quantity < 0 else SALE,
            abs(line.quantity),
            line.moment[0],
            line.moment[1],
            f"{prefix}{line.line}",
            line.price,
            line.customer.pk if line.customer else None,
            line.is_promotion,
            line.invoice,
        )
        for line in lines
        if line.store.pk is not None and line.product.pk is not None
    ]


def make_missing(read: ReadBatch, catalogue: Catalogue) -> ReadBatch:
    """Make the stores, products and customers that good lines need; lines whose could not be made are rejected."""
    catalogue.make_stores(line.store for line in read.lines if line.store.pk is None)
    catalogue.make_products(line.product for line in read.lines if line.product.pk is None)
    _make_customers(read.lines, catalogue)
    lost = [
        Reject(line.line, name, ref.code, NOT_MADE.reason)
        for line in read.lines
        for name, ref in (("store", line.store), ("product", line.product), ("customer", line.customer))
        if ref is not None and ref.pk is None
    ]
    if not lost:
        return read
    lost_lines = {reject.line for reject in lost}
    return ReadBatch([line for line in read.lines if line.line not in lost_lines], sorted([*read.rejects, *lost]))


def _make_customers(lines: list[SalesLine], catalogue: Catalogue) -> None:
    new: dict[str, CustomerRef] = {}
    earlier: dict[int, date] = {}
    for line in lines:
        customer = line.customer
        if customer is None:
            continue
        day = line.moment[1]
        if customer.first_seen is None or day < customer.first_seen:
            customer.first_seen = day
            if customer.pk is not None:
                earlier[customer.pk] = day
        if customer.pk is None:
            new[customer.code] = customer
    catalogue.make_customers(new.values())
    catalogue.note_first_seen(earlier)


def _looked_up(memo: dict[Any, Any], cells: Sequence[Any]) -> list[Any]:
    return list(map(memo.__getitem__, cells))


def _optional(memo: dict[Any, Any], cells: Sequence[Any] | None, count: int, default: Any) -> list[Any]:
    return list(repeat(default, count)) if cells is None else _looked_up(memo, cells)


assert set(_LINE_FIELDS) - {"moment"} <= set(FIELDS)  # noqa: S101  a reject names a field that can be mapped
