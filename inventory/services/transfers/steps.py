"""Approve, dispatch and cancel a transfer."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from invencare.lib import clock
from inventory.calc.movements import TRANSFER_OUT
from inventory.models import StockTransfer
from inventory.querysets.scope import StoreScope
from inventory.services.documents import move_document
from inventory.services.locking import in_one_transaction
from inventory.services.people import log_line, name_of
from inventory.services.transfers.ends import Moved, Status, lock_transfer, record, require_an_end, require_end


@in_one_transaction
def approve_transfer(
    *, transfer_id: int, actor: User, now: datetime, version: int | None = None, scope: StoreScope | None = None
) -> StockTransfer:
    """Freeze a draft: its lines can no longer be changed, and it may leave. Only the sending store's people."""
    transfer = lock_transfer(transfer_id)
    require_end(transfer.from_store, "sends", actor=actor, scope=scope)
    if transfer.status == Status.DRAFT and not transfer.lines.exists():
        raise ValidationError({"lines": f"{transfer.number} has no lines; there is nothing to approve."})
    return move_document(
        transfer,
        verb="approved",
        come_from=[Status.DRAFT],
        version=version,
        note=log_line(f"{name_of(actor)} approved it", now=now),
        status=Status.APPROVED,
    )


@in_one_transaction
def dispatch_transfer(
    *,
    transfer_id: int,
    actor: User,
    now: datetime,
    expected_date: date | None = None,
    version: int | None = None,
    scope: StoreScope | None = None,
) -> StockTransfer:
    """Put an approved transfer on its way: its units leave the sending store's stock. Only that store's people.

    It is expected ``TRANSFER_DAYS`` later where no day is given; a day that is past is refused.
    """
    transfer = lock_transfer(transfer_id)
    require_end(transfer.from_store, "sends", actor=actor, scope=scope)
    today = clock.business_date(now, transfer.from_store.zone)
    if expected_date is not None and expected_date < today:
        raise ValidationError({"expected_date": f"{expected_date} is past."})
    transfer = move_document(
        transfer,
        verb="dispatched",
        come_from=[Status.APPROVED],
        version=version,
        note=log_line(f"{name_of(actor)} dispatched it", now=now),
        status=Status.SENT,
        sent_at=now,
        expected_date=expected_date or today + timedelta(days=settings.TRANSFER_DAYS),
    )
    left = [
        Moved(TRANSFER_OUT, line.product_id, line.units, key=f"transfer:{transfer.pk}:out:{line.pk}")
        for line in transfer.lines.order_by("pk")
    ]
    record(transfer, transfer.from_store, left, actor=actor, now=now)
    return transfer


@in_one_transaction
def cancel_transfer(
    *,
    transfer_id: int,
    actor: User,
    now: datetime,
    reason: str = "",
    version: int | None = None,
    scope: StoreScope | None = None,
) -> StockTransfer:
    """Give up what has not left yet; what is in transit is received, or closed."""
    transfer = lock_transfer(transfer_id)
    require_an_end(transfer.from_store_id, transfer.to_store_id, actor=actor, scope=scope)
    because = f": {reason.strip()}" if reason.strip() else ""
    return move_document(
        transfer,
        verb="cancelled",
        come_from=[Status.DRAFT, Status.APPROVED],
        version=version,
        note=log_line(f"{name_of(actor)} cancelled it{because}", now=now),
        status=Status.CANCELLED,
        closed_at=now,
    )
