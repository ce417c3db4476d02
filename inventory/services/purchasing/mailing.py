"""The e-mail of an order: from a row that waits for it, claimed by one process, with its outcome on the row.

At most once a request: a process that is killed while it mails leaves the row *being sent*, and nobody knows whether
the supplier has it. ``mail_waiting_orders`` then says so and leaves the second mail to a person.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from string import Template

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.formats import date_format, number_format

from invencare.lib.enqueue import enqueue
from inventory.models import Alert, PurchaseOrder
from inventory.models.company import our_company
from inventory.services.alerts import NewAlert, close_alerts, open_alerts
from inventory.services.documents import appended
from inventory.services.people import log_line, name_of
from inventory.services.purchasing.orders import MailState, Status
from inventory.services.purchasing.papers import order_csv, order_pdf, order_sheet

MAIL_TIMEOUT_SECONDS = 10
MAIL_JOB = "inventory.tasks.mail_order"
LEFT_BEHIND_AFTER = timedelta(minutes=10)
STOPPED = "the mail could not be made; the log says why"


def mail_soon(order: PurchaseOrder, *, now: datetime) -> None:
    """Mail an order that waits for it: by a worker where ``MAIL_BY_WORKER``, so that nobody waits for the mail server, else now.

    A broker that is away loses nothing: the job “Mail waiting orders” takes the order up.
    """
    if settings.MAIL_BY_WORKER:
        enqueue(MAIL_JOB, order.pk)
    else:
        mail_order(order, now=now)


def mail_one(*, order_id: int, now: datetime) -> None:
    """``mail_order`` by key; nothing where the order is gone or waits no more."""
    order = PurchaseOrder.objects.select_related("store", "supplier").filter(pk=order_id).first()
    if order is not None:
        mail_order(order, now=now)


def mail_order(order: PurchaseOrder, *, now: datetime) -> None:
    """Mail an order that waits for it, and write what became of it; ``order`` carries that afterwards."""
    waiting = PurchaseOrder.objects.filter(pk=order.pk, mail_state=MailState.WAITING).exclude(status=Status.CANCELLED)
    if not waiting.update(mail_state=MailState.SENDING, mail_at=now):
        return  # another process has it
    if not order.supplier.email:
        said = f"not mailed: {order.supplier} has no e-mail address; send the PDF or the CSV yourself"
        _write(order, MailState.NO_ADDRESS, said=said, now=now)
        return
    problem = STOPPED
    try:
        order_message(order).send()
    except OSError as error:  # every SMTP and socket failure
        problem = f"{type(error).__name__}: {error}"
    else:
        problem = ""
    finally:  # also when the message itself could not be made: the error goes on to the log
        _write_outcome(order, problem, now=now)


def mail_waiting_orders(*, now: datetime) -> int:
    """Mail what waits since before ``LEFT_BEHIND_AFTER``, and call failed what a killed process left half sent.

    Returns how many orders it took up. Safe to run beside itself and beside people who press *Send*.
    """
    due = now - LEFT_BEHIND_AFTER
    left = PurchaseOrder.objects.filter(mail_at__lte=due).select_related("store", "supplier").order_by("pk")
    taken = 0
    for order in left.filter(mail_state=MailState.SENDING):
        mine = PurchaseOrder.objects.filter(pk=order.pk, mail_state=MailState.SENDING, mail_at__lte=due)
        if mine.update(mail_at=now):
            _write_outcome(
                order, "interrupted; it may have reached the supplier: ask before you send it again", now=now
            )
            taken += 1
    for order in left.filter(mail_state=MailState.WAITING):
        mail_order(order, now=now)
        taken += 1
    return taken


def order_message(order: PurchaseOrder) -> EmailMessage:
    """The company's words about this order, with the order as PDF and as CSV."""
    company = our_company()
    sheet = order_sheet(order)
    words = {
        "order": order.number,
        "supplier": order.supplier.name,
        "store": order.store.name,
        "store_code": order.store.code,
        "lines": number_format(len(sheet.lines)),
        "units": number_format(sheet.units, force_grouping=True),
        "total": f"{number_format(sheet.total, 2, force_grouping=True)} {order.store.currency}",
        "expected": date_format(order.expected_date) if order.expected_date else "–",
        "company": company.name,
        "buyer": name_of(order.created_by) if order.created_by else "",
    }
    subject = Template(company.order_mail_subject).safe_substitute(words)
    message = EmailMessage(
        subject=" ".join(subject.split()),  # a header is one line
        body=Template(company.order_mail_body).safe_substitute(words),
        to=[order.supplier.email],
        reply_to=[company.email] if company.email else None,
        connection=get_connection(timeout=MAIL_TIMEOUT_SECONDS),
    )
    message.attach(f"{order.number}.pdf", order_pdf(order), "application/pdf")
    message.attach(f"{order.number}.csv", order_csv(order), "text/csv")
    return message


def _write_outcome(order: PurchaseOrder, problem: str, *, now: datetime) -> None:
    address = order.supplier.email
    cause = f"mail:{order.pk}"
    if not problem:
        _write(order, MailState.MAILED, said=f"mailed to {address}", now=now)
        close_alerts([cause], now=now)
        return
    kind = problem.partition(":")[0] if ": " in problem else problem
    _write(order, MailState.FAILED, said=f"mail to {address} failed ({kind}); send it again", problem=problem, now=now)
    alert = NewAlert(
        kind=Alert.Kind.MAIL_FAILED,
        severity=Alert.Severity.HIGH,
        message=f"{order.number} was not mailed to {order.supplier.name}: {problem}",
        cause_key=cause,
        store_id=order.store_id,
    )
    open_alerts([alert], now=now)


def _write(order: PurchaseOrder, state: MailState, *, said: str, now: datetime, problem: str = "") -> None:
    PurchaseOrder.objects.filter(pk=order.pk, mail_state=MailState.SENDING).update(
        mail_state=state, mail_at=now, mail_problem=problem[:300], notes=appended(log_line(said, now=now))
    )
    order.refresh_from_db(fields=["mail_state", "mail_at", "mail_problem", "notes"])
