"""Sending an order to its supplier: the order is marked first, the mail goes out after the commit."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from invencare.lib import clock
from inventory.models import PurchaseOrder, SupplierItem
from inventory.querysets.scope import StoreScope
from inventory.services.documents import move_document
from inventory.services.errors import Conflict
from inventory.services.locking import in_one_transaction
from inventory.services.people import log_line, name_of
from inventory.services.purchasing.mailing import mail_soon
from inventory.services.purchasing.orders import MailState, Status, lock_order

USUAL_LEAD_TIME_DAYS = Decimal(7)
"""Expected for products that the supplier's list does not hold."""


@in_one_transaction
def send_order(
    *, order_id: int, actor: User, now: datetime, version: int | None = None, scope: StoreScope | None = None
) -> PurchaseOrder:
    """Mark an approved order as sent, with its order and expected date, and mail it to the supplier.

    The mail goes out after the commit; ``mail_state`` and a line of the notes say what became of it. A failure leaves
    the order sent, to be mailed again with ``resend_order``.
    """
    order = lock_order(order_id, actor=actor, scope=scope)
    today = clock.business_date(now, order.store.zone)
    order = move_document(
        order,
        verb="sent",
        come_from=[Status.APPROVED],
        version=version,
        note=log_line(f"{name_of(actor)} sent it", now=now),
        status=Status.SENT,
        sent_at=now,
        order_date=today,
        expected_date=today + timedelta(days=_lead_time_days(order)),
        mail_state=MailState.WAITING,
        mail_at=now,
    )
    transaction.on_commit(lambda: mail_soon(order, now=now), robust=True)
    return order


@in_one_transaction
def resend_order(
    *, order_id: int, actor: User, now: datetime, idempotency_key: str = "", scope: StoreScope | None = None
) -> PurchaseOrder:
    """Mail a sent order to its supplier once more; its dates stay.

    The same key again, and a request while a mail is on its way, change nothing: nobody mails an order twice by
    pressing twice.
    """
    order = lock_order(order_id, actor=actor, scope=scope)
    if order.status not in {Status.SENT, Status.PARTLY_RECEIVED}:
        raise Conflict(f"{order.number} is {order.get_status_display().lower()}; only sent orders are mailed again.")
    if not order.supplier.email:
        raise ValidationError({"supplier": f"{order.supplier} has no e-mail address."})
    is_repeat = bool(idempotency_key) and idempotency_key == order.mail_key
    if is_repeat or order.mail_state in {MailState.WAITING, MailState.SENDING}:
        return order
    order.mail_state, order.mail_at, order.mail_key = MailState.WAITING, now, idempotency_key[:100]
    order.save(update_fields=["mail_state", "mail_at", "mail_key"])
    transaction.on_commit(lambda: mail_soon(order, now=now), robust=True)
    return order


def _lead_time_days(order: PurchaseOrder) -> int:
    """Whole days until the slowest line is expected, as the supplier states it: what on-time is measured against."""
    listed = SupplierItem.objects.filter(supplier_id=order.supplier_id, product__in=order.lines.values("product_id"))
    slowest: Decimal | None = listed.aggregate(slowest=Max("lead_time_days"))["slowest"]
    return math.ceil(USUAL_LEAD_TIME_DAYS if slowest is None else slowest)
