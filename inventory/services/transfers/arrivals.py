"""What arrives of a transfer, in part or whole, and what never does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from invencare.lib import clock
from inventory.calc.movements import ADJUSTMENT, TRANSFER_IN, WRITE_OFF
from inventory.models import StockTransfer, StockTransferLine, TransferReceipt
from inventory.querysets.scope import StoreScope
from inventory.services.documents import accepted_units, effect_key, last_note, move_document
from inventory.services.errors import Conflict
from inventory.services.locking import in_one_transaction
from inventory.services.people import in_units, log_line, name_of
from inventory.services.transfers.ends import ON_THE_WAY, Moved, Status, lock_transfer, record, require_end


@in_one_transaction
def receive_transfer(
    *,
    transfer_id: int,
    lines: Mapping[int, int],
    idempotency_key: str,
    actor: User,
    now: datetime,
    scope: StoreScope | None = None,
) -> StockTransfer:
    """Book what arrived, as units by line id; what did not stays in transit until the transfer is closed.

    More than was dispatched is taken within ``OVER_DELIVERY_TOLERANCE``: the surplus enters as an adjustment, found in
    transit. The same key again changes nothing (``Conflict`` if it names other units). Raises ``ValidationError`` (field
    ``lines``) for unknown lines, negative units, nothing at all, or too much. Only the receiving store's people.
    """
    transfer = lock_transfer(transfer_id)
    require_end(transfer.to_store, "receives", actor=actor, scope=scope)
    arrived = {line_id: units for line_id, units in lines.items() if units}
    if _is_repeat(transfer, arrived, idempotency_key):
        return transfer
    if transfer.status not in ON_THE_WAY:
        state = transfer.get_status_display().lower()
        raise Conflict(
            f"{transfer.number} is {state}; only transfers in transit can be received. {last_note(transfer)}"
        )
    of_transfer = {line.pk: line for line in transfer.lines.select_related("product")}
    _check_arrival(transfer, of_transfer, arrived)
    moved, receipts = [], []
    for line_id, units in sorted(arrived.items()):
        line = of_transfer[line_id]
        key = effect_key(transfer, "arrival", idempotency_key, line_id)
        moved += _arrival(line, units, key=key)
        receipts.append(
            TransferReceipt(
                line=line,
                units=units,
                received_on=clock.business_date(now, transfer.to_store.zone),
                received_by=actor,
                idempotency_key=key,
            )
        )
        line.received_units += units
    TransferReceipt.objects.bulk_create(receipts)
    StockTransferLine.objects.bulk_update([of_transfer[line_id] for line_id in arrived], ["received_units"])
    record(transfer, transfer.to_store, moved, actor=actor, now=now)
    is_complete = not any(line.open_units for line in of_transfer.values())
    found = sum(movement.units for movement in moved if movement.movement_type == ADJUSTMENT)
    surplus = f" ({found:,} more than left)" if found else ""
    return move_document(
        transfer,
        verb="received",
        come_from=ON_THE_WAY,
        version=None,  # the row lock above is the guard: an arrival is a fact, whatever was on the page
        note=log_line(f"{name_of(actor)} received {in_units(sum(arrived.values()))}{surplus}", now=now),
        status=Status.RECEIVED if is_complete else Status.PARTLY_RECEIVED,
        closed_at=now if is_complete else None,
    )


@in_one_transaction
def close_transfer(
    *,
    transfer_id: int,
    actor: User,
    now: datetime,
    reason: str,
    version: int | None = None,
    scope: StoreScope | None = None,
) -> StockTransfer:
    """End a transfer of which nothing more will arrive: what is missing is written off, with the reason.

    The ledger books it as arrived and written off in one step, so that what left and what arrived always agree and the
    loss is where losses are looked for. Only the receiving store's people.
    """
    reason = reason.strip()
    if not reason:
        raise ValidationError({"reason": "Say why it did not arrive: lost, damaged, never loaded …"})
    transfer = lock_transfer(transfer_id)
    require_end(transfer.to_store, "receives", actor=actor, scope=scope)
    lines = [line for line in transfer.lines.select_related("product").order_by("pk") if line.open_units]
    missing = "; ".join(f"{line.open_units:,} of {line.product.sku}" for line in lines)
    transfer = move_document(
        transfer,
        verb="closed",
        come_from=ON_THE_WAY,
        version=version,
        note=log_line(f"{name_of(actor)} closed it, missing {missing}: {reason}", now=now),
        status=Status.RECEIVED,
        closed_at=now,
    )
    moved = []
    for line in lines:
        for movement_type in (TRANSFER_IN, WRITE_OFF):
            key = f"transfer:{transfer.pk}:lost:{line.pk}:{movement_type}"
            moved.append(Moved(movement_type, line.product_id, line.open_units, key, f"lost in transit: {reason}"))
        line.lost_units = line.open_units
    StockTransferLine.objects.bulk_update(lines, ["lost_units"])
    record(transfer, transfer.to_store, moved, actor=actor, now=now)
    return transfer


def _is_repeat(transfer: StockTransfer, arrived: Mapping[int, int], key: str) -> bool:
    if not key:
        raise ValidationError({"idempotency_key": "Give a key, so that a repeated request is booked once."})
    known = TransferReceipt.objects.filter(
        line__transfer=transfer, idempotency_key__startswith=effect_key(transfer, "arrival", key, "")
    )
    booked = dict(known.values_list("line_id", "units"))
    if booked and booked != arrived:
        raise Conflict(f"This arrival of {transfer.number} is booked already, with other units; look at it again.")
    return bool(booked)


def _check_arrival(
    transfer: StockTransfer, of_transfer: Mapping[int, StockTransferLine], arrived: Mapping[int, int]
) -> None:
    problems = []
    for line_id, units in sorted(arrived.items()):
        line = of_transfer.get(line_id)
        if line is None:
            problems.append(f"Line {line_id} is not a line of {transfer.number}.")
            continue
        most = max(accepted_units(line.units) - line.received_units, 0)
        if not 0 < units <= most:
            problems.append(f"{line.product.sku}: 0 to {most:,} units can arrive, not {units:,}.")
    if not arrived:
        problems.append("Give the units that arrived of at least one line; if none will, close the transfer.")
    if problems:
        raise ValidationError({"lines": problems})


def _arrival(line: StockTransferLine, units: int, *, key: str) -> list[Moved]:
    """What arrives of a line: up to what left it is a transfer, beyond that it was found."""
    sent = min(units, line.open_units)
    moved = [Moved(TRANSFER_IN, line.product_id, sent, key)] if sent else []
    if units > sent:
        moved.append(Moved(ADJUSTMENT, line.product_id, units - sent, f"{key}:found", "found in transit"))
    return moved
