"""One batch of events in one transaction, with a number of statements that does not grow with it.

Look up the identities that are known, stores and products; lock the levels in primary-key order; judge event by event
in the order received; write movements, levels and events. Two consumers with the same batch meet at the locks, and the
second then at the unique identity: its batch is rolled back and run again, when it finds every event known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from invencare.lib import clock
from inventory.calc.balances import LevelKey, PostedRow
from inventory.calc.events.contract import REMOVED, StockEvent, reason_of
from inventory.calc.events.records import Received
from inventory.calc.events.verdicts import (
    ABSOLUTE_EVENTS,
    MOVEMENT_TYPES,
    NOTHING_TO_REMOVE,
    Outcome,
    ProductName,
    Shelf,
    Verdict,
    judge,
)
from inventory.calc.movements import ABSOLUTE, Movement
from inventory.models import InventoryTransaction, StockLevel
from inventory.services.events import rows
from inventory.services.events.places import Place, Places, Unplaced, find_places
from inventory.services.events.sender import EventResult, Sender
from inventory.services.ledger import locked_levels, record_on_levels

LEDGER_SOURCE = "event"
Levels = dict[LevelKey, StockLevel]


@dataclass(slots=True)
class Judged:
    """One record on its way through the batch; ``verdict`` is None until there is one."""

    received: Received
    verdict: Verdict | None = None
    errors: dict[str, str] = field(default_factory=dict)
    place: Place | None = None
    known: rows.KnownEvent | None = None
    is_repeat: bool = False
    movement: Movement | None = None
    row: PostedRow | None = None

    @property
    def event(self) -> StockEvent | None:
        return self.received.event

    def reject(self, errors: dict[str, str]) -> None:
        self.errors = errors
        self.verdict = Verdict(Outcome.REJECTED, reason_of(errors))


@transaction.atomic
def apply_batch(
    records: Sequence[Received], *, sender: Sender, now: datetime, replayed: rows.Replay | None = None
) -> list[EventResult]:
    """Apply the records in their order, wholly or not at all; one result each.

    ``replayed``: a person wants rejected or stale events judged again, which have rows already (see ``replays``).
    """
    judged = _recognised(records, is_replay=replayed is not None)
    new = [item for item in judged if not item.is_repeat]
    places = find_places((item.received for item in new), sender=sender)
    for item in new:
        _place(item, places)
    places.make_products(now=now)
    levels, made = _lock(new)
    _judge(new, levels, made, is_replay=replayed is not None)
    _post(new, levels, sender=sender, now=now)
    places.save_names(now=now)
    rows.insert_events([item for item in new if item.known is None and _is_kept(item, sender)], sender=sender, now=now)
    rows.rewrite_events([item for item in new if item.known is not None], sender=sender, now=now, replayed=replayed)
    return _results(judged)


def _recognised(records: Sequence[Received], *, is_replay: bool) -> list[Judged]:
    """The records, with those marked that were received before: in the table, or earlier in the batch.

    A rejected event that comes again with another content is its correction, and is judged; with the same content it
    is not, though by now it might pass: a batch that is delivered twice must end as if it had been delivered once.
    """
    known = rows.known_events({record.identity for record in records})
    judged: list[Judged] = []
    seen: set[str] = set()
    for record in records:
        row = known.get(record.identity)
        is_again = row is not None and not is_replay and not row.is_corrected_by(record)
        judged.append(Judged(record, known=row, is_repeat=is_again or record.identity in seen))
        seen.add(record.identity)
    return judged


def _place(item: Judged, places: Places) -> None:
    if item.event is None:
        item.reject(item.received.errors)
        return
    try:
        item.place = places.place(item.event, item.received.stream)
    except Unplaced as unplaced:
        item.reject(unplaced.errors)
        return
    if item.place.product is None:
        item.verdict = NOTHING_TO_REMOVE


def _lock(items: Iterable[Judged]) -> tuple[Levels, set[LevelKey]]:
    """The levels of all events, made where missing, and which were; that of a removal only where it is."""
    to_make: set[LevelKey] = set()
    if_there: set[LevelKey] = set()
    for item in items:
        if item.verdict is None and item.place is not None and item.event is not None and item.place.key is not None:
            (if_there if item.event.event_type == REMOVED else to_make).add(item.place.key)
    return locked_levels(to_make, if_there=frozenset(if_there)) if to_make or if_there else ({}, set())


def _judge(items: Iterable[Judged], levels: Levels, made: set[LevelKey], *, is_replay: bool) -> None:
    shelves: dict[LevelKey, Shelf] = {}
    for item in items:
        if item.verdict is not None or item.place is None or item.event is None or item.place.product is None:
            continue
        key = item.place.key
        assert key is not None  # noqa: S101  products are made by now
        shelf = shelves.get(key)
        if shelf is None:
            shelf = shelves[key] = _shelf(levels.get(key), item.place.product.said, is_new=key in made)
        item.verdict = _replay_verdict(item.event, shelf, levels.get(key)) if is_replay else judge(item.event, shelf)
        if item.verdict.outcome is Outcome.APPLIED:
            item.movement = _movement(item, item.event, item.place)
    for key, shelf in shelves.items():
        if key in levels:
            levels[key].is_on_sale = shelf.is_on_sale
            levels[key].events_applied_to = shelf.applied_at


def _post(items: Iterable[Judged], levels: Levels, *, sender: Sender, now: datetime) -> None:
    moving = [item for item in items if item.movement is not None]
    if not moving:
        return
    posting = record_on_levels(
        [item.movement for item in moving if item.movement is not None],
        levels,
        source=LEDGER_SOURCE,
        now=now,
        recorded_by=sender.name,
    )
    for item, row in zip(moving, posting.rows, strict=True):
        item.row = row


def _shelf(level: StockLevel | None, product: ProductName, *, is_new: bool) -> Shelf:
    if level is None:
        return Shelf(product)
    return Shelf(
        product,
        on_hand=level.on_hand_units,
        is_on_sale=level.is_on_sale,
        is_known=not is_new,
        applied_at=level.events_applied_to,
    )


def _replay_verdict(event: StockEvent, shelf: Shelf, level: StockLevel | None) -> Verdict:
    """A late change of the stock still counts, unless the stock was counted or set since: then it is in that already.

    What sets the stock is judged like any event: an old count must not overwrite a newer one.
    """
    if event.event_type in ABSOLUTE_EVENTS or level is None:
        return judge(event, shelf)
    since = (
        InventoryTransaction.objects.of_level(store_id=level.store_id, product_id=level.product_id)
        .filter(movement_type__in=ABSOLUTE, occurred_at__gt=event.occurred_at)
        .order_by("occurred_at")
        .values_list("occurred_at", flat=True)
        .first()
    )
    if since is not None:
        return Verdict(
            Outcome.STALE,
            f"The stock was counted or set on {since.isoformat(' ', 'seconds')}: this event is in that number already.",
        )
    return judge(event, shelf, must_be_newer=False)


def _movement(item: Judged, event: StockEvent, place: Place) -> Movement:
    key = place.key
    assert key is not None  # noqa: S101  asked before
    return Movement(
        store_id=key[0],
        product_id=key[1],
        movement_type=MOVEMENT_TYPES[event.event_type],
        quantity=event.quantity,
        occurred_at=event.occurred_at,
        business_date=clock.business_date(event.occurred_at, place.store.zone),
        idempotency_key=f"event:{item.received.identity}",
        unit_price=event.unit_price,
        reason=event.event_type,
    )


def _is_kept(item: Judged, sender: Sender) -> bool:
    """An actor of some stores leaves no row about a store of others: a replay by somebody else would let it through."""
    return sender.scope.all_stores or item.place is not None


def _results(judged: Iterable[Judged]) -> list[EventResult]:
    firsts: dict[str, EventResult] = {}
    results = []
    for item in judged:
        if item.is_repeat:
            result = _repeated(item, firsts.get(item.received.identity))
        else:
            result = firsts[item.received.identity] = _result(item)
        results.append(result)
    return results


def _result(item: Judged) -> EventResult:
    verdict = item.verdict
    assert verdict is not None  # noqa: S101  every new record was judged
    before, after = (None, None) if item.row is None else (item.row.before, item.row.after)
    return EventResult(
        item.received,
        verdict.outcome,
        verdict.reason,
        item.errors,
        verdict.warning,
        before_units=before,
        after_units=after,
    )


def _repeated(item: Judged, first: EventResult | None) -> EventResult:
    """A rejected event that comes again is told again what is wrong; of any other, that it was received before."""
    outcome = first.outcome if first is not None else Outcome(item.known.outcome) if item.known else Outcome.DUPLICATE
    reason = first.reason if first is not None else item.known.reason if item.known else ""
    if outcome is Outcome.REJECTED:
        errors = item.received.errors or (first.errors if first is not None else {})
        return EventResult(item.received, outcome, reason, errors)
    return EventResult(item.received, Outcome.DUPLICATE, f"Received before; it was {outcome.value} then.")
