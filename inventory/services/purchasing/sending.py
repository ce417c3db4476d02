"""Sending an order to its supplier: the order is marked first, the mail goes out after the commit."""

from __future__ import annotations

import csv
import io
import math
from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Max

from invencare.lib import clock
from inventory.models import PurchaseOrder, SupplierItem
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.locking import in_one_transaction
from inventory.services.people import log_line, name_of
from inventory.services.purchasing.orders import Status, appended, get_order, lock_order, move_order

MAIL_TIMEOUT_SECONDS = 10
USUAL_LEAD_TIME_DAYS = Decimal(7)
"""Expected for products that the supplier's list does not hold."""


@in_one_transaction
def send_order(
    *, order_id: int, actor: User, now: datetime, version: int | None = None, scope: StoreScope | None = None
) -> PurchaseOrder:
    """Mark an approved order as sent, with its order and expected date, and mail it to the supplier.

    The mail goes out after the commit. Whether it did is a line of the order's notes; a failure leaves the order
    sent, to be mailed again with ``resend_order``.
    """
    order = lock_order(order_id, actor=actor, scope=scope)
    today = clock.business_date(now, order.store.zone)
    order = move_order(
        order,
        verb="sent",
        come_from=[Status.APPROVED],
        version=version,
        note=log_line(f"{name_of(actor)} sent it", now=now),
        status=Status.SENT,
        sent_at=now,
        order_date=today,
        expected_date=today + timedelta(days=_lead_time_days(order)),
    )
    transaction.on_commit(lambda: _mail_order(order, now=now), robust=True)
    return order


def resend_order(*, order_id: int, actor: User, now: datetime, scope: StoreScope | None = None) -> PurchaseOrder:
    """Mail a sent order to its supplier once more; its dates stay."""
    order = get_order(order_id, actor=actor, scope=scope)
    if order.status not in {Status.SENT, Status.PARTLY_RECEIVED}:
        raise Conflict(f"{order.number} is {order.get_status_display().lower()}; only sent orders are mailed again.")
    if not order.supplier.email:
        raise ValidationError({"supplier": f"{order.supplier} has no e-mail address."})
    transaction.on_commit(lambda: _mail_order(order, now=now), robust=True)
    return order


def order_csv(order: PurchaseOrder) -> str:
    """The order as the supplier gets it: one row per line. Cells that a spreadsheet would run are made text."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["order", "store", "sku", "product", "barcode", "units", "unit cost", "line total", "currency"])
    for line in order.lines.select_related("product").order_by("product__sku"):
        product = line.product
        names = [order.number, order.store.code, product.sku, product.name, product.barcode]
        writer.writerow(
            [*map(_inert, names), line.ordered_units, line.unit_cost, line.line_total, _inert(order.store.currency)]
        )
    return text.getvalue()


def _mail_order(order: PurchaseOrder, *, now: datetime) -> None:
    """Send the mail and write into the notes what became of it; ``order`` carries the new notes afterwards."""
    address = order.supplier.email
    if not address:
        outcome = f"not mailed: {order.supplier} has no e-mail address; send the CSV yourself"
    else:
        try:
            _message(order).send()
        except OSError as problem:  # every SMTP and socket failure
            outcome = f"mail to {address} failed ({type(problem).__name__}); mail it again"
        else:
            outcome = f"mailed to {address}"
    PurchaseOrder.objects.filter(pk=order.pk).update(notes=appended(log_line(outcome, now=now)))
    order.refresh_from_db(fields=["notes"])


def _message(order: PurchaseOrder) -> EmailMessage:
    units = sum(line.ordered_units for line in order.lines.all())
    message = EmailMessage(
        subject=f"Purchase order {order.number} for {order.store.name}".replace("\n", " ").replace("\r", " "),
        body=(
            f"Dear {order.supplier.name},\n\n"
            f"please deliver the {units:,} units of the attached order {order.number} to {order.store.name} "
            f"({order.store.code}), if you can by {order.expected_date}.\n\nKind regards"
        ),
        to=[order.supplier.email],
        connection=get_connection(timeout=MAIL_TIMEOUT_SECONDS),
    )
    message.attach(f"{order.number}.csv", order_csv(order), "text/csv")
    return message


def _lead_time_days(order: PurchaseOrder) -> int:
    """Whole days until the slowest line is expected."""
    listed = SupplierItem.objects.filter(supplier_id=order.supplier_id, product__in=order.lines.values("product_id"))
    slowest: Decimal | None = listed.aggregate(slowest=Max("lead_time_days"))["slowest"]
    return math.ceil(USUAL_LEAD_TIME_DAYS if slowest is None else slowest)


def _inert(value: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
