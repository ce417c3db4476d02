"""Orders to suppliers, from the draft to the last delivery.

draft → approved → sent → partly received → received; what nothing was received of can be cancelled. Every step is
one conditional UPDATE on status and version, so that of two people who take it at once one is told.
"""

from inventory.services.purchasing.drafts import (
    OrderItem,
    add_to_draft_order,
    add_to_draft_orders,
    change_draft_lines,
    create_draft_order,
)
from inventory.services.purchasing.mailing import mail_one, mail_waiting_orders, order_message
from inventory.services.purchasing.papers import order_csv, order_pdf
from inventory.services.purchasing.receiving import Arrival, receive_order
from inventory.services.purchasing.sending import resend_order, send_order
from inventory.services.purchasing.steps import approve_order, cancel_order, close_order

__all__ = [
    "Arrival",
    "OrderItem",
    "add_to_draft_order",
    "add_to_draft_orders",
    "approve_order",
    "cancel_order",
    "change_draft_lines",
    "close_order",
    "create_draft_order",
    "mail_one",
    "mail_waiting_orders",
    "order_csv",
    "order_message",
    "order_pdf",
    "receive_order",
    "resend_order",
    "send_order",
]
