"""The simulated stores, suppliers, products and customers as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inventory.calc.simulation.events import Kind
from inventory.calc.simulation.simulate import Simulation
from inventory.models import Customer, Product, StockLevel, Store, Supplier, SupplierItem
from inventory.services.demo.keys import customer_code
from inventory.services.demo.money import money


@dataclass(frozen=True)
class Ids:
    """Primary keys by the simulation's indices; a customer who never bought has none."""

    stores: list[int]
    suppliers: list[int]
    products: list[int]
    customers: dict[int, int]


def write_catalogue(simulation: Simulation) -> Ids:
    """Every row that is not stock movement or order. Call it inside a transaction."""
    catalogue = simulation.catalogue
    Store.objects.bulk_create(
        Store(code=entry.code, name=entry.name, time_zone=entry.time_zone, currency="EUR", country=entry.country)
        for entry in catalogue.stores
    )
    Supplier.objects.bulk_create(
        Supplier(
            code=entry.code,
            name=entry.name,
            email=f"orders@{entry.code.lower()}.example",
            order_cost=entry.order_cost,
            minimum_order_value=entry.minimum_order_value,
            review_period_days=entry.review_period_days,
        )
        for entry in catalogue.suppliers
    )
    Product.objects.bulk_create(_products(simulation))
    Customer.objects.bulk_create(_customers(simulation), batch_size=1_000)
    ids = find_ids(simulation)
    SupplierItem.objects.bulk_create(_supplier_items(simulation, ids))
    StockLevel.objects.bulk_create(_levels(simulation, ids), batch_size=1_000)
    return ids


def find_ids(simulation: Simulation) -> Ids:
    """The keys of the rows that ``write_catalogue`` made, now or in an earlier run."""
    catalogue = simulation.catalogue
    customers = dict(Customer.objects.filter(code__startswith="C-").values_list("code", "pk"))
    return Ids(
        stores=_in_order(Store, "code", [entry.code for entry in catalogue.stores]),
        suppliers=_in_order(Supplier, "code", [entry.code for entry in catalogue.suppliers]),
        products=_in_order(Product, "sku", [product.sku for product in catalogue.products]),
        customers={index: customers[customer_code(index)] for index in _first_days(simulation)},
    )


def _in_order(model: Any, field: str, codes: list[str]) -> list[int]:
    keys = dict(model.objects.filter(**{f"{field}__in": codes}).values_list(field, "pk"))
    return [keys[code] for code in codes]


def _products(simulation: Simulation) -> list[Product]:
    catalogue = simulation.catalogue
    list_prices = simulation.demand.list_price_cents[:, -1].tolist()
    return [
        Product(
            sku=product.sku,
            name=product.name,
            category=catalogue.categories[product.category].name,
            price=money(price),
            unit_cost=money(product.cost_cents),
            barcode=product.barcode,
            pack_size=product.pack_size,
            minimum_order_quantity=product.minimum_order_quantity,
            shelf_life_days=product.shelf_life_days,
        )
        for product, price in zip(catalogue.products, list_prices, strict=True)
    ]


def _supplier_items(simulation: Simulation, ids: Ids) -> list[SupplierItem]:
    items = []
    for index, product in enumerate(simulation.catalogue.products):
        sources = [(product.supplier, product.cost_cents, True)]
        if product.second_supplier is not None:
            sources.append((product.second_supplier, product.second_cost_cents, False))
        for supplier, cost_cents, is_preferred in sources:
            habits = simulation.catalogue.suppliers[supplier]
            items.append(
                SupplierItem(
                    supplier_id=ids.suppliers[supplier],
                    product_id=ids.products[index],
                    unit_cost=money(cost_cents),
                    lead_time_days=habits.lead_time_days,
                    lead_time_sd_days=habits.lead_time_sd_days,
                    pack_size=product.pack_size,
                    minimum_order_quantity=product.minimum_order_quantity,
                    is_preferred=is_preferred,
                )
            )
    return items


def _levels(simulation: Simulation, ids: Ids) -> list[StockLevel]:
    """The levels with the stores' bounds and no stock yet: the ledger writes that."""
    stock = simulation.stock
    return [
        StockLevel(
            store_id=store_id,
            product_id=product_id,
            minimum_units=int(stock.minimum[store, product]),
            maximum_units=int(stock.maximum[store, product]),
        )
        for store, store_id in enumerate(ids.stores)
        for product, product_id in enumerate(ids.products)
    ]


def _customers(simulation: Simulation) -> list[Customer]:
    return [
        Customer(code=customer_code(index), first_seen=simulation.date_of(day))
        for index, day in _first_days(simulation).items()
    ]


def _first_days(simulation: Simulation) -> dict[int, int]:
    """The day of the first purchase by customer, of those who bought; the events are in order of time."""
    events = simulation.events
    sold = np.flatnonzero((events.kind == Kind.SALE) & (events.customer >= 0))
    customers, first = np.unique(events.customer[sold], return_index=True)
    return dict(zip(customers.tolist(), events.day[sold[first]].tolist(), strict=True))
