"""Approve, close and cancel: the steps that move no stock and send no mail."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from inventory.models import PurchaseOrder
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.locking import in_one_transaction
from inventory.services.people import in_units, log_line, name_of
from inventory.services.purchasing.orders import Status, get_order, lock_order, move_order


@in_one_transaction
def approve_order(
    *, order_id: int, actor: User, now: datetime, version: int | None = None, scope: StoreScope | None = None
) -> PurchaseOrder:
    """Freeze a draft: its lines can no longer be changed, and it may be sent."""
    order = lock_order(order_id, actor=actor, scope=scope)
    if order.status == Status.DRAFT and not order.lines.exists():
        raise ValidationError({"lines": f"{order.number} has no lines; there is nothing to approve."})
    return move_order(
        order,
        verb="approved",
        come_from=[Status.DRAFT],
        version=version,
        note=log_line(f"{name_of(actor)} approved it", now=now),
        status=Status.APPROVED,
    )


@in_one_transaction
def close_order(
    *, order_id: int, actor: User, now: datetime, version: int | None = None, scope: StoreScope | None = None
) -> PurchaseOrder:
    """End a partly received order short: what is still open will not come."""
    order = lock_order(order_id, actor=actor, scope=scope)
    missing = sum(line.open_units for line in order.lines.all())
    return move_order(
        order,
        verb="closed short",
        come_from=[Status.PARTLY_RECEIVED],
        version=version,
        note=log_line(f"{name_of(actor)} closed it {in_units(missing)} short", now=now),
        status=Status.RECEIVED,
        closed_at=now,
    )


@in_one_transaction
def cancel_order(
    *,
    order_id: int,
    actor: User,
    now: datetime,
    reason: str = "",
    version: int | None = None,
    scope: StoreScope | None = None,
) -> PurchaseOrder:
    """Give up an order of which nothing was received; one of which something was is closed instead."""
    order = get_order(order_id, actor=actor, scope=scope)
    if order.status == Status.PARTLY_RECEIVED:
        raise Conflict(f"{order.number} is partly received: close it, which keeps what came.")
    because = f": {reason.strip()}" if reason.strip() else ""
    return move_order(
        order,
        verb="cancelled",
        come_from=[Status.DRAFT, Status.APPROVED, Status.SENT],
        version=version,
        note=log_line(f"{name_of(actor)} cancelled it{because}", now=now),
        status=Status.CANCELLED,
        closed_at=now,
    )
