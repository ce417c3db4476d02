"""The simulated purchase orders with their lines and receipts, written in bulk as they stand on the last day."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import F

from invencare.lib import clock
from inventory.calc.simulation.events import Kind
from inventory.calc.simulation.replenishment import Order
from inventory.calc.simulation.simulate import Simulation
from inventory.models import PurchaseOrder, PurchaseOrderLine, Receipt
from inventory.services.demo.catalogue import Ids
from inventory.services.demo.keys import ORDER_PREFIX, movement_key, order_number
from inventory.services.demo.money import money

BATCH_ROWS = 2_000
Status = PurchaseOrder.Status


def write_orders(simulation: Simulation, ids: Ids) -> None:
    """Every order of the simulation. Call it inside a transaction; the movements of the receipts follow later."""
    arrivals = _arrivals(simulation)
    PurchaseOrder.objects.bulk_create(_orders(simulation, ids, arrivals), batch_size=BATCH_ROWS)
    ours = PurchaseOrder.objects.filter(number__startswith=ORDER_PREFIX)
    # The column fills itself with the present; for the past, an order was made when it was sent.
    ours.update(created_at=F("sent_at"))
    keys = dict(ours.values_list("number", "pk"))
    order_ids = [keys[order_number(index)] for index in range(len(simulation.stock.orders))]
    PurchaseOrderLine.objects.bulk_create(_lines(simulation, ids, order_ids), batch_size=BATCH_ROWS)
    Receipt.objects.bulk_create(_receipts(simulation, ids, order_ids, arrivals), batch_size=BATCH_ROWS)


def _arrivals(simulation: Simulation) -> list[tuple[int, int]]:
    """By delivery: the position of its movement, and its seconds since 1970."""
    events = simulation.events
    positions = np.flatnonzero(events.kind == Kind.RECEIPT)
    by_delivery = positions[np.argsort(events.document[positions])]
    return list(zip(by_delivery.tolist(), events.at[by_delivery].tolist(), strict=True))


def _orders(simulation: Simulation, ids: Ids, arrivals: list[tuple[int, int]]) -> list[PurchaseOrder]:
    last_arrival: dict[int, int] = {}
    for delivery, (_, arrived_at) in zip(simulation.stock.deliveries, arrivals, strict=True):
        last_arrival[delivery.order] = max(arrived_at, last_arrival.get(delivery.order, 0))
    zones = [entry.time_zone for entry in simulation.catalogue.stores]
    rows = []
    for index, order in enumerate(simulation.stock.orders):
        status = _status(order)
        ordered_on = simulation.date_of(order.day)
        rows.append(
            PurchaseOrder(
                number=order_number(index),
                supplier_id=ids.suppliers[order.supplier],
                store_id=ids.stores[order.store],
                status=status,
                order_date=ordered_on,
                expected_date=simulation.date_of(order.promised_day),
                sent_at=clock.midday(ordered_on, ZoneInfo(zones[order.store])),
                closed_at=datetime.fromtimestamp(last_arrival[index], UTC) if status == Status.RECEIVED else None,
            )
        )
    return rows


def _status(order: Order) -> Status:
    if all(line.received_units == line.units for line in order.lines):
        return Status.RECEIVED
    return Status.PARTLY_RECEIVED if any(line.received_units for line in order.lines) else Status.SENT


def _lines(simulation: Simulation, ids: Ids, order_ids: list[int]) -> list[PurchaseOrderLine]:
    costs = [money(product.cost_cents) for product in simulation.catalogue.products]
    return [
        PurchaseOrderLine(
            purchase_order_id=order_id,
            product_id=ids.products[line.product],
            ordered_units=line.units,
            received_units=line.received_units,
            unit_cost=costs[line.product],
        )
        for order_id, order in zip(order_ids, simulation.stock.orders, strict=True)
        for line in order.lines
    ]


def _receipts(simulation: Simulation, ids: Ids, order_ids: list[int], arrivals: list[tuple[int, int]]) -> list[Receipt]:
    """Each with the key of its movement, so that the two can be matched."""
    stock, seed = simulation.stock, simulation.config.seed
    lines = PurchaseOrderLine.objects.filter(purchase_order__number__startswith=ORDER_PREFIX)
    line_ids = {
        (order, product): pk for order, product, pk in lines.values_list("purchase_order_id", "product_id", "pk")
    }
    receipts = []
    for delivery, (position, _) in zip(stock.deliveries, arrivals, strict=True):
        product = stock.orders[delivery.order].lines[delivery.line].product
        receipts.append(
            Receipt(
                line_id=line_ids[order_ids[delivery.order], ids.products[product]],
                units=delivery.units,
                received_on=simulation.date_of(delivery.day),
                idempotency_key=movement_key(seed, position),
            )
        )
    return receipts
