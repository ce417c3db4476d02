"""The simulated events as movements for the ledger, in batches with keys that a second run makes again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from inventory.calc import movements as types
from inventory.calc.movements import Movement
from inventory.calc.simulation.events import Events, Kind
from inventory.calc.simulation.simulate import Simulation
from inventory.services.demo.catalogue import Ids
from inventory.services.demo.keys import invoice_number, movement_key, order_number
from inventory.services.demo.money import money

BATCH_ROWS = 20_000

TYPES = {
    Kind.OPENING_COUNT: types.COUNT,
    Kind.COUNT: types.COUNT,
    Kind.RECEIPT: types.RECEIPT,
    Kind.RETURN: types.RETURN,
    Kind.SALE: types.SALE,
    Kind.WRITE_OFF: types.WRITE_OFF,
    Kind.ADJUSTMENT: types.ADJUSTMENT,
}
REASONS = {
    Kind.OPENING_COUNT: "Opening count",
    Kind.COUNT: "Counted after a day without till reports",
    Kind.WRITE_OFF: "Damaged",
    Kind.ADJUSTMENT: "Missing at a shelf check",
}


def batch_ends(simulation: Simulation) -> list[int]:
    """The position after the last movement of every batch."""
    count = len(simulation.events)
    return [*range(BATCH_ROWS, count, BATCH_ROWS), count]


def movements_of_batch(simulation: Simulation, ids: Ids, *, end: int) -> list[Movement]:
    """The movements of the batch that ends at position ``end``."""
    start = (end - 1) // BATCH_ROWS * BATCH_ROWS
    events = simulation.events.taken(np.arange(start, end))
    return [Movement(*fields) for fields in zip(*_columns(simulation, ids, events, start), strict=True)]


def _columns(
    simulation: Simulation, ids: Ids, events: Events, start: int
) -> tuple[Iterator[object] | list[object], ...]:
    """The fields of ``Movement`` in their order, each as long as ``events``."""
    kinds = [Kind(kind) for kind in events.kind.tolist()]
    dates = [simulation.date_of(day) for day in range(simulation.config.days)]
    seed = simulation.config.seed
    return (
        [ids.stores[store] for store in events.store.tolist()],
        [ids.products[product] for product in events.product.tolist()],
        [TYPES[kind] for kind in kinds],
        _quantities(events),
        [_EPOCH + timedelta(seconds=second) for second in events.at.tolist()],
        [dates[day] for day in events.day.tolist()],
        [movement_key(seed, position) for position in range(start, start + len(events))],
        [money(cents) if cents >= 0 else None for cents in events.price_cents.tolist()],
        [ids.customers[customer] if customer >= 0 else None for customer in events.customer.tolist()],
        [bool(flag) for flag in events.is_promotion.tolist()],
        _references(simulation, kinds, events.document.tolist()),
        [REASONS.get(kind, "") for kind in kinds],
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _quantities(events: Events) -> list[object]:
    """As the ledger wants them: the stock of a count, the signed change of an adjustment, else without sign."""
    is_count = np.isin(events.kind, (Kind.OPENING_COUNT, Kind.COUNT))
    is_adjustment = events.kind == Kind.ADJUSTMENT
    quantity = np.where(is_count, events.counted, np.where(is_adjustment, events.change, np.abs(events.change)))
    return list(quantity.tolist())


def _references(simulation: Simulation, kinds: list[Kind], documents: list[int]) -> list[object]:
    deliveries = simulation.stock.deliveries
    references: list[object] = []
    for kind, document in zip(kinds, documents, strict=True):
        if kind is Kind.RECEIPT:
            references.append(order_number(deliveries[document].order))
        else:
            references.append(invoice_number(document) if document >= 0 else "")
    return references
