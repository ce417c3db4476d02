"""Stock from one store to another: draft → in transit → received. Dispatch takes it out, receipt puts it in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import CharField, F, TextField, Value
from django.db.models.functions import Cast, Concat

from invencare.lib import clock
from inventory.calc.movements import TRANSFER_IN, TRANSFER_OUT, Movement
from inventory.models import Product, StockTransfer, StockTransferLine, Store
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.ledger import record_movements
from inventory.services.locking import in_one_transaction, lock_rows
from inventory.services.people import log_line, name_of, scope_for

Status = StockTransfer.Status

MOST_UNITS = 10_000_000


@dataclass(frozen=True)
class TransferItem:
    """Units of one product to move."""

    product_id: int
    units: int


@in_one_transaction
def create_transfer(
    *,
    from_store: Store,
    to_store: Store,
    items: Sequence[TransferItem],
    actor: User,
    now: datetime,
    notes: str = "",
    scope: StoreScope | None = None,
) -> StockTransfer:
    """A draft, by somebody of either store. The same product twice is added up.

    Raises ``ValidationError`` for no items, units outside 1 to 10,000,000, or one store on both ends.
    """
    visible = scope_for(actor, scope)
    if not (visible.allows(from_store.pk) or visible.allows(to_store.pk)):
        raise PermissionDenied("Neither store is one of yours.")
    if from_store.pk == to_store.pk:
        raise ValidationError({"to_store": "A transfer goes from one store to another."})
    units = _added_up(items)
    begun = log_line(f"{name_of(actor)} began this transfer", now=now)
    transfer = StockTransfer.objects.create(
        number=uuid.uuid4().hex,
        from_store=from_store,
        to_store=to_store,
        created_by=actor,
        notes="".join(f"{line}\n" for line in (notes.strip(), begun) if line),
    )
    StockTransfer.objects.filter(pk=transfer.pk).update(
        number=Concat(Value("TR-"), Cast("pk", CharField()), output_field=CharField())
    )
    StockTransferLine.objects.bulk_create(
        StockTransferLine(transfer=transfer, product_id=product_id, units=quantity)
        for product_id, quantity in sorted(units.items())
    )
    transfer.refresh_from_db()
    return transfer


def create_transfer_by_sku(
    *,
    from_store: Store,
    to_store: Store,
    units_by_sku: Mapping[str, int],
    actor: User,
    now: datetime,
    notes: str = "",
    scope: StoreScope | None = None,
) -> StockTransfer:
    """``create_transfer`` as people type it; raises ``ValidationError`` (field ``lines``) naming unknown SKUs."""
    products = dict(Product.objects.filter(sku__in=units_by_sku).values_list("sku", "pk"))
    unknown = [f"“{sku}” is no product; use its SKU." for sku in units_by_sku if sku not in products]
    if unknown:
        raise ValidationError({"lines": unknown})
    items = [TransferItem(product_id=products[sku], units=units) for sku, units in units_by_sku.items()]
    return create_transfer(
        from_store=from_store, to_store=to_store, items=items, actor=actor, now=now, notes=notes, scope=scope
    )


@in_one_transaction
def dispatch_transfer(
    *, transfer_id: int, actor: User, now: datetime, version: int | None = None, scope: StoreScope | None = None
) -> StockTransfer:
    """Put a draft on its way: its units leave the sending store's stock. Only the sending store's people."""
    transfer = _locked(transfer_id)
    _require(transfer.from_store, "sends", actor=actor, scope=scope)
    transfer = _move(
        transfer,
        verb="dispatched",
        come_from=[Status.DRAFT],
        version=version,
        note=log_line(f"{name_of(actor)} dispatched it", now=now),
        status=Status.SENT,
        sent_at=now,
    )
    left = {line.product_id: line.units for line in transfer.lines.all()}
    _record(transfer, transfer.from_store, TRANSFER_OUT, left, actor=actor, now=now)
    return transfer


@in_one_transaction
def receive_transfer(
    *,
    transfer_id: int,
    lines: Mapping[int, int],
    actor: User,
    now: datetime,
    version: int | None = None,
    scope: StoreScope | None = None,
) -> StockTransfer:
    """Book what arrived, as units by line id, and end the transfer; a line left out arrived with nothing.

    What is missing stays out of both stores and is named in the notes. More than was dispatched is refused: the
    sending store's stock has to be counted first. A second receipt raises ``Conflict``. Only the receiving
    store's people.
    """
    transfer = _locked(transfer_id)
    _require(transfer.to_store, "receives", actor=actor, scope=scope)
    of_transfer = {line.pk: line for line in transfer.lines.select_related("product")}
    _check_arrival(transfer, of_transfer, lines)
    missing = _missing(of_transfer.values(), lines)
    transfer = _move(
        transfer,
        verb="received",
        come_from=[Status.SENT],
        version=version,
        note=log_line(f"{name_of(actor)} received it{missing}", now=now),
        status=Status.RECEIVED,
        closed_at=now,
    )
    for line in of_transfer.values():
        line.received_units = lines.get(line.pk, 0)
    StockTransferLine.objects.bulk_update(of_transfer.values(), ["received_units"])
    arrived = {line.product_id: line.received_units for line in of_transfer.values() if line.received_units}
    _record(transfer, transfer.to_store, TRANSFER_IN, arrived, actor=actor, now=now, reason=missing.lstrip(", "))
    return transfer


@in_one_transaction
def cancel_transfer(
    *, transfer_id: int, actor: User, now: datetime, version: int | None = None, scope: StoreScope | None = None
) -> StockTransfer:
    """Give up a draft; what is in transit is received instead."""
    transfer = _locked(transfer_id)
    visible = scope_for(actor, scope)
    if not (visible.allows(transfer.from_store_id) or visible.allows(transfer.to_store_id)):
        raise PermissionDenied("Neither store is one of yours.")
    return _move(
        transfer,
        verb="cancelled",
        come_from=[Status.DRAFT],
        version=version,
        note=log_line(f"{name_of(actor)} cancelled it", now=now),
        status=Status.CANCELLED,
        closed_at=now,
    )


def _added_up(items: Sequence[TransferItem]) -> dict[int, int]:
    units: dict[int, int] = {}
    for item in items:
        if not 0 < item.units <= MOST_UNITS:
            raise ValidationError({"lines": f"Move 1 to {MOST_UNITS:,} units of a product, not {item.units:,}."})
        units[item.product_id] = units.get(item.product_id, 0) + item.units
    if not units:
        raise ValidationError({"lines": "Give at least one product with its units."})
    return units


def _locked(transfer_id: int) -> StockTransfer:
    lock_rows(StockTransfer, [transfer_id])
    transfer: StockTransfer = StockTransfer.objects.select_related("from_store", "to_store").get(pk=transfer_id)
    return transfer


def _require(store: Store, what_it_does: str, *, actor: User, scope: StoreScope | None) -> None:
    if not scope_for(actor, scope).allows(store.pk):
        raise PermissionDenied(f"{store}, which {what_it_does} this transfer, is not one of your stores.")


def _move(
    transfer: StockTransfer, *, verb: str, come_from: Sequence[str], version: int | None, note: str, **changes: Any
) -> StockTransfer:
    rows = StockTransfer.objects.filter(pk=transfer.pk, status__in=come_from)
    if version is not None:
        rows = rows.filter(version=version)
    notes = Concat(F("notes"), Value(f"{note}\n"), output_field=TextField())
    moved = rows.update(version=F("version") + 1, notes=notes, **changes)
    transfer.refresh_from_db(fields=["status", "version", "notes", "sent_at", "closed_at"])
    if not moved:
        state = transfer.get_status_display().lower()
        last_step = transfer.notes.strip().rpartition("\n")[2]
        raise Conflict(f"{transfer.number} is {state}; it cannot be {verb} now. {last_step}".strip())
    return transfer


def _check_arrival(
    transfer: StockTransfer, of_transfer: Mapping[int, StockTransferLine], lines: Mapping[int, int]
) -> None:
    problems = []
    for line_id, units in sorted(lines.items()):
        line = of_transfer.get(line_id)
        if line is None:
            problems.append(f"Line {line_id} is not a line of {transfer.number}.")
        elif not 0 <= units <= line.units:
            problems.append(f"{line.product.sku}: 0 to {line.units:,} units can arrive, not {units:,}.")
    if problems:
        raise ValidationError({"lines": problems})


def _missing(lines: Iterable[StockTransferLine], arrived: Mapping[int, int]) -> str:
    """ ", missing 3 of SKU-1" for what did not arrive; empty when all did."""
    short = [
        f"{line.units - arrived.get(line.pk, 0):,} of {line.product.sku}"
        for line in lines
        if arrived.get(line.pk, 0) < line.units
    ]
    return f", missing {'; '.join(short)}" if short else ""


def _record(
    transfer: StockTransfer,
    store: Store,
    movement_type: str,
    units: Mapping[int, int],
    *,
    actor: User,
    now: datetime,
    reason: str = "",
) -> None:
    record_movements(
        [
            Movement(
                store_id=store.pk,
                product_id=product_id,
                movement_type=movement_type,
                quantity=quantity,
                occurred_at=now,
                business_date=clock.business_date(now, store.zone),
                idempotency_key=f"transfer:{transfer.pk}:{movement_type}:{product_id}",
                reference=transfer.number,
                reason=reason[:200],
            )
            for product_id, quantity in sorted(units.items())
        ],
        source="transfer",
        now=now,
        recorded_by=actor.get_username(),
    )
