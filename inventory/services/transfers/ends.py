"""What every step of a transfer shares: whose ends it has, its row lock, and what it does to the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from invencare.lib import clock
from inventory.calc.movements import Movement
from inventory.models import StockTransfer, Store
from inventory.querysets.scope import StoreScope
from inventory.services.ledger import record_movements
from inventory.services.locking import lock_rows
from inventory.services.people import scope_for

Status = StockTransfer.Status
ON_THE_WAY = [Status.SENT, Status.PARTLY_RECEIVED]


@dataclass(frozen=True)
class Moved:
    """What one line of a transfer does to one store's ledger."""

    movement_type: str
    product_id: int
    units: int
    key: str
    reason: str = ""


def lock_transfer(transfer_id: int) -> StockTransfer:
    lock_rows(StockTransfer, [transfer_id])
    transfer: StockTransfer = StockTransfer.objects.select_related("from_store", "to_store").get(pk=transfer_id)
    return transfer


def require_end(store: Store, what_it_does: str, *, actor: User, scope: StoreScope | None) -> None:
    if not scope_for(actor, scope).allows(store.pk):
        raise PermissionDenied(f"{store}, which {what_it_does} this transfer, is not one of your stores.")


def require_an_end(*store_ids: int, actor: User, scope: StoreScope | None) -> None:
    visible = scope_for(actor, scope)
    if not any(visible.allows(store_id) for store_id in store_ids):
        raise PermissionDenied("Neither store is one of yours.")


def record(transfer: StockTransfer, store: Store, moved: Iterable[Moved], *, actor: User, now: datetime) -> None:
    record_movements(
        [
            Movement(
                store_id=store.pk,
                product_id=one.product_id,
                movement_type=one.movement_type,
                quantity=one.units,
                occurred_at=now,
                business_date=clock.business_date(now, store.zone),
                idempotency_key=one.key,
                reference=transfer.number,
                reason=one.reason[:200],
            )
            for one in moved
        ],
        source="transfer",
        now=now,
        recorded_by=actor.get_username(),
    )
