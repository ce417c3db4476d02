"""Inventory's background work: sales files that were uploaded."""

from __future__ import annotations

import logging

from celery import shared_task
from django.core.exceptions import ValidationError

from invencare.lib import clock
from inventory.services.alert_digests import send_due_digests
from inventory.services.alert_values import value_alerts
from inventory.services.errors import Conflict
from inventory.services.events.watching import watch_dead_letters
from inventory.services.idempotency import KEPT_FOR, forget_answers
from inventory.services.lead_times import measure_suppliers
from inventory.services.overdue_orders import follow_orders
from inventory.services.purchasing import mail_one, mail_waiting_orders
from inventory.services.sales_import import import_kept_file, kept_path, stale_files
from inventory.services.webhooks import plan_deliveries, send_due

logger = logging.getLogger(__name__)


@shared_task(name="inventory.tasks.import_sales_file", acks_late=True)
def import_sales_file(sales_file_id: int) -> None:
    """Import an uploaded file, or go on with it. Safe to deliver twice: its rows are known by file and line."""
    try:
        import_kept_file(sales_file_id=sales_file_id, now=clock.now())
    except Conflict:
        logger.info("sales file %s is being imported by another worker", sales_file_id)
    except ValidationError as error:
        # The file's row says so to its uploader; trying again would say the same.
        logger.warning("sales file %s cannot be imported: %s", sales_file_id, " ".join(error.messages))


@shared_task(name="inventory.tasks.resume_sales_files", acks_late=True)
def resume_sales_files() -> None:
    """Order uploads again whose worker was killed or whose order was lost."""
    for sales_file in stale_files(clock.now()):
        if kept_path(sales_file).is_file():
            logger.warning("sales file %s was left behind; it is taken up again", sales_file.pk)
            import_sales_file.delay(sales_file.pk)


@shared_task(name="inventory.tasks.forget_api_answers", acks_late=True)
def forget_api_answers() -> int:
    """Drop the answers to POSTs that are too old to be sent again; their effects stay known in the ledger."""
    return forget_answers(before=clock.now() - KEPT_FOR)


@shared_task(name="inventory.tasks.measure_lead_times", acks_late=True)
def measure_lead_times() -> None:
    """Measure every supplier's lead times before the nightly analysis reads them. Safe to run twice."""
    done = measure_suppliers(now=clock.now())
    logger.info("lead times of %d of %d suppliers measured", done.measured, done.suppliers)


@shared_task(name="inventory.tasks.mail_order", acks_late=True)
def mail_order(order_id: int) -> None:
    """Mail an order that was just sent. Safe to deliver twice: its row says who mails it."""
    mail_one(order_id=order_id, now=clock.now())


@shared_task(name="inventory.tasks.mail_waiting_orders", acks_late=True)
def mail_orders_left_behind() -> None:
    """Mail orders whose web process was stopped before it could."""
    if taken := mail_waiting_orders(now=clock.now()):
        logger.warning("%d orders had been left unmailed and were taken up", taken)


@shared_task(name="inventory.tasks.tell_of_alerts", acks_late=True)
def tell_of_alerts() -> None:
    """Tell webhooks and SNS what opened and closed. Safe to run twice: each message is claimed before it is sent."""
    now = clock.now()
    watch_dead_letters(now=now)
    plan_deliveries(now=now)
    arrived, failed = send_due(now=now)
    if arrived or failed:
        logger.info("%d messages to other programs arrived, %d did not", arrived, failed)


@shared_task(name="inventory.tasks.follow_alerts", acks_late=True)
def follow_alerts() -> None:
    """Look for orders that are overdue, and reckon what the open alerts are expected to cost. Safe to run twice."""
    now = clock.now()
    follow_orders(now=now)
    value_alerts(now=now)


@shared_task(name="inventory.tasks.send_alert_digests", acks_late=True)
def send_alert_digests() -> int:
    """Mail the digests whose hour has come; each person's at most once a day, whatever is delivered twice."""
    return send_due_digests(now=clock.now())
