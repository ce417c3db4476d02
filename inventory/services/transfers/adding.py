"""Approved proposals become lines of draft transfers: one draft per pair of stores, as one van drives."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import CharField, F, Value
from django.db.models.functions import Cast, Concat

from inventory.models import StockTransfer, StockTransferLine
from inventory.querysets.scope import StoreScope
from inventory.services.locking import in_one_transaction
from inventory.services.people import log_line, name_of
from inventory.services.transfers.drafts import TransferItem, added_up
from inventory.services.transfers.ends import Status, require_an_end

Ends = tuple[int, int]
"""The ids of the sending and of the receiving store."""


@in_one_transaction
def add_to_draft_transfers(
    *, wanted: Mapping[Ends, Sequence[TransferItem]], actor: User, now: datetime, scope: StoreScope | None = None
) -> dict[tuple[int, int, int], StockTransferLine]:
    """Add items to the oldest open draft of each pair of stores, made if there is none, in a constant number of queries.

    Returns the line of each (sending store id, receiving store id, product id). A product that the draft has already gets
    the units added. Two calls at once may each make a draft; both are good, and people may send either.
    """
    units = {ends: added_up(items) for ends, items in wanted.items()}
    for sender, receiver in wanted:
        require_an_end(sender, receiver, actor=actor, scope=scope)
    drafts = _open_drafts(wanted)
    missing = [ends for ends in wanted if ends not in drafts]
    if missing:
        batch = _create_drafts(missing, actor=actor, now=now)
        made = StockTransfer.objects.filter(number__startswith=f"{batch}-")
        made.update(number=Concat(Value("TR-"), Cast("pk", CharField()), output_field=CharField()))
        drafts |= _open_drafts(missing)
    _write_lines(drafts, units)
    StockTransfer.objects.filter(pk__in=[draft.pk for draft in drafts.values()]).update(version=F("version") + 1)
    lines = StockTransferLine.objects.filter(transfer__in=drafts.values()).select_related("transfer")
    found = {(line.transfer.from_store_id, line.transfer.to_store_id, line.product_id): line for line in lines}
    return {(*ends, product_id): found[(*ends, product_id)] for ends, items in units.items() for product_id in items}


def _open_drafts(wanted: Mapping[Ends, object] | Sequence[Ends]) -> dict[Ends, StockTransfer]:
    """The oldest open draft of each pair, locked."""
    rows = StockTransfer.objects.select_for_update().filter(
        status=Status.DRAFT,
        from_store__in={sender for sender, _ in wanted},
        to_store__in={receiver for _, receiver in wanted},
    )
    drafts: dict[Ends, StockTransfer] = {}
    for draft in rows.order_by("pk"):
        ends = (draft.from_store_id, draft.to_store_id)
        if ends in wanted:
            drafts.setdefault(ends, draft)
    return drafts


def _create_drafts(places: Sequence[Ends], *, actor: User, now: datetime) -> str:
    batch = uuid.uuid4().hex[:20]
    begun = log_line(f"{name_of(actor)} began this transfer by approving proposals", now=now)
    StockTransfer.objects.bulk_create(
        StockTransfer(
            number=f"{batch}-{place}", from_store_id=ends[0], to_store_id=ends[1], created_by=actor, notes=f"{begun}\n"
        )
        for place, ends in enumerate(places)
    )
    return batch


def _write_lines(drafts: Mapping[Ends, StockTransfer], units: Mapping[Ends, Mapping[int, int]]) -> None:
    present = {
        (line.transfer_id, line.product_id): line
        for line in StockTransferLine.objects.filter(transfer__in=drafts.values())
    }
    fresh, touched = [], []
    for ends, items in units.items():
        for product_id, quantity in sorted(items.items()):
            line = present.get((drafts[ends].pk, product_id))
            if line is None:
                fresh.append(StockTransferLine(transfer=drafts[ends], product_id=product_id, units=quantity))
            else:
                line.units += quantity
                touched.append(line)
    StockTransferLine.objects.bulk_create(fresh)
    StockTransferLine.objects.bulk_update(touched, ["units"])
