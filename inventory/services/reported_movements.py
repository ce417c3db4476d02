"""Movements that a machine reports by the outside world's names: store codes, SKUs, customer codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from invencare.lib import clock
from inventory.calc.movements import Movement
from inventory.models import Customer, Product, Store
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Unknown
from inventory.services.ledger import History, Recorded, record_movements
from inventory.services.locking import in_chunks, retried

CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class ReportedMovement:
    """One movement in outside words; ``quantity`` as in ``Movement``, ``occurred_at`` None for now."""

    store_id: str
    product_id: str
    movement_type: str
    quantity: int
    occurred_at: datetime | None = None
    unit_price: Decimal | None = None
    customer_id: str = ""
    is_promotion: bool = False
    reference: str = ""
    reason: str = ""


def record_reported(
    *,
    reported: Sequence[ReportedMovement],
    scope: StoreScope,
    recorded_by: str,
    idempotency_key: str,
    now: datetime,
) -> Recorded:
    """Write the movements in their order, wholly or not at all; the same key again adds none.

    Raises ``Unknown`` naming every store (also of another's) and product that is not there, and
    ``ValidationError`` for a movement of the future. A customer code that is new makes the customer.
    """
    _refuse_future(reported, now=now)

    @transaction.atomic
    def write() -> Recorded:
        movements = _resolved(reported, scope=scope, idempotency_key=idempotency_key, now=now)
        return record_movements(movements, source="api", now=now, recorded_by=recorded_by, history=History.NEVER)

    return retried(write)


def _refuse_future(reported: Sequence[ReportedMovement], *, now: datetime) -> None:
    latest = now + CLOCK_TOLERANCE
    errors = {
        f"movements.{position}.occurred_at": "This lies in the future."
        for position, movement in enumerate(reported)
        if movement.occurred_at is not None and movement.occurred_at > latest
    }
    if errors:
        raise ValidationError(errors)


def _resolved(
    reported: Sequence[ReportedMovement], *, scope: StoreScope, idempotency_key: str, now: datetime
) -> list[Movement]:
    stores = _stores({movement.store_id for movement in reported}, scope)
    products = _products({movement.product_id for movement in reported})
    _refuse_unknown(reported, stores, products)
    customers = _customers({movement.customer_id for movement in reported} - {""})
    return [
        _movement(
            movement,
            store=stores[movement.store_id],
            product_id=products[movement.product_id],
            customer_id=customers.get(movement.customer_id),
            idempotency_key=f"{idempotency_key}:{position}",
            now=now,
        )
        for position, movement in enumerate(reported)
    ]


def _movement(
    reported: ReportedMovement,
    *,
    store: Store,
    product_id: int,
    customer_id: int | None,
    idempotency_key: str,
    now: datetime,
) -> Movement:
    occurred_at = reported.occurred_at or now
    return Movement(
        store_id=store.pk,
        product_id=product_id,
        movement_type=reported.movement_type,
        quantity=reported.quantity,
        occurred_at=occurred_at,
        business_date=clock.business_date(occurred_at, store.zone),
        idempotency_key=idempotency_key,
        unit_price=reported.unit_price,
        customer_id=customer_id,
        is_promotion=reported.is_promotion,
        reference=reported.reference,
        reason=reported.reason,
    )


def _stores(codes: Iterable[str], scope: StoreScope) -> dict[str, Store]:
    return {store.code: store for store in Store.objects.visible_to(scope).filter(code__in=list(codes))}


def _products(skus: Iterable[str]) -> dict[str, int]:
    return dict(Product.objects.filter(sku__in=list(skus)).values_list("sku", "pk"))


def _refuse_unknown(reported: Sequence[ReportedMovement], stores: dict[str, Store], products: dict[str, int]) -> None:
    unknown: dict[str, list[str]] = {}
    for position, movement in enumerate(reported):
        if movement.store_id not in stores:
            unknown[f"movements.{position}.store_id"] = [f"There is no store “{movement.store_id}” here."]
        if movement.product_id not in products:
            unknown[f"movements.{position}.product_id"] = [f"There is no product “{movement.product_id}”."]
    if unknown:
        raise Unknown(unknown)


def _customers(codes: set[str]) -> dict[str, int]:
    """Primary keys by code; a code that is new makes its customer, also when two requests bring it at once."""
    found = _customer_ids(codes)
    missing = sorted(codes - found.keys())
    if missing:
        Customer.objects.bulk_create([Customer(code=code) for code in missing], ignore_conflicts=True)
        found |= _customer_ids(set(missing))
    return found


def _customer_ids(codes: set[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in in_chunks(sorted(codes)):
        found.update(Customer.objects.filter(code__in=part).values_list("code", "pk"))
    return found
