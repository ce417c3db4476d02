"""Deliveries: in part or whole, once per request, into the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from invencare.lib import clock
from inventory.calc.movements import RECEIPT, Movement
from inventory.models import PurchaseOrder, PurchaseOrderLine, Receipt
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.ledger import record_movements
from inventory.services.locking import in_one_transaction
from inventory.services.people import in_units, log_line, name_of
from inventory.services.purchasing.orders import Status, lock_order, move_order

OVER_DELIVERY_FACTOR = 2
"""A line may receive up to this many times what was ordered; more is taken for a slip and refused."""


@in_one_transaction
def receive_order(
    *,
    order_id: int,
    lines: Mapping[int, int],
    idempotency_key: str,
    actor: User,
    now: datetime,
    scope: StoreScope | None = None,
) -> PurchaseOrder:
    """Book what arrived, as units by line id: receipts, ledger movements, and the order's new state.

    The same key again changes nothing and returns the order as it is (``Conflict`` if it names other units: that
    is another delivery, not a repeat). Raises ``ValidationError`` (field ``lines``) for unknown lines, negative
    units, nothing at all, or more than twice what was ordered.
    """
    order = lock_order(order_id, actor=actor, scope=scope)
    arrived = {line_id: units for line_id, units in lines.items() if units}
    if _is_repeat(order, arrived, idempotency_key):
        return order
    if order.status not in {Status.SENT, Status.PARTLY_RECEIVED}:
        raise Conflict(f"{order.number} is {order.get_status_display().lower()}; only sent orders can be received.")
    of_order = {line.pk: line for line in order.lines.select_related("product")}
    _check(order, of_order, arrived)
    received = [of_order[line_id] for line_id in sorted(arrived)]
    for line in received:
        line.received_units += arrived[line.pk]
    Receipt.objects.bulk_create(
        Receipt(
            line=line,
            units=arrived[line.pk],
            received_on=clock.business_date(now, order.store.zone),
            received_by=actor,
            idempotency_key=_receipt_key(order, idempotency_key, line.pk),
        )
        for line in received
    )
    PurchaseOrderLine.objects.bulk_update(received, ["received_units"])
    _record(order, received, arrived, key=idempotency_key, actor=actor, now=now)
    return _new_state(order, of_order.values(), units=sum(arrived.values()), actor=actor, now=now)


def _is_repeat(order: PurchaseOrder, arrived: Mapping[int, int], key: str) -> bool:
    if not key:
        raise ValidationError({"idempotency_key": "Give a key, so that a repeated request is booked once."})
    prefix = _receipt_key(order, key, "")
    booked = dict(
        Receipt.objects.filter(line__purchase_order=order, idempotency_key__startswith=prefix).values_list(
            "line_id", "units"
        )
    )
    if booked and booked != dict(arrived):
        raise Conflict(f"This delivery of {order.number} is booked already, with other units; look at the order again.")
    return bool(booked)


def _check(order: PurchaseOrder, of_order: Mapping[int, PurchaseOrderLine], arrived: Mapping[int, int]) -> None:
    problems = []
    for line_id, units in sorted(arrived.items()):
        line = of_order.get(line_id)
        if line is None:
            problems.append(f"Line {line_id} is not a line of {order.number}.")
        elif units < 0:
            problems.append(f"{line.product.sku}: {units:,} units cannot arrive; correct the stock by a count instead.")
        elif line.received_units + units > line.ordered_units * OVER_DELIVERY_FACTOR:
            problems.append(
                f"{line.product.sku}: {line.received_units + units:,} units would have arrived of {line.ordered_units:,} "
                f"ordered; at most {line.ordered_units * OVER_DELIVERY_FACTOR:,} are accepted."
            )
    if not arrived:
        problems.append("Give the units that arrived of at least one line.")
    if problems:
        raise ValidationError({"lines": problems})


def _record(
    order: PurchaseOrder,
    received: Sequence[PurchaseOrderLine],
    arrived: Mapping[int, int],
    *,
    key: str,
    actor: User,
    now: datetime,
) -> None:
    record_movements(
        [
            Movement(
                store_id=order.store_id,
                product_id=line.product_id,
                movement_type=RECEIPT,
                quantity=arrived[line.pk],
                occurred_at=now,
                business_date=clock.business_date(now, order.store.zone),
                idempotency_key=_receipt_key(order, key, line.pk),
                unit_price=line.unit_cost,
                reference=order.number,
            )
            for line in received
        ],
        source="purchase order",
        now=now,
        recorded_by=actor.get_username(),
    )


def _new_state(
    order: PurchaseOrder, lines: Iterable[PurchaseOrderLine], *, units: int, actor: User, now: datetime
) -> PurchaseOrder:
    is_complete = not any(line.open_units for line in lines)
    return move_order(
        order,
        verb="received",
        come_from=[Status.SENT, Status.PARTLY_RECEIVED],
        version=None,  # the row lock above is the guard: a delivery is a fact, whatever was on the page
        note=log_line(f"{name_of(actor)} received {in_units(units)}", now=now),
        status=Status.RECEIVED if is_complete else Status.PARTLY_RECEIVED,
        closed_at=now if is_complete else None,
    )


def _receipt_key(order: PurchaseOrder, key: str, line_id: int | str) -> str:
    """A key of bounded length that is the request's own: order, request, line."""
    return f"receipt:{order.pk}:{hashlib.sha256(key.encode()).hexdigest()[:32]}:{line_id}"
