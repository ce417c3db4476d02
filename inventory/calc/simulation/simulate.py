"""The whole demo from one seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np

from inventory.calc.simulation.catalogue import Catalogue, draw_catalogue
from inventory.calc.simulation.config import DemoConfig
from inventory.calc.simulation.demand import Demand, IntArray, draw_demand
from inventory.calc.simulation.events import Events, assemble_events, reported_sales, sold_out
from inventory.calc.simulation.local_time import LocalTime
from inventory.calc.simulation.replenishment import StockPath, run_stock
from inventory.calc.simulation.shelf import out_of_stock_seconds
from inventory.calc.simulation.shoppers import Shoppers, draw_shoppers, fill_baskets


@dataclass(frozen=True)
class Simulation:
    """A chain's whole past with its truth. Arrays are [store, product, day]; day 0 is ``first_day``."""

    config: DemoConfig
    first_day: date
    last_day: date
    catalogue: Catalogue
    demand: Demand
    stock: StockPath
    shoppers: Shoppers
    events: Events
    out_of_stock_seconds: IntArray

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.config.stores, self.config.products, self.config.days

    def date_of(self, day: int) -> date:
        return self.first_day + timedelta(days=int(day))

    def fingerprint(self) -> str:
        """SHA-256 of every movement: two simulations with the same one write the same ledger."""
        digest = hashlib.sha256(self.first_day.isoformat().encode())
        for column in fields(self.events):
            digest.update(np.ascontiguousarray(getattr(self.events, column.name), dtype=np.int64).tobytes())
        return digest.hexdigest()


def simulate(config: DemoConfig, rng: np.random.Generator, *, last_day: date) -> Simulation:
    """Draw the chain of ``config`` over the ``config.days`` days that end with ``last_day``.

    The same config, generator state and last day give the same simulation with the same NumPy; the parts have
    generators of their own, so that a change of one leaves the draws of the others.
    """
    of_catalogue, of_demand, of_stock, of_shoppers, of_baskets, of_times = rng.spawn(6)
    first_day = last_day - timedelta(days=config.days - 1)
    catalogue = draw_catalogue(config, of_catalogue)
    demand = draw_demand(config, catalogue, first_day=first_day, rng=of_demand)
    stock = run_stock(config, catalogue, demand, of_stock)
    shoppers, visits = draw_shoppers(config, catalogue, of_shoppers)
    # Sold-out days stay with the anonymous line, whose time tells when the shelf was empty.
    on_offer = np.where(sold_out(demand, stock), 0, reported_sales(demand, stock))
    baskets = fill_baskets(shoppers, visits, catalogue, on_offer, of_baskets)
    local = LocalTime(catalogue, first_day, config.days)
    events = assemble_events(catalogue, demand, stock, baskets, local, of_times)
    return Simulation(
        config=config,
        first_day=first_day,
        last_day=last_day,
        catalogue=catalogue,
        demand=demand,
        stock=stock,
        shoppers=shoppers,
        events=events,
        out_of_stock_seconds=out_of_stock_seconds(events, local, demand.rate.shape),
    )
