"""What every step on a purchase order shares: who may touch it, its row lock, and the conditional UPDATE."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, TextField, Value
from django.db.models.functions import Concat

from inventory.models import PurchaseOrder
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.locking import lock_rows
from inventory.services.people import require_store

Status = PurchaseOrder.Status


def get_order(order_id: int, *, actor: User, scope: StoreScope | None) -> PurchaseOrder:
    """The order with its store and supplier; raises ``DoesNotExist``, or ``PermissionDenied`` for another's store."""
    order: PurchaseOrder = PurchaseOrder.objects.select_related("store", "supplier").get(pk=order_id)
    require_store(order.store_id, actor=actor, scope=scope)
    return order


def lock_order(order_id: int, *, actor: User, scope: StoreScope | None) -> PurchaseOrder:
    """``get_order`` with the order's row locked until the transaction ends."""
    lock_rows(PurchaseOrder, [order_id])
    return get_order(order_id, actor=actor, scope=scope)


def move_order(
    order: PurchaseOrder, *, verb: str, come_from: Sequence[str], version: int | None, note: str, **changes: Any
) -> PurchaseOrder:
    """Write ``changes`` if the order is still in one of ``come_from`` and, where given, at ``version``.

    Returns the order as it is now. Raises ``Conflict`` with what the order is now when somebody else was first.
    """
    rows = PurchaseOrder.objects.filter(pk=order.pk, status__in=come_from)
    if version is not None:
        rows = rows.filter(version=version)
    if not rows.update(version=F("version") + 1, notes=appended(note), **changes):
        order.refresh_from_db(fields=["status", "version", "notes"])
        raise Conflict(_why_not(order, verb=verb, come_from=come_from))
    order.refresh_from_db(fields=["status", "version", "notes", *changes])
    return order


def appended(note: str) -> Concat:
    """``notes`` with one more line, added by the database so that two writers keep both lines."""
    return Concat(F("notes"), Value(f"{note}\n"), output_field=TextField())


def _why_not(order: PurchaseOrder, *, verb: str, come_from: Sequence[str]) -> str:
    if order.status in come_from:
        return f"{order.number} was changed since you opened it; look at it again before it is {verb}."
    wanted = " or ".join(Status(status).label.lower() for status in come_from)
    last_step = order.notes.strip().rpartition("\n")[2]
    message = f"{order.number} is {order.get_status_display().lower()}; only {wanted} orders can be {verb}."
    return f"{message} {last_step}".strip()
