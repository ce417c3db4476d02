"""The simulated days as ledger movements in order of time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from inventory.calc.simulation.catalogue import Catalogue
from inventory.calc.simulation.demand import Demand, IntArray
from inventory.calc.simulation.local_time import HOUR, LocalTime
from inventory.calc.simulation.replenishment import RETURN_AFTER_DAYS, StockPath
from inventory.calc.simulation.shoppers import Baskets

COUNTED_AT = 6 * HOUR  # local seconds of the day
DELIVERIES = (6.5 * HOUR, 8.5 * HOUR)
RETURNS = (9 * HOUR, 9.4 * HOUR)
SALES = (9.5 * HOUR, 20 * HOUR)
WRITE_OFFS = (20.1 * HOUR, 20.3 * HOUR)
SHELF_CHECKS = (20.5 * HOUR, 20.8 * HOUR)


class Kind(IntEnum):
    OPENING_COUNT = 0
    COUNT = 1
    RECEIPT = 2
    RETURN = 3
    SALE = 4
    WRITE_OFF = 5
    ADJUSTMENT = 6


@dataclass(frozen=True)
class Events:
    """Columns of equal length, one entry per movement, by time; -1 where a column does not apply."""

    kind: IntArray
    store: IntArray
    product: IntArray
    day: IntArray
    at: IntArray  # seconds since 1970, UTC
    change: IntArray  # units, signed: what it does to the stock in the ledger
    counted: IntArray  # units found, of counts
    price_cents: IntArray  # charged for sales and returns, paid for receipts
    is_promotion: IntArray  # 0 or 1
    customer: IntArray
    document: IntArray  # visit of a sale, delivery of a receipt

    def __len__(self) -> int:
        return len(self.kind)

    def taken(self, order: IntArray) -> Events:
        """The events at these places, in this order."""
        return Events(**{column.name: getattr(self, column.name)[order] for column in fields(self)})


def assemble_events(
    catalogue: Catalogue,
    demand: Demand,
    stock: StockPath,
    baskets: Baskets,
    local: LocalTime,
    rng: np.random.Generator,
) -> Events:
    """Every movement of the chain, by time; what the silent store sold on its silent day is not among them."""
    maker = _Maker(catalogue, demand, stock, baskets, local, rng)
    parts = [
        maker.opening_counts(),
        maker.counts_after_silence(),
        maker.receipts(),
        maker.returns(),
        maker.customer_sales(),
        maker.anonymous_sales(),
        maker.losses(Kind.WRITE_OFF, stock.written_off, WRITE_OFFS),
        maker.losses(Kind.ADJUSTMENT, stock.shrunk, SHELF_CHECKS),
    ]
    joined = Events(**{c.name: np.concatenate([getattr(part, c.name) for part in parts]) for c in fields(Events)})
    return joined.taken(np.lexsort((joined.product, joined.store, joined.kind, joined.at)))


class _Maker:
    def __init__(
        self,
        catalogue: Catalogue,
        demand: Demand,
        stock: StockPath,
        baskets: Baskets,
        local: LocalTime,
        rng: np.random.Generator,
    ) -> None:
        self.catalogue, self.demand, self.stock = catalogue, demand, stock
        self.baskets, self.local, self.rng = baskets, local, rng
        self.reported = reported_sales(demand, stock)

    def opening_counts(self) -> Events:
        is_there = np.array([product.kind != "new" for product in self.catalogue.products])
        store, product = np.nonzero(np.broadcast_to(is_there, self.stock.opening.shape))
        units = self.stock.opening[store, product]
        return self._events(Kind.OPENING_COUNT, store, product, 0, COUNTED_AT, units, counted=units)

    def counts_after_silence(self) -> Events:
        """The morning after: what the tills never reported is missing on the shelf and is counted away."""
        store, day = self.demand.silent_store, self.demand.silent_day
        unreported = self.stock.sold[store, :, day]
        product = np.flatnonzero(unreported)
        closing = self.stock.closing[store, product, day]
        stores = np.full(len(product), store)
        return self._events(Kind.COUNT, stores, product, day + 1, COUNTED_AT, -unreported[product], counted=closing)

    def receipts(self) -> Events:
        """All that comes on one day for one order comes on one van."""
        deliveries, orders = self.stock.deliveries, self.stock.orders
        order = np.array([delivery.order for delivery in deliveries])
        store = np.array([orders[delivery.order].store for delivery in deliveries])
        product = np.array([orders[d.order].lines[d.line].product for d in deliveries])
        day = np.array([delivery.day for delivery in deliveries])
        units = np.array([delivery.units for delivery in deliveries])
        van = self.rng.uniform(*DELIVERIES, len(orders))[order]
        cost = np.array([entry.cost_cents for entry in self.catalogue.products])
        return self._events(
            Kind.RECEIPT,
            store,
            product,
            day,
            van,
            units,
            price_cents=cost[product],
            document=np.arange(len(deliveries)),
        )

    def returns(self) -> Events:
        store, product, day = np.nonzero(self.stock.returned)
        return self._events(
            Kind.RETURN,
            store,
            product,
            day,
            self.rng.uniform(*RETURNS, len(store)),
            self.stock.returned[store, product, day],
            price_cents=self.demand.price_cents[product, day - RETURN_AFTER_DAYS],
        )

    def customer_sales(self) -> Events:
        lines = self.baskets
        visits = int(lines.visit.max(initial=-1)) + 1
        return self._sales(
            lines.store, lines.product, lines.day, _till_times(visits, self.rng)[lines.visit], lines.units,
            customer=lines.customer, document=lines.visit,
        )  # fmt: skip

    def anonymous_sales(self) -> Events:
        """One line a day with what the known customers left; sold out, it is the day's last and ends the stock."""
        left = self.reported.copy()
        np.subtract.at(left, (self.baskets.store, self.baskets.product, self.baskets.day), self.baskets.units)
        store, product, day = np.nonzero(left)
        wanted = self.demand.units[store, product, day]
        sold = self.stock.sold[store, product, day]
        served = sold / wanted
        sold_out_at = SALES[0] + (SALES[1] - SALES[0]) * served
        at = np.where(served < 1, sold_out_at, _till_times(len(store), self.rng))
        return self._sales(store, product, day, at, left[store, product, day])

    def losses(self, kind: Kind, lost: IntArray, window: tuple[float, float]) -> Events:
        store, product, day = np.nonzero(lost)
        return self._events(
            kind, store, product, day, self.rng.uniform(*window, len(store)), -lost[store, product, day]
        )

    def _sales(
        self, store: IntArray, product: IntArray, day: IntArray, at: NDArray[np.float64], units: IntArray,
        **columns: IntArray,
    ) -> Events:  # fmt: skip
        return self._events(
            Kind.SALE, store, product, day, at, -units,
            price_cents=self.demand.price_cents[product, day],
            is_promotion=self.demand.is_promotion[product, day].astype(np.int64),
            **columns,
        )  # fmt: skip

    def _events(
        self,
        kind: Kind,
        store: IntArray,
        product: IntArray,
        day: IntArray | int,
        second_of_day: NDArray[np.float64] | float,
        change: IntArray,
        **columns: IntArray,
    ) -> Events:
        count = len(store)
        days = np.broadcast_to(day, count)
        empty = {name: np.full(count, -1) for name in ("counted", "price_cents", "customer", "document")}
        return Events(
            kind=np.full(count, kind),
            store=store,
            product=product,
            day=days,
            at=self.local.at(store, days, np.broadcast_to(second_of_day, count)),
            change=change,
            **{**empty, "is_promotion": np.zeros(count, dtype=np.int64), **columns},
        )


def reported_sales(demand: Demand, stock: StockPath) -> IntArray:
    """Units sold that reached the ledger: all but those of the silent store-day."""
    reported = stock.sold.copy()
    reported[demand.silent_store, :, demand.silent_day] = 0
    return reported


def sold_out(demand: Demand, stock: StockPath) -> NDArray[np.bool_]:
    """Series-days on which the shelf did not hold what was wanted."""
    return np.asarray(stock.sold < demand.units)


def _till_times(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Local seconds of the day, busiest around 12:30 and 18:00."""
    peak = np.where(rng.random(count) < 0.45, 12.5 * HOUR, 18 * HOUR)
    return np.clip(rng.normal(peak, 1.5 * HOUR), *SALES)
