"""Draft transfers: what somebody of either store asks for, and edits until it is approved."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat

from inventory.models import Product, StockTransfer, StockTransferLine, Store
from inventory.querysets.scope import StoreScope
from inventory.services.documents import move_document
from inventory.services.locking import in_one_transaction
from inventory.services.people import log_line, name_of
from inventory.services.transfers.ends import Status, lock_transfer, require_an_end

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
    require_an_end(from_store.pk, to_store.pk, actor=actor, scope=scope)
    if from_store.pk == to_store.pk:
        raise ValidationError({"to_store": "A transfer goes from one store to another."})
    units = added_up(items)
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
def change_transfer_lines(
    *,
    transfer_id: int,
    units: Mapping[int, int],
    actor: User,
    now: datetime,
    version: int | None = None,
    scope: StoreScope | None = None,
) -> StockTransfer:
    """Set the units of lines of a draft, by line id; 0 takes the line out."""
    transfer = lock_transfer(transfer_id)
    require_an_end(transfer.from_store_id, transfer.to_store_id, actor=actor, scope=scope)
    lines = {line.pk: line for line in transfer.lines.all()}
    problems = [f"Line {pk} is not a line of {transfer.number}." for pk in sorted(set(units) - set(lines))]
    problems += [
        f"Move 1 to {MOST_UNITS:,} units of a product, not {given:,}."
        for given in units.values()
        if not 0 <= given <= MOST_UNITS
    ]
    if problems:
        raise ValidationError({"lines": problems})
    changed = [line for pk, line in lines.items() if pk in units and units[pk] != line.units]
    transfer = move_document(
        transfer,
        verb="changed",
        come_from=[Status.DRAFT],
        version=version,
        note=log_line(f"{name_of(actor)} changed {len(changed)} lines", now=now),
    )
    kept = [line for line in changed if units[line.pk]]
    for line in kept:
        line.units = units[line.pk]
    StockTransferLine.objects.bulk_update(kept, ["units"])
    transfer.lines.filter(pk__in=[line.pk for line in changed if not units[line.pk]]).delete()
    return transfer


def added_up(items: Sequence[TransferItem]) -> dict[int, int]:
    units: dict[int, int] = {}
    for item in items:
        if not 0 < item.units <= MOST_UNITS:
            raise ValidationError({"lines": f"Move 1 to {MOST_UNITS:,} units of a product, not {item.units:,}."})
        units[item.product_id] = units.get(item.product_id, 0) + item.units
    if not units:
        raise ValidationError({"lines": "Give at least one product with its units."})
    return units
