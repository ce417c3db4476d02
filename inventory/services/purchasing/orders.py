"""What every step on a purchase order shares: who may touch it, and its row lock."""

from __future__ import annotations

from django.contrib.auth.models import User

from inventory.models import PurchaseOrder
from inventory.querysets.scope import StoreScope
from inventory.services.locking import lock_rows
from inventory.services.people import require_store

Status = PurchaseOrder.Status
MailState = PurchaseOrder.MailState


def get_order(order_id: int, *, actor: User, scope: StoreScope | None) -> PurchaseOrder:
    """The order with its store and supplier; raises ``DoesNotExist``, or ``PermissionDenied`` for another's store."""
    order: PurchaseOrder = PurchaseOrder.objects.select_related("store", "supplier").get(pk=order_id)
    require_store(order.store_id, actor=actor, scope=scope)
    return order


def lock_order(order_id: int, *, actor: User, scope: StoreScope | None) -> PurchaseOrder:
    """``get_order`` with the order's row locked until the transaction ends."""
    lock_rows(PurchaseOrder, [order_id])
    return get_order(order_id, actor=actor, scope=scope)
