"""Approve, close and cancel: the steps that move no stock and send no mail."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from inventory.models import PurchaseOrder, PurchaseOrderLine
from inventory.querysets.scope import StoreScope
from inventory.services.alerts import close_alerts
from inventory.services.documents import move_document
from inventory.services.errors import Conflict
from inventory.services.locking import in_one_transaction
from inventory.services.people import in_units, log_line, name_of
from inventory.services.purchasing.orders import MailState, Status, lock_order

CloseReason = PurchaseOrderLine.CloseReason


@in_one_transaction
def approve_order(
    *, order_id: int, actor: User, now: datetime, version: int | None = None, scope: StoreScope | None = None
) -> PurchaseOrder:
    """Freeze a draft: its lines can no longer be changed, and it may be sent."""
    order = lock_order(order_id, actor=actor, scope=scope)
    if order.status == Status.DRAFT and not order.lines.exists():
        raise ValidationError({"lines": f"{order.number} has no lines; there is nothing to approve."})
    return move_document(
        order,
        verb="approved",
        come_from=[Status.DRAFT],
        version=version,
        note=log_line(f"{name_of(actor)} approved it", now=now),
        status=Status.APPROVED,
    )


@in_one_transaction
def close_order(
    *,
    order_id: int,
    actor: User,
    now: datetime,
    reason: str = CloseReason.SHORT,
    version: int | None = None,
    scope: StoreScope | None = None,
) -> PurchaseOrder:
    """End a partly received order: what is still open will not come, for ``reason``, and is no longer on order."""
    if reason not in CloseReason.values:
        raise ValidationError({"reason": f"“{reason}” is no reason to close an order."})
    order = lock_order(order_id, actor=actor, scope=scope)
    lines = list(order.lines.all())
    missing = cancel_rest((line, reason) for line in lines)
    order = move_document(
        order,
        verb="closed short",
        come_from=[Status.PARTLY_RECEIVED],
        version=version,
        note=log_line(f"{name_of(actor)} closed it {in_units(missing)} short: {_in_words(reason)}", now=now),
        status=Status.RECEIVED,
        closed_at=now,
    )
    PurchaseOrderLine.objects.bulk_update(lines, ["cancelled_units", "close_reason"])
    return order


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
    order = lock_order(order_id, actor=actor, scope=scope)
    if order.status == Status.PARTLY_RECEIVED:
        raise Conflict(f"{order.number} is partly received: close it, which keeps what came.")
    because = f": {reason.strip()}" if reason.strip() else ""
    order = move_document(
        order,
        verb="cancelled",
        come_from=[Status.DRAFT, Status.APPROVED, Status.SENT],
        version=version,
        note=log_line(f"{name_of(actor)} cancelled it{because}", now=now),
        status=Status.CANCELLED,
        closed_at=now,
    )
    PurchaseOrder.objects.filter(pk=order.pk, mail_state=MailState.WAITING).update(mail_state=MailState.NOT_ASKED)
    close_alerts([f"mail:{order.pk}"], now=now)
    return order


def cancel_rest(lines: Iterable[tuple[PurchaseOrderLine, str]]) -> int:
    """Take what is still open of each line off order for its reason (empty: leave it); the units. Saves nothing."""
    cancelled = 0
    for line, reason in lines:
        if reason and (rest := line.open_units):
            line.cancelled_units += rest
            line.close_reason = reason
            cancelled += rest
    return cancelled


def final_status(lines: Iterable[PurchaseOrderLine]) -> Status:
    """Where a sent order with these lines stands: an order of which all was closed and nothing came is cancelled."""
    lines = list(lines)
    has_come = any(line.received_units for line in lines)
    if any(line.open_units for line in lines):
        return Status.PARTLY_RECEIVED if has_come else Status.SENT
    return Status.RECEIVED if has_come else Status.CANCELLED


def _in_words(reason: str) -> str:
    label = str(CloseReason(reason).label)
    return label[0].lower() + label[1:]
