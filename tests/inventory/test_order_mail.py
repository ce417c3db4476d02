"""The e-mail of an order: once a request, never lost, and what went wrong is said where people look."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage

from invencare.celery import app
from inventory import tasks
from inventory.models import Alert, Company, PurchaseOrder
from inventory.models.company import validate_mail_text
from inventory.services.errors import Conflict
from inventory.services.purchasing import (
    OrderItem,
    add_to_draft_order,
    approve_order,
    cancel_order,
    mail_waiting_orders,
    resend_order,
    send_order,
)
from inventory.services.purchasing.mailing import mail_order
from tests.cast import NOW, Cast

Commit = Callable[..., Any]
LATER = NOW + timedelta(minutes=11)


@pytest.fixture
def approved(cast: Cast) -> PurchaseOrder:
    items = [OrderItem(cast.steady.pk, 1200, Decimal("3.00"))]
    order = add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)
    return approve_order(order_id=order.pk, actor=cast.buyer, now=NOW)


@pytest.fixture
def send(
    cast: Cast, approved: PurchaseOrder, django_capture_on_commit_callbacks: Commit
) -> Callable[[], PurchaseOrder]:
    def now() -> PurchaseOrder:
        with django_capture_on_commit_callbacks(execute=True):
            return send_order(order_id=approved.pk, actor=cast.buyer, now=NOW)

    return now


@contextmanager
def broken_mail(monkeypatch: pytest.MonkeyPatch, problem: Exception) -> Iterator[None]:
    def fail(self: EmailMessage, fail_silently: bool = False) -> int:
        raise problem

    with monkeypatch.context() as broken:
        broken.setattr(EmailMessage, "send", fail)
        yield


def resend(cast: Cast, order: PurchaseOrder, commit: Commit, key: str = "") -> PurchaseOrder:
    with commit(execute=True):
        return resend_order(order_id=order.pk, actor=cast.buyer, now=LATER, idempotency_key=key)


def test_the_words_are_the_companys(cast: Cast, send: Callable[[], PurchaseOrder]) -> None:
    Company.objects.create(
        name="Mercado Azul",
        email="answers@azul.example",
        order_mail_subject="Order $order\nfor $store_code",
        order_mail_body="$units units, $lines lines, $total, by $expected. $buyer, $company. $$5",
    )
    order = send()
    [message] = mail.outbox
    assert (message.subject, message.reply_to) == (f"Order {order.number} for N1", ["answers@azul.example"])
    assert message.body == "1,200 units, 1 lines, 3,600.00 GBP, by 21 Mar 2026. bo, Mercado Azul. $5"


def test_without_a_company_row_the_usual_words_go_out(cast: Cast, send: Callable[[], PurchaseOrder]) -> None:
    order = send()
    assert mail.outbox[0].body.startswith(
        f"Dear Acme Wholesale,\n\nplease deliver the 1,200 units of the attached order {order.number} to North (N1)"
    )
    assert mail.outbox[0].reply_to == []


@pytest.mark.parametrize("text", ["Order $nothing", "100 $", "${order", "$order.pk is fine but ${order.supplier}"])
def test_words_that_no_order_has_are_refused_before_they_are_kept(text: str) -> None:
    with pytest.raises(ValidationError):
        validate_mail_text(text)
    validate_mail_text("$order for $supplier at $$5 ${store}s")


def test_a_failure_is_on_the_order_and_among_the_alerts_until_it_is_mailed(
    cast: Cast,
    send: Callable[[], PurchaseOrder],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Commit,
) -> None:
    with broken_mail(monkeypatch, smtplib.SMTPRecipientsRefused({"orders@acme.example": (550, b"no such user")})):
        order = send()
    assert (order.status, order.mail_state) == ("sent", "failed")
    assert "no such user" in order.mail_problem
    alert = Alert.objects.get(closed_at=None)
    assert (alert.kind, alert.store, alert.severity) == ("mail_failed", cast.north, "high")
    resend(cast, order, django_capture_on_commit_callbacks)
    order.refresh_from_db()
    assert (order.mail_state, order.mail_problem, len(mail.outbox)) == ("mailed", "", 1)
    assert not Alert.objects.filter(closed_at=None).exists()


def test_a_mail_that_cannot_be_made_is_a_failure_too_and_the_error_goes_to_the_log(
    cast: Cast,
    send: Callable[[], PurchaseOrder],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with broken_mail(monkeypatch, ValueError("bad header")):
        send()
    order = PurchaseOrder.objects.get()
    assert (order.mail_state, order.mail_problem) == ("failed", "the mail could not be made; the log says why")
    assert "bad header" in caplog.text


def test_pressing_send_again_twice_mails_once(
    cast: Cast, send: Callable[[], PurchaseOrder], django_capture_on_commit_callbacks: Commit
) -> None:
    order = send()
    for _ in range(2):
        resend(cast, order, django_capture_on_commit_callbacks, key="page-1")
    assert len(mail.outbox) == 2  # the first, and one more
    resend(cast, order, django_capture_on_commit_callbacks, key="page-2")
    assert len(mail.outbox) == 3


def test_of_two_processes_that_mail_one_order_one_does(cast: Cast, approved: PurchaseOrder) -> None:
    """Both hold the row as waiting; the second finds it claimed."""
    PurchaseOrder.objects.filter(pk=approved.pk).update(status="sent", mail_state="waiting", mail_at=NOW)
    copies = [PurchaseOrder.objects.select_related("store", "supplier").get() for _ in range(2)]
    for copy in copies:
        mail_order(copy, now=NOW)
    assert len(mail.outbox) == 1


def test_while_a_mail_is_on_its_way_another_is_not_asked_for(
    cast: Cast, approved: PurchaseOrder, django_capture_on_commit_callbacks: Commit
) -> None:
    PurchaseOrder.objects.filter(pk=approved.pk).update(status="sent", mail_state="sending", mail_at=NOW)
    assert resend(cast, approved, django_capture_on_commit_callbacks).mail_state == "sending"
    assert mail.outbox == []


def test_what_a_stopped_process_left_waiting_is_mailed_once_it_is_old(cast: Cast, approved: PurchaseOrder) -> None:
    PurchaseOrder.objects.filter(pk=approved.pk).update(status="sent", mail_state="waiting", mail_at=NOW)
    assert (mail_waiting_orders(now=NOW + timedelta(minutes=9)), len(mail.outbox)) == (0, 0)
    assert (mail_waiting_orders(now=LATER), mail_waiting_orders(now=LATER), len(mail.outbox)) == (1, 0, 1)


def test_what_it_left_half_sent_is_called_failed_and_left_to_a_person(cast: Cast, approved: PurchaseOrder) -> None:
    PurchaseOrder.objects.filter(pk=approved.pk).update(status="sent", mail_state="sending", mail_at=NOW)
    assert (mail_waiting_orders(now=LATER), mail.outbox) == (1, [])
    approved.refresh_from_db()
    assert approved.mail_state == "failed"
    assert approved.mail_problem == "interrupted; it may have reached the supplier: ask before you send it again"
    assert approved.notes.splitlines()[-1] == (
        "2026-03-16 09:11 UTC: mail to orders@acme.example failed (interrupted; it may have reached the supplier); "
        "send it again"
    )


def test_a_cancelled_order_takes_its_alert_with_it(
    cast: Cast, send: Callable[[], PurchaseOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    with broken_mail(monkeypatch, ConnectionRefusedError("no server")):
        order = send()
    cancel_order(order_id=order.pk, actor=cast.buyer, now=LATER)
    assert not Alert.objects.filter(closed_at=None).exists()
    with pytest.raises(Conflict, match="only sent orders are mailed again"):
        resend_order(order_id=order.pk, actor=cast.buyer, now=LATER)


def test_an_order_that_was_cancelled_while_its_mail_waited_is_not_mailed(cast: Cast, approved: PurchaseOrder) -> None:
    PurchaseOrder.objects.filter(pk=approved.pk).update(status="sent", mail_state="waiting", mail_at=NOW)
    stale = PurchaseOrder.objects.select_related("store", "supplier").get()
    cancel_order(order_id=approved.pk, actor=cast.buyer, now=NOW)
    mail_order(stale, now=NOW)
    assert (mail_waiting_orders(now=LATER), mail.outbox) == (0, [])
    approved.refresh_from_db()
    assert (approved.status, approved.mail_state) == ("cancelled", "not_asked")


def test_no_address_is_no_failure(cast: Cast, send: Callable[[], PurchaseOrder]) -> None:
    cast.supplier.email = ""
    cast.supplier.save(update_fields=["email"])
    order = send()
    assert (order.status, order.mail_state, mail.outbox) == ("sent", "no_address", [])
    assert not Alert.objects.exists()


def test_a_worker_mails_where_there_is_one(
    settings: Any, send: Callable[[], PurchaseOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request hands the job over by its name; the worker's task mails once, however often it is delivered."""
    settings.MAIL_BY_WORKER = True
    asked: list[Any] = []
    monkeypatch.setattr("invencare.lib.enqueue._runners", [lambda name, args: asked.append((name, args))])
    order = send()
    assert asked == [("inventory.tasks.mail_order", (order.pk,))]
    order.refresh_from_db()
    assert (order.mail_state, len(mail.outbox)) == ("waiting", 0)
    for _ in range(2):
        tasks.mail_order(order.pk)
    order.refresh_from_db()
    assert (order.mail_state, len(mail.outbox)) == ("mailed", 1)


def test_a_broker_that_is_away_loses_no_mail(
    settings: Any, send: Callable[[], PurchaseOrder], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MAIL_BY_WORKER = True

    def away(name: str, args: Any) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr("invencare.lib.enqueue._runners", [away])
    order = send()
    order.refresh_from_db()
    assert (order.status, order.mail_state) == ("sent", "waiting")
    assert mail_waiting_orders(now=LATER) == 1
    assert len(mail.outbox) == 1


@pytest.fixture
def eager() -> Iterator[None]:
    app.conf.task_always_eager = True
    yield
    app.conf.task_always_eager = False


@pytest.mark.usefixtures("eager")
def test_celery_runs_the_job_by_its_name(settings: Any, send: Callable[[], PurchaseOrder]) -> None:
    settings.MAIL_BY_WORKER = True
    order = send()
    order.refresh_from_db()
    assert (order.mail_state, len(mail.outbox)) == ("mailed", 1)
