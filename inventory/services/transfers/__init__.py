"""Stock from one store to another: draft → approved → in transit → partly received → received, or cancelled.

Dispatch takes it out of the one store's ledger, each receipt puts into the other's what arrived. Closing books what
never did, so that for every transfer that is over, what left, what arrived and what was written off add up.
"""

from inventory.services.transfers.adding import add_to_draft_transfers
from inventory.services.transfers.arrivals import close_transfer, receive_transfer
from inventory.services.transfers.drafts import (
    TransferItem,
    change_transfer_lines,
    create_transfer,
    create_transfer_by_sku,
)
from inventory.services.transfers.steps import approve_transfer, cancel_transfer, dispatch_transfer

__all__ = [
    "TransferItem",
    "add_to_draft_transfers",
    "approve_transfer",
    "cancel_transfer",
    "change_transfer_lines",
    "close_transfer",
    "create_transfer",
    "create_transfer_by_sku",
    "dispatch_transfer",
    "receive_transfer",
]
