"""What the shelves did with the demand: a plain order-point policy, deliveries that vary, and lost sales.

The day of a store: deliveries (06:30 to 08:30), returns (9:00), sales (9:30 to 20:00), write-offs and shelf checks
(after 20:00), then the order. Stock never falls below 0: what is wanted beyond it is hidden demand.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inventory.calc.simulation.catalogue import Catalogue
from inventory.calc.simulation.config import DemoConfig
from inventory.calc.simulation.demand import Demand, IntArray

RETURN_SHARE = 0.003
RETURN_AFTER_DAYS = 4
WRITE_OFF_SHARE_PER_DAY = 0.00004
SHRINK_SHARE_PER_DAY = 0.00003
PART_DELIVERY_SHARE = 0.06
BOUNDS_EVERY_DAYS = 28
COVER = 1.1  # of lead time and review by the order point: hardly a safety stock, as plain policies go
SHELF_MINIMUM_SHARE = 0.7  # of lead time and a quarter of the review: the minimum that the stores are given


@dataclass
class OrderLine:
    product: int
    units: int
    received_units: int = 0


@dataclass
class Order:
    """One purchase order to one supplier for one store; the promised day is the supplier's usual lead time."""

    store: int
    supplier: int
    day: int
    promised_day: int
    lines: list[OrderLine] = field(default_factory=list)


@dataclass(frozen=True)
class Delivery:
    """What arrived of one order line on one day."""

    order: int
    line: int
    day: int
    units: int


@dataclass(frozen=True)
class StockPath:
    """The chain's stock over the days; arrays are [store, product, day] where not said otherwise, in units."""

    opening: IntArray  # [S, P], counted before the first day
    received: IntArray
    returned: IntArray
    sold: IntArray
    written_off: IntArray
    shrunk: IntArray
    closing: IntArray
    minimum: IntArray  # [S, P], the stores' last bounds
    maximum: IntArray
    orders: tuple[Order, ...]
    deliveries: tuple[Delivery, ...]

    @property
    def for_sale(self) -> IntArray:
        """Units on the shelf when the doors open."""
        return self.closing + self.written_off + self.shrunk + self.sold

    def hidden(self, demand: Demand) -> IntArray:
        """Units that were wanted and not there."""
        return demand.units - self.sold


def run_stock(config: DemoConfig, catalogue: Catalogue, demand: Demand, rng: np.random.Generator) -> StockPath:
    """Play every day of the chain; deterministic for one ``rng`` state."""
    return _Chain(config, catalogue, demand, rng).run()


class _Chain:
    """The state while the days are played."""

    def __init__(self, config: DemoConfig, catalogue: Catalogue, demand: Demand, rng: np.random.Generator) -> None:
        self.config, self.catalogue, self.demand, self.rng = config, catalogue, demand, rng
        products = catalogue.products
        self.supplier = np.array([product.supplier for product in products])
        self.pack = np.array([product.pack_size for product in products])
        self.least = np.array([product.minimum_order_quantity for product in products])
        self.cost_cents = np.array([product.cost_cents for product in products])
        self.lead_time = np.array([product.lead_time_days for product in products])
        self.review = np.array([catalogue.suppliers[product.supplier].review_period_days for product in products])
        shape = demand.units.shape
        self.flows = {name: np.zeros(shape, dtype=np.int64) for name in _FLOWS}
        self.pipeline: dict[int, list[Delivery]] = defaultdict(list)
        self.orders: list[Order] = []
        self.planned: dict[int, list[tuple[Order, int]]] = defaultdict(list)
        self.deliveries: list[Delivery] = []
        self.on_order, self.order_point, self.minimum, self.maximum = np.zeros((4, *shape[:2]), dtype=np.int64)
        self.launch_day = config.day_index(config.launch_days_before_end)
        self.is_new = np.array([product.kind == "new" for product in products])

    def run(self) -> StockPath:
        self._set_bounds(self._first_guess())
        opening = self._opening()
        stock = opening.copy()
        self._plan_known_orders()
        for day in range(self.config.days):
            self._play(day, stock)
            if day % BOUNDS_EVERY_DAYS == 0 and day >= BOUNDS_EVERY_DAYS:
                self._set_bounds(self.flows["sold"][:, :, day - BOUNDS_EVERY_DAYS + 1 : day + 1].mean(axis=2))
            for order, arrival in self.planned[day]:
                self._place(order, [(arrival, order.lines[0].units)])
            if day <= self.config.day_index(self.config.last_order_days_before_end):
                self._order(day, stock)
        return StockPath(
            opening=opening,
            minimum=self.minimum,
            maximum=self.maximum,
            orders=tuple(self.orders),
            deliveries=tuple(self.deliveries),
            **self.flows,
        )

    def _first_guess(self) -> NDArray[np.float64]:
        """The buyer's guess of units a day: about right."""
        mean = np.array([product.demand_per_day for product in self.catalogue.products])
        size = np.array([store.size for store in self.catalogue.stores])
        return np.asarray(size[:, None] * mean * self.rng.uniform(0.8, 1.25, self.on_order.shape))

    def _set_bounds(self, units_per_day: NDArray[np.float64]) -> None:
        """The new product has sold too little to say, so its bounds stay as first guessed."""
        point = np.ceil(units_per_day * (self.lead_time + self.review) * COVER).astype(np.int64)
        minimum = np.ceil(units_per_day * (self.lead_time + self.review / 4) * SHELF_MINIMUM_SHARE).astype(np.int64)
        packs = np.ceil(units_per_day * self.review * 1.5 / self.pack).astype(np.int64)
        maximum = point + np.maximum(self.least, self.pack * packs)
        stays = self.is_new & (self.maximum > 0)
        self.order_point = np.where(stays, self.order_point, np.maximum(point, 1))
        self.minimum = np.where(stays, self.minimum, np.maximum(minimum, 1))
        self.maximum = np.where(stays, self.maximum, np.maximum(maximum, 2))

    def _opening(self) -> IntArray:
        share = self.rng.uniform(0.55, 1.0, self.on_order.shape)
        opening = np.rint(self.order_point + share * (self.maximum - self.order_point)).astype(np.int64)
        opening[:, self.is_new] = 0
        return np.asarray(opening)

    def _plan_known_orders(self) -> None:
        """The launch, the caterer's order behind the spike, and too much of what was about to die."""
        spike = self.demand.spike
        mean = self.demand.baseline
        wanted = mean[spike.store, spike.product, spike.day] * spike.factor * 1.5
        self._plan_delivery(spike.store, spike.product, day=spike.day - 1, units=wanted)
        last_day = self.config.day_index(self.config.dead_days_before_end)
        for index, product in enumerate(self.catalogue.products):
            for store in range(len(self.catalogue.stores)):
                if product.kind == "new":
                    self._plan_delivery(store, index, day=self.launch_day - 1, units=float(self.maximum[store, index]))
                elif product.kind == "dead":
                    self._plan_delivery(store, index, day=last_day - 5, units=mean[store, index, last_day] * 40 + 1)

    def _plan_delivery(self, store: int, product: int, *, day: int, units: float) -> None:
        lead_time = math.ceil(self.lead_time[product])
        ordered = max(0, day - lead_time)
        packs = math.ceil(max(units, self.least[product]) / self.pack[product])
        order = Order(store, int(self.supplier[product]), ordered, day)
        order.lines.append(OrderLine(product, packs * int(self.pack[product])))
        self.planned[ordered].append((order, day))

    def _place(self, order: Order, *arrivals: list[tuple[int, int]]) -> None:
        """Note the order; ``arrivals`` has the days and units of each line."""
        number = len(self.orders)
        self.orders.append(order)
        for line_number, (line, parts) in enumerate(zip(order.lines, arrivals, strict=True)):
            self.on_order[order.store, line.product] += line.units
            for day, units in parts:
                self.pipeline[day].append(Delivery(number, line_number, day, units))

    def _play(self, day: int, stock: IntArray) -> None:
        """One day in the stores; changes ``stock`` in place."""
        self._receive(day, stock)
        is_silent = day == self.demand.silent_day
        if day >= RETURN_AFTER_DAYS:
            returned = self.rng.binomial(self.flows["sold"][:, :, day - RETURN_AFTER_DAYS], RETURN_SHARE)
            if is_silent:
                returned[self.demand.silent_store] = 0
            self.flows["returned"][:, :, day] = returned
            stock += returned
        sold = np.minimum(stock, self.demand.units[:, :, day])
        self.flows["sold"][:, :, day] = sold
        stock -= sold
        for flow, share in (("written_off", WRITE_OFF_SHARE_PER_DAY), ("shrunk", SHRINK_SHARE_PER_DAY)):
            lost = self.rng.binomial(stock, share)
            self.flows[flow][:, :, day] = lost
            stock -= lost
        self.flows["closing"][:, :, day] = stock

    def _receive(self, day: int, stock: IntArray) -> None:
        for delivery in self.pipeline.pop(day, []):
            order = self.orders[delivery.order]
            line = order.lines[delivery.line]
            line.received_units += delivery.units
            series = (order.store, line.product)
            stock[series] += delivery.units
            self.on_order[series] -= delivery.units
            self.flows["received"][*series, day] += delivery.units
            self.deliveries.append(delivery)

    def _order(self, day: int, stock: IntArray) -> None:
        """Up to the maximum what has fallen to the order point, where it is the supplier's day and the order is worth it."""
        position = stock + self.on_order
        is_short = (position <= self.order_point) & ~(self.is_new & (day < self.launch_day))
        wanted = np.maximum(self.maximum - position, self.least)
        units = np.where(is_short, self.pack * -(-wanted // self.pack), 0)
        for number, supplier in enumerate(self.catalogue.suppliers):
            of_supplier = self.supplier == number
            for store in range(len(self.catalogue.stores)):
                if (day + 2 * store + number) % supplier.review_period_days:
                    continue
                chosen = np.flatnonzero(of_supplier & (units[store] > 0))
                value_cents = (units[store, chosen] * self.cost_cents[chosen]).sum()
                if len(chosen) and value_cents >= 100 * supplier.minimum_order_value:
                    self._order_from(number, store, day, chosen, units[store, chosen])

    def _order_from(self, supplier: int, store: int, day: int, products: IntArray, units: IntArray) -> None:
        habits = self.catalogue.suppliers[supplier]
        mean, deviation = habits.lead_time_days, habits.lead_time_sd_days
        drawn = self.rng.gamma((mean / deviation) ** 2, deviation**2 / mean)
        arrival = day + max(1, round(drawn))
        order = Order(store, supplier, day, day + math.ceil(mean))
        order.lines += [OrderLine(int(p), int(u)) for p, u in zip(products, units, strict=True)]
        self._place(order, *(self._parts(line, arrival) for line in order.lines))

    def _parts(self, line: OrderLine, arrival: int) -> list[tuple[int, int]]:
        """One delivery, or now and then two, the rest some days late."""
        pack = int(self.pack[line.product])
        first = pack * int(0.6 * line.units / pack)
        if first == 0 or self.rng.random() >= PART_DELIVERY_SHARE:
            return [(arrival, line.units)]
        late = arrival + int(self.rng.integers(3, 10))
        return [(arrival, first), (late, line.units - first)]


_FLOWS = ("received", "returned", "sold", "written_off", "shrunk", "closing")
