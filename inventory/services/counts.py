"""What people correct in the stock by hand: adjustments by a signed change, counts to what is there."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError

from invencare.lib import clock
from inventory.calc.movements import ADJUSTMENT, COUNT, Movement
from inventory.models import InventoryTransaction, Product, Store
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.ledger import record_movements

MOST_UNITS = 1_000_000_000
"""More units than this is a slip of the keyboard, and is refused."""

LONGEST_REASON = 200


def adjust_stock(
    *,
    store: Store,
    product: Product,
    change: int,
    reason: str,
    actor_name: str,
    now: datetime,
    idempotency_key: str | None = None,
    scope: StoreScope | None = None,
) -> InventoryTransaction:
    """Change the stock by ``change`` units, up or down, and say why; the stock may go below nothing.

    The same key again returns the first row. Raises ``ValidationError`` for no change, no reason, or too many
    units; ``PermissionDenied`` where a ``scope`` is given that does not open the store.
    """
    if change == 0 or abs(change) > MOST_UNITS:
        raise ValidationError({"change": f"Give a change of 1 to {MOST_UNITS:,} units, up or down."})
    return _record(
        ADJUSTMENT,
        change,
        store=store,
        product=product,
        reason=reason,
        actor_name=actor_name,
        now=now,
        idempotency_key=idempotency_key,
        scope=scope,
    )


def count_stock(
    *,
    store: Store,
    product: Product,
    counted_units: int,
    reason: str,
    actor_name: str,
    now: datetime,
    idempotency_key: str | None = None,
    scope: StoreScope | None = None,
) -> InventoryTransaction:
    """Set the stock to what was counted, and say why. From its first count on a level is tracked.

    Raises as ``adjust_stock`` does; a count cannot be negative.
    """
    if not 0 <= counted_units <= MOST_UNITS:
        raise ValidationError({"counted_units": f"Give the units that are there: 0 to {MOST_UNITS:,}."})
    return _record(
        COUNT,
        counted_units,
        store=store,
        product=product,
        reason=reason,
        actor_name=actor_name,
        now=now,
        idempotency_key=idempotency_key,
        scope=scope,
    )


def _record(
    movement_type: str,
    quantity: int,
    *,
    store: Store,
    product: Product,
    reason: str,
    actor_name: str,
    now: datetime,
    idempotency_key: str | None,
    scope: StoreScope | None,
) -> InventoryTransaction:
    if scope is not None and not scope.allows(store.pk):
        raise PermissionDenied("This store is not one of yours.")
    why = reason.strip()
    if not why or len(why) > LONGEST_REASON:
        raise ValidationError({"reason": f"Say why, in at most {LONGEST_REASON} characters."})
    key = idempotency_key or f"{movement_type}:{uuid.uuid4().hex}"
    record_movements(
        [
            Movement(
                store_id=store.pk,
                product_id=product.pk,
                movement_type=movement_type,
                quantity=quantity,
                occurred_at=now,
                business_date=clock.business_date(now, store.zone),
                idempotency_key=key,
                reason=why,
            )
        ],
        source="stock work",
        now=now,
        recorded_by=actor_name,
    )
    row: InventoryTransaction = InventoryTransaction.objects.get(idempotency_key=key)
    if (row.store_id, row.product_id, row.movement_type) != (store.pk, product.pk, movement_type):
        raise Conflict("This idempotency key belongs to another movement.")
    return row
