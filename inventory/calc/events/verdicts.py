"""What one event does to one product in one store, given what is there (SPEC RT-3 and RT-4).

Pure and sequential: the intake calls it under the locks of the levels, event by event in the order received.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from inventory.calc.events.contract import ADDED, CHANGED, REMOVED, RETURNED, SOLD, StockEvent
from inventory.calc.movements import ADJUSTMENT, RETURN, SALE, SET


class Outcome(StrEnum):
    """What became of an event. A duplicate gets no row of its own: it has the first one's."""

    APPLIED = "applied"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    STALE = "stale"
    DUPLICATE = "duplicate"
    DISCARDED = "discarded"


OUTCOMES = [(outcome.value, outcome.value) for outcome in Outcome]
STATUS_CODES = {
    Outcome.APPLIED: 200,
    Outcome.UNKNOWN: 404,
    Outcome.REJECTED: 400,
    Outcome.STALE: 409,
    Outcome.DUPLICATE: 409,
    Outcome.DISCARDED: 409,
}
MOVEMENT_TYPES = {ADDED: SET, REMOVED: SET, CHANGED: ADJUSTMENT, SOLD: SALE, RETURNED: RETURN}
ABSOLUTE_EVENTS = frozenset({ADDED, REMOVED})


@dataclass(slots=True)
class ProductName:
    """A product's name while a batch is judged, the same for all stores; whether the sender may change it."""

    name: str
    may_change: bool = True


@dataclass(slots=True)
class Shelf:
    """One product in one store while a batch is judged.

    ``is_known`` is whether the store ever had it; ``applied_at`` the time of its last applied event.
    """

    product: ProductName
    on_hand: int = 0
    is_on_sale: bool = True
    is_known: bool = False
    applied_at: datetime | None = None


class Verdict(NamedTuple):
    """Why an event is not applied, or (outcome applied) what a person should know of it."""

    outcome: Outcome
    reason: str = ""
    warning: str = ""


NOTHING_TO_REMOVE = Verdict(Outcome.UNKNOWN, "The product is not in this store: nothing to remove.")


def judge(event: StockEvent, shelf: Shelf, *, must_be_newer: bool = True) -> Verdict:
    """What becomes of ``event``; an applied one changes ``shelf``.

    An event as old as the last applied one is applied: a till sells twice in a second. ``must_be_newer`` is False for a
    replay by a person, whose caller has judged its age by another rule.
    """
    if must_be_newer and shelf.applied_at is not None and event.occurred_at < shelf.applied_at:
        return Verdict(
            Outcome.STALE,
            f"An event of {shelf.applied_at.isoformat(' ', 'seconds')} was applied before; this one is older.",
        )
    if event.event_type == REMOVED and not (shelf.is_known and (shelf.is_on_sale or shelf.on_hand)):
        return NOTHING_TO_REMOVE
    warning = _apply(event, shelf)
    shelf.is_known = True
    if shelf.applied_at is None or event.occurred_at > shelf.applied_at:
        shelf.applied_at = event.occurred_at
    return Verdict(Outcome.APPLIED, warning=warning)


def _apply(event: StockEvent, shelf: Shelf) -> str:
    warning = _named_anew(event, shelf.product)
    if event.event_type in ABSOLUTE_EVENTS:
        shelf.on_hand = event.quantity
        shelf.is_on_sale = event.event_type == ADDED
    else:
        shelf.on_hand += -event.quantity if event.event_type == SOLD else event.quantity
    return warning


def _named_anew(event: StockEvent, product: ProductName) -> str:
    """Give the product the name of an event that adds it, where the sender may; what to warn of."""
    said, known = event.product_name, product.name
    if not said or said == known:
        return ""
    warning = f"The event names the product “{said}”, it was known as “{known}”."
    if event.event_type != ADDED or not product.may_change:
        return warning
    product.name = said
    return f"{warning} It has the new name now."
