"""Deliveries: in part or whole, taken or refused, once per request, into the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from invencare.lib import clock
from inventory.calc.movements import RECEIPT, Movement
from inventory.models import PurchaseOrder, PurchaseOrderLine, Receipt
from inventory.querysets.scope import StoreScope
from inventory.services.documents import accepted_units, effect_key, move_document
from inventory.services.errors import Conflict
from inventory.services.ledger import record_movements
from inventory.services.locking import in_one_transaction
from inventory.services.people import in_units, log_line, name_of
from inventory.services.purchasing.orders import Status, lock_order
from inventory.services.purchasing.steps import cancel_rest, final_status

MOST_UNITS = 10_000_000
UNNAMED_REFUSAL = "damaged"


@dataclass(frozen=True)
class Arrival:
    """What came of one line: units taken, units refused with the reason, and why the rest will not come, if it won't."""

    units: int = 0
    refused_units: int = 0
    refusal: str = ""
    close_reason: str = ""

    @property
    def is_delivery(self) -> bool:
        return bool(self.units or self.refused_units)


@in_one_transaction
def receive_order(
    *,
    order_id: int,
    lines: Mapping[int, int | Arrival],
    idempotency_key: str,
    actor: User,
    now: datetime,
    scope: StoreScope | None = None,
) -> PurchaseOrder:
    """Book what arrived by line id (plain units, or an ``Arrival``): receipts, ledger movements, the order's new state.

    Refused units are recorded and never become stock; they stay on order until the line is closed. Units beyond what
    was ordered are taken up to ``OVER_DELIVERY_TOLERANCE`` and marked. The same key again changes nothing and returns
    the order as it is (``Conflict`` if it names other units: that is another delivery, not a repeat). Raises
    ``ValidationError`` (field ``lines``) for unknown lines, negative units, nothing at all, or too much.
    """
    order = lock_order(order_id, actor=actor, scope=scope)
    arrived = _arrivals(lines)
    if _is_repeat(order, arrived, idempotency_key):
        return order
    if order.status not in {Status.SENT, Status.PARTLY_RECEIVED}:
        raise Conflict(f"{order.number} is {order.get_status_display().lower()}; only sent orders can be received.")
    of_order = {line.pk: line for line in order.lines.select_related("product")}
    _check(order, of_order, arrived)
    receipts = [
        _take(of_order[line_id], arrival) for line_id, arrival in sorted(arrived.items()) if arrival.is_delivery
    ]
    for receipt in receipts:
        receipt.received_on = clock.business_date(now, order.store.zone)
        receipt.received_by = actor
        receipt.idempotency_key = effect_key(order, "receipt", idempotency_key, receipt.line_id)
    Receipt.objects.bulk_create(receipts)
    closed = cancel_rest((of_order[line_id], arrival.close_reason) for line_id, arrival in arrived.items())
    touched = [of_order[line_id] for line_id in arrived]
    PurchaseOrderLine.objects.bulk_update(
        touched, ["received_units", "refused_units", "cancelled_units", "close_reason"]
    )
    _record(order, [receipt for receipt in receipts if receipt.units], actor=actor, now=now)
    said = _said(receipts) + ([f"closed {in_units(closed)} short"] if closed else [])
    return _new_state(order, of_order.values(), said=", ".join(said), actor=actor, now=now)


def _arrivals(lines: Mapping[int, int | Arrival]) -> dict[int, Arrival]:
    """Lines of which something is said; a refusal without a word was for damage."""
    arrivals = {pk: given if isinstance(given, Arrival) else Arrival(units=given) for pk, given in lines.items()}
    named = {
        pk: replace(arrival, refusal=(arrival.refusal.strip() or UNNAMED_REFUSAL) if arrival.refused_units else "")
        for pk, arrival in arrivals.items()
    }
    return {pk: arrival for pk, arrival in named.items() if arrival.is_delivery or arrival.close_reason}


def _is_repeat(order: PurchaseOrder, arrived: Mapping[int, Arrival], key: str) -> bool:
    if not key:
        raise ValidationError({"idempotency_key": "Give a key, so that a repeated request is booked once."})
    known = Receipt.objects.filter(
        line__purchase_order=order, idempotency_key__startswith=effect_key(order, "receipt", key, "")
    )
    booked = {line_id: units for line_id, *units in known.values_list("line_id", "units", "refused_units")}
    asked = {pk: [arrival.units, arrival.refused_units] for pk, arrival in arrived.items() if arrival.is_delivery}
    if booked and booked != asked:
        raise Conflict(f"This delivery of {order.number} is booked already, with other units; look at the order again.")
    return bool(booked)


def _check(order: PurchaseOrder, of_order: Mapping[int, PurchaseOrderLine], arrived: Mapping[int, Arrival]) -> None:
    problems = []
    for line_id, arrival in sorted(arrived.items()):
        line = of_order.get(line_id)
        problem = f"Line {line_id} is not a line of {order.number}." if line is None else _problem(line, arrival)
        problems += [problem] if problem else []
    if not arrived:
        problems.append("Give the units that arrived of at least one line.")
    if problems:
        raise ValidationError({"lines": problems})


def _problem(line: PurchaseOrderLine, arrival: Arrival) -> str:
    sku, total = line.product.sku, line.received_units + arrival.units
    if arrival.units < 0 or arrival.refused_units < 0:
        units = min(arrival.units, arrival.refused_units)
        return f"{sku}: {units:,} units cannot arrive; correct the stock by a count instead."
    if arrival.units and total > (most := accepted_units(line.ordered_units)):
        return (
            f"{sku}: {total:,} units would have arrived of {line.ordered_units:,} ordered; "
            f"at most {most:,} are accepted."
        )
    if arrival.refused_units > MOST_UNITS:
        return f"{sku}: {arrival.refused_units:,} refused units are a slip of the keyboard."
    if arrival.close_reason and arrival.close_reason not in PurchaseOrderLine.CloseReason.values:
        return f"{sku}: “{arrival.close_reason}” is no reason to close a line."
    return ""


def _take(line: PurchaseOrderLine, arrival: Arrival) -> Receipt:
    """The receipt of an arrival, which the line has counted."""
    over_before = line.over_units
    line.received_units += arrival.units
    line.refused_units += arrival.refused_units
    # What comes after all of a line that was closed is no longer cancelled.
    line.cancelled_units = min(line.cancelled_units, max(line.ordered_units - line.received_units, 0))
    if not line.cancelled_units:
        line.close_reason = ""
    return Receipt(
        line=line,
        units=arrival.units,
        over_units=line.over_units - over_before,
        refused_units=arrival.refused_units,
        refusal=arrival.refusal[:200],
    )


def _record(order: PurchaseOrder, receipts: Iterable[Receipt], *, actor: User, now: datetime) -> None:
    record_movements(
        [
            Movement(
                store_id=order.store_id,
                product_id=receipt.line.product_id,
                movement_type=RECEIPT,
                quantity=receipt.units,
                occurred_at=now,
                business_date=receipt.received_on,
                idempotency_key=receipt.idempotency_key,
                unit_price=receipt.line.unit_cost,
                reference=order.number,
                reason=f"{in_units(receipt.over_units)} more than ordered" if receipt.over_units else "",
            )
            for receipt in receipts
        ],
        source="purchase order",
        now=now,
        recorded_by=actor.get_username(),
    )


def _said(receipts: Iterable[Receipt]) -> list[str]:
    """The words of the note: received 12 units (2 more than ordered), refused 1 unit of SKU-1 (damaged)."""
    receipts = list(receipts)
    if not receipts:
        return []
    over = sum(receipt.over_units for receipt in receipts)
    taken = f"received {in_units(sum(receipt.units for receipt in receipts))}"
    refused = [
        f"refused {in_units(receipt.refused_units)} of {receipt.line.product.sku} ({receipt.refusal})"
        for receipt in receipts
        if receipt.refused_units
    ]
    return [taken + (f" ({over:,} more than ordered)" if over else ""), *refused]


def _new_state(
    order: PurchaseOrder, lines: Iterable[PurchaseOrderLine], *, said: str, actor: User, now: datetime
) -> PurchaseOrder:
    status = final_status(lines)
    is_over = status in {Status.RECEIVED, Status.CANCELLED}
    return move_document(
        order,
        verb="received",
        come_from=[Status.SENT, Status.PARTLY_RECEIVED],
        version=None,  # the row lock above is the guard: a delivery is a fact, whatever was on the page
        note=log_line(f"{name_of(actor)} {said or 'changed nothing'}", now=now),
        status=status,
        closed_at=now if is_over else None,
    )
