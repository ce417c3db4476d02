"""Does the database hold what was simulated? Named checks, each a list of differences; later work adds more.

A check reads the truth and the database and returns one line per difference, none if it agrees. Movements that
people recorded since the demo (today's sales, adjustments, receipts) are no difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import Count, F, Q, Sum

from inventory.calc.balances import PRICE_STEP
from inventory.models import (
    DailySales,
    InventoryTransaction,
    Product,
    PurchaseOrder,
    Receipt,
    StockLevel,
    Store,
    Supplier,
)
from inventory.services.demo.keys import ORDER_PREFIX
from inventory.services.demo.marker import read_marker
from inventory.services.demo.seeding import SOURCE
from inventory.services.demo.truth import Truth, read_fingerprint, read_truth
from inventory.services.errors import Conflict
from inventory.services.lead_times import LEAST_DELIVERIES, measures_of

STOCK_OUT_TOLERANCE_SECONDS = 1  # per product, store and day: the ledger keeps whole seconds of each local day
# 6 % of the lines come in two parts, 40 % of the units 3 to 9 days late: what that adds to a unit's lead time.
LATE_PART_MEAN_DAYS = 0.06 * 0.4 * 6
LATE_PART_VARIANCE = 0.06 * 0.4 * 40 + 1 / 12  # and the rounding to whole days

TYPE_OF_KIND = {
    "opening_count": "count",
    "count": "count",
    "receipt": "receipt",
    "return": "return",
    "sale": "sale",
    "write_off": "write_off",
    "adjustment": "adjustment",
}


@dataclass(frozen=True)
class Chain:
    """The truth, and the primary keys of its stores and products by their place in its lists."""

    truth: Truth
    stores: list[int]
    products: list[int]

    @property
    def first_day(self) -> date:
        return date.fromisoformat(self.truth.document["first_day"])

    @property
    def last_day(self) -> date:
        return date.fromisoformat(self.truth.document["last_day"])

    def series(self) -> Iterator[tuple[int, int, int, int]]:
        """(store place, product place, store id, product id) of every series."""
        for store, store_id in enumerate(self.stores):
            for product, product_id in enumerate(self.products):
                yield store, product, store_id, product_id

    def name(self, store: int, product: int) -> str:
        document = self.truth.document
        return f"{document['stores'][store]['code']} {document['products'][product]['sku']}"


@dataclass(frozen=True)
class Check:
    name: str
    differences: Callable[[Chain], list[str]]


@dataclass(frozen=True)
class Verdict:
    name: str
    differences: list[str]


def verify_demo() -> list[Verdict]:
    """Run every check. Raises ``Conflict`` where there is no complete demo, or no truth about it."""
    marker = read_marker()
    if marker is None or not marker.is_complete:
        raise Conflict("This database holds no complete demo: run manage.py seed_demo.")
    if read_fingerprint() != marker.fingerprint:
        raise Conflict("The truth files are missing or about another demo: manage.py seed_demo writes them again.")
    chain = _load_chain(read_truth())
    return [Verdict(check.name, check.differences(chain)) for check in CHECKS]


def _load_chain(truth: Truth) -> Chain:
    stores = dict(Store.objects.values_list("code", "pk"))
    products = dict(Product.objects.values_list("sku", "pk"))
    return Chain(
        truth=truth,
        stores=[stores[entry["code"]] for entry in truth.document["stores"]],
        products=[products[entry["sku"]] for entry in truth.document["products"]],
    )


def check_movements(chain: Chain) -> list[str]:
    """The number of movements of each type, exactly."""
    wanted: dict[str, int] = {}
    for kind, count in chain.truth.document["totals"]["by_kind"].items():
        wanted[TYPE_OF_KIND[kind]] = wanted.get(TYPE_OF_KIND[kind], 0) + count
    rows = InventoryTransaction.objects.filter(source=SOURCE).order_by().values_list("movement_type")
    found = dict(rows.annotate(Count("pk")))
    return [
        f"{movement_type}: {count:,} movements simulated, {found.get(movement_type, 0):,} in the ledger"
        for movement_type, count in wanted.items()
        if found.get(movement_type, 0) != count
    ]


def check_stock(chain: Chain) -> list[str]:
    """Every stock level is the simulated final stock plus what was recorded since, exactly."""
    since = _sums(InventoryTransaction.objects.exclude(source=SOURCE), "stock_change")
    levels = {
        (row[0], row[1]): row[2] for row in StockLevel.objects.values_list("store_id", "product_id", "on_hand_units")
    }
    final = chain.truth.document["final_stock_units"]
    differences = []
    for store, product, store_id, product_id in chain.series():
        wanted = final[store][product] + since.get((store_id, product_id), 0)
        found = levels.get((store_id, product_id))
        if found != wanted:
            differences.append(f"{chain.name(store, product)}: {wanted} units simulated, {found} on hand")
    return differences


def check_totals(chain: Chain) -> list[str]:
    """Units, returns, revenue and sale lines of each store over the demo's days, exactly (to a ten-thousandth)."""
    names = ("units", "returned_units", "revenue", "transactions")
    days = DailySales.objects.between(chain.first_day, chain.last_day).order_by()
    found = {row[0]: row[1:] for row in days.values_list("store_id").annotate(*(Sum(name) for name in names))}
    differences = []
    for entry, store_id in zip(chain.truth.document["totals"]["by_store"], chain.stores, strict=True):
        wanted = (entry["units"], entry["returned_units"], entry["revenue"], entry["sale_lines"])
        for name, simulated, stored in zip(names, wanted, found.get(store_id, (0, 0, 0, 0)), strict=True):
            # SQLite adds decimals as floating point: the money step takes its last digits off again.
            if Decimal(simulated) != Decimal(stored).quantize(PRICE_STEP):
                differences.append(f"{entry['store']} {name}: {simulated} simulated, {stored} in daily sales")
    return differences


def check_daily_units(chain: Chain) -> list[str]:
    """Units sold of every product, store and day, exactly; nothing of the silent store on its silent day."""
    wanted = chain.truth.days["sold_units"].astype(np.int64)
    silent = chain.truth.document["silent_day"]
    store = [entry["code"] for entry in chain.truth.document["stores"]].index(silent["store"])
    wanted[store, :, (date.fromisoformat(silent["date"]) - chain.first_day).days] = 0
    return _day_differences(chain, wanted, _day_array(chain, "units"), unit="units", tolerance=0)


def check_stock_outs(chain: Chain) -> list[str]:
    """Seconds without stock of every product, store and day, to ``STOCK_OUT_TOLERANCE_SECONDS``."""
    return _day_differences(
        chain,
        chain.truth.days["out_of_stock_seconds"].astype(np.int64),
        _day_array(chain, "out_of_stock_seconds"),
        unit="seconds out of stock",
        tolerance=STOCK_OUT_TOLERANCE_SECONDS,
    )


def check_receipts(chain: Chain) -> list[str]:
    """Every receipt in the ledger belongs to a receipt of an order, with the same units, and the other way round."""
    ledger = InventoryTransaction.objects.filter(source=SOURCE, movement_type="receipt")
    moved = set(ledger.values_list("idempotency_key", "quantity", "reference"))
    booked = set(
        Receipt.objects.filter(line__purchase_order__number__startswith=ORDER_PREFIX, idempotency_key__startswith="demo:")
        .values_list("idempotency_key", "units", "line__purchase_order__number")
    )  # fmt: skip
    return [f"receipt {key} of {units} units for {number} is on one side only" for key, units, number in moved ^ booked]


def check_order_lines(chain: Chain) -> list[str]:
    """No order is called received while a line of it is not, or the other way round."""
    orders = PurchaseOrder.objects.filter(number__startswith=ORDER_PREFIX).annotate(
        missing=Count(
            "lines", filter=Q(lines__ordered_units__gt=F("lines__received_units") + F("lines__cancelled_units"))
        )
    )
    wrong = orders.filter(Q(status="received", missing__gt=0) | Q(status__in=["sent", "partly_received"], missing=0))
    return [f"{order.number} is {order.status} with {order.missing} lines not received in full" for order in wrong]


def check_lead_times(chain: Chain) -> list[str]:
    """Each supplier's measured lead time is the planted one, to what chance and deliveries in two parts explain.

    Measured anew from the demo's orders, so that what people received since does not count; stated times count as
    5 deliveries of hundreds.
    """
    suppliers = dict(Supplier.objects.values_list("code", "pk"))
    differences = []
    for planted in chain.truth.document["lead_times"]:
        of_demo = {"purchase_order__number__startswith": ORDER_PREFIX}
        measures = measures_of(supplier_id=suppliers[planted["supplier"]], today=chain.last_day, **of_demo)
        if measures is None or measures.supplier.observations < LEAST_DELIVERIES:
            continue  # a short demo: nothing is claimed
        found = measures.supplier.lead_times
        mean, sd, count = planted["mean_days"], planted["sd_days"], measures.supplier.observations
        wide = math.sqrt(sd**2 + LATE_PART_VARIANCE)
        if not -4 * wide / math.sqrt(count) <= found.mean - mean <= 4 * wide / math.sqrt(count) + LATE_PART_MEAN_DAYS:
            differences.append(
                f"{planted['supplier']}: {mean} days planted, {found.mean:.2f} measured in {count} orders"
            )
        # The deviation of n draws lies within some 4/√(2n) of its own; a gamma's tail and part deliveries make it wider.
        slack = 1 + 6 / math.sqrt(2 * count)
        if not sd / slack <= found.sd <= wide * slack:
            differences.append(f"{planted['supplier']}: a deviation of {sd} days planted, {found.sd:.2f} measured")
    return differences


CHECKS: tuple[Check, ...] = (
    Check("movements", check_movements),
    Check("stock", check_stock),
    Check("totals", check_totals),
    Check("daily units", check_daily_units),
    Check("stock-out days", check_stock_outs),
    Check("receipts", check_receipts),
    Check("order lines", check_order_lines),
    Check("lead times", check_lead_times),
)


def _sums(rows: Any, field: str) -> dict[tuple[int, int], int]:
    return {
        (store_id, product_id): total
        for store_id, product_id, total in rows.order_by().values_list("store_id", "product_id").annotate(Sum(field))
    }


def _day_array(chain: Chain, field: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """One column of daily sales as [store, product, day]; 0 where there is no row."""
    stores = {pk: place for place, pk in enumerate(chain.stores)}
    products = {pk: place for place, pk in enumerate(chain.products)}
    array = np.zeros(chain.truth.days["sold_units"].shape, dtype=np.int64)
    rows = DailySales.objects.between(chain.first_day, chain.last_day).exclude(**{field: 0}).order_by()
    for store_id, product_id, day, value in rows.values_list(
        "store_id", "product_id", "business_date", field
    ).iterator():
        if store_id in stores and product_id in products:
            array[stores[store_id], products[product_id], (day - chain.first_day).days] = value
    return array


def _day_differences(chain: Chain, wanted: Any, found: Any, *, unit: str, tolerance: int) -> list[str]:
    return [
        f"{chain.name(store, product)} {chain.first_day + timedelta(days=day)}: "
        f"{wanted[store, product, day]} {unit} simulated, {found[store, product, day]} in daily sales"
        for store, product, day in np.argwhere(np.abs(wanted - found) > tolerance).tolist()
    ]
