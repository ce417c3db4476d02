"""Random stock events from a seed, with faults in given shares: for trials of a stream, its consumers and the site.

Plain ``random``: the same seed gives the same events on every machine, and no numeric library is needed to send them.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from inventory.calc.events.contract import ADDED, CHANGED, REMOVED, RETURNED, SOLD

HOLD_BACK = (1, 20)  # by how many events one out of order comes late
REMEMBERED = 200  # of the last events, those that can come twice


@dataclass(frozen=True)
class EventPlan:
    """What to make: shares are of all events, between 0 and 1, and at most 1 together."""

    seed: int
    stores: Sequence[str]
    products: Sequence[tuple[str, str]]  # SKU and name
    bad_share: float = 0.0
    duplicate_share: float = 0.0
    disorder_share: float = 0.0

    def __post_init__(self) -> None:
        shares = (self.bad_share, self.duplicate_share, self.disorder_share)
        if not self.stores or not self.products:
            raise ValueError("at least one store and one product are needed")
        if any(not 0 <= share <= 1 for share in shares) or sum(shares) > 1:
            raise ValueError("the shares lie between 0 and 1 and add up to at most 1")


class MadeEvent(NamedTuple):
    """One event as bytes with its partition key, the product; ``kind`` is good, bad, duplicate or late."""

    data: bytes
    partition_key: str
    kind: str


def make_events(plan: EventPlan, count: int, *, start: datetime, step: timedelta) -> Iterator[MadeEvent]:
    """``count`` events, the i-th of the time ``start + i · step``; a late one comes after later ones.

    A product's first event in a store adds it, so that the events stand on their own.
    """
    random = Random(plan.seed)  # noqa: S311  a simulation
    added: set[tuple[str, str]] = set()
    recent: deque[MadeEvent] = deque(maxlen=REMEMBERED)
    held: list[tuple[int, MadeEvent]] = []
    for position in range(count):
        made = _one(plan, random, position, start + position * step, added, recent)
        if made.kind == "late":
            held.append((position + random.randint(*HOLD_BACK), made))
        else:
            yield made
        due = [late for when, late in held if when <= position]
        held = [(when, late) for when, late in held if when > position]
        yield from due
    yield from (late for _, late in held)


def _one(
    plan: EventPlan,
    random: Random,
    position: int,
    occurred_at: datetime,
    added: set[tuple[str, str]],
    recent: deque[MadeEvent],
) -> MadeEvent:
    chance = random.random()
    if chance < plan.bad_share:
        return _bad(plan, random, position, occurred_at)
    if chance < plan.bad_share + plan.duplicate_share and recent:
        return recent[random.randrange(len(recent))]._replace(kind="duplicate")
    event, sku = _good(plan, random, position, occurred_at, added)
    is_late = chance < plan.bad_share + plan.duplicate_share + plan.disorder_share
    made = MadeEvent(_bytes(event), sku, "late" if is_late else "good")
    if not is_late:
        recent.append(made)
    return made


def _good(
    plan: EventPlan, random: Random, position: int, occurred_at: datetime, added: set[tuple[str, str]]
) -> tuple[dict[str, Any], str]:
    store = plan.stores[random.randrange(len(plan.stores))]
    sku, name = plan.products[random.randrange(len(plan.products))]
    kind, quantity = _movement(random)
    if (store, sku) not in added:
        added.add((store, sku))
        kind, quantity = ADDED, random.randint(50, 500)
    product = {"product_id": sku, "product_name": name, "quantity": quantity, "timestamp": occurred_at.isoformat()}
    if kind == SOLD:
        product["unit_price"] = f"{random.randint(100, 9999) / 100:.2f}"
    if random.random() < 0.2:
        product["quantity"] = str(quantity)  # as some producers write it
    event = {"event_type": kind, "store_id": store, "event_id": f"gen-{plan.seed}-{position}", "product": product}
    return event, sku


def _movement(random: Random) -> tuple[str, int]:
    """Mostly sales, as in a shop."""
    chance = random.random()
    if chance < 0.75:
        return SOLD, random.choice((1, 1, 1, 2, 2, 3, 6))
    if chance < 0.82:
        return RETURNED, 1
    if chance < 0.95:
        return CHANGED, random.randint(-10, 24)
    return (ADDED, random.randint(0, 400)) if chance < 0.995 else (REMOVED, 0)


def _bad(plan: EventPlan, random: Random, position: int, occurred_at: datetime) -> MadeEvent:
    """One of the ways in which producers go wrong."""
    sku, name = plan.products[random.randrange(len(plan.products))]
    product = {"product_id": sku, "product_name": name, "quantity": 1, "timestamp": occurred_at.isoformat()}
    event = {
        "event_type": SOLD,
        "store_id": plan.stores[0],
        "event_id": f"gen-{plan.seed}-{position}",
        "product": product,
    }
    ways: list[Any] = [
        b"\xff\x00 no text",
        b'{"event_type": "sale", ',
        [position],
        {**event, "event_type": "gift"},
        {**event, "store_id": f"NO-{position}"},
        {**event, "product": {**product, "quantity": "many"}},
        {**event, "product": {**product, "product_id": f"NONE-{position}"}},
        {**event, "product": {**product, "timestamp": "soon"}},
    ]
    chosen = ways[random.randrange(len(ways))]
    return MadeEvent(chosen if isinstance(chosen, bytes) else _bytes(chosen), sku, "bad")


def _bytes(event: Any) -> bytes:
    return json.dumps(event).encode()
