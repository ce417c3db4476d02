"""Orders to suppliers and what arrived of them."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from inventory.models.catalogue import Product, Supplier
from inventory.models.codes import CodeField
from inventory.models.places import Store
from inventory.querysets.purchasing import PurchaseOrderLineQuerySet, PurchaseOrderQuerySet


class PurchaseOrder(models.Model):
    """One order to one supplier for one store. Written by approvals and buyers; moves stock through receipts."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        APPROVED = "approved", "Approved"
        SENT = "sent", "Sent"
        PARTLY_RECEIVED = "partly_received", "Partly received"
        RECEIVED = "received", "Received"
        CANCELLED = "cancelled", "Cancelled"

    class MailState(models.TextChoices):
        """Where the e-mail to the supplier is; ``SENDING`` is one process's claim, so that nobody mails it twice."""

        NOT_ASKED = "not_asked", "Not asked for"
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        MAILED = "mailed", "Mailed"
        FAILED = "failed", "Failed"
        NO_ADDRESS = "no_address", "No address"

    number = models.CharField(max_length=32, unique=True)
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="purchase_orders")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="purchase_orders")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    version = models.PositiveIntegerField(default=1, help_text="Raised by every change; guards against two at once.")
    order_date = models.DateField(null=True, blank=True)
    expected_date = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    mail_state = models.CharField("e-mail", max_length=12, choices=MailState.choices, default=MailState.NOT_ASKED)
    mail_at = models.DateTimeField(null=True, blank=True, help_text="Since when the e-mail is in its state.")
    mail_problem = models.CharField(max_length=300, blank=True)
    mail_key = CodeField(
        max_length=100, blank=True, help_text="Of the last request to mail it: a repeat is known by it."
    )

    objects = PurchaseOrderQuerySet.as_manager()

    class Meta:
        db_table = "purchase_orders"
        ordering = ["-id"]
        indexes = [
            # The draft that an approval adds to, and a store's open orders.
            models.Index(fields=["store", "supplier", "status"], name="purchase_order_open"),
            # The mails that a killed process left behind, looked for every few minutes; nearly always none.
            models.Index(fields=["mail_state"], name="purchase_order_by_mail"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES


OPEN_STATUSES = (
    PurchaseOrder.Status.DRAFT,
    PurchaseOrder.Status.APPROVED,
    PurchaseOrder.Status.SENT,
    PurchaseOrder.Status.PARTLY_RECEIVED,
)


class PurchaseOrderLine(models.Model):
    """One product of a purchase order. Its ordered units are received, cancelled, or still to come."""

    class CloseReason(models.TextChoices):
        """Why the rest of a line will not come; all but ``NOT_NEEDED`` are the supplier's doing."""

        SHORT = "short", "Supplier is short of it"
        DISCONTINUED = "discontinued", "No longer made"
        DAMAGED = "damaged", "Came damaged, not replaced"
        NOT_NEEDED = "not_needed", "We no longer need it"

    purchase_order = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="purchase_order_lines")
    ordered_units = models.PositiveIntegerField()
    received_units = models.PositiveIntegerField(default=0)
    refused_units = models.PositiveIntegerField(default=0, help_text="Came and were not taken; never stock.")
    cancelled_units = models.PositiveIntegerField(default=0, help_text="Will not come: no longer on order.")
    close_reason = models.CharField(max_length=16, choices=CloseReason.choices, blank=True)
    unit_cost = models.DecimalField(max_digits=14, decimal_places=4)

    objects = PurchaseOrderLineQuerySet.as_manager()

    class Meta:
        db_table = "purchase_order_lines"
        ordering = ["purchase_order", "product"]
        constraints = [
            models.UniqueConstraint(
                fields=["purchase_order", "product"],
                name="purchase_order_line_once",
                violation_error_message="This order already has a line for this product.",
            ),
            models.CheckConstraint(
                condition=Q(ordered_units__gt=0),
                name="purchase_order_line_orders_something",
                violation_error_message="A line orders at least 1 unit.",
            ),
            models.CheckConstraint(condition=Q(unit_cost__gte=0), name="purchase_order_line_cost_not_negative"),
            models.CheckConstraint(
                condition=Q(cancelled_units__lte=F("ordered_units")),
                name="purchase_order_line_cancels_what_was_ordered",
                violation_error_message="No more can be cancelled than was ordered.",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_units=0) | ~Q(close_reason=""),
                name="purchase_order_line_cancelled_for_a_reason",
                violation_error_message="Say why the rest of the line will not come.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} × {self.ordered_units}"

    @property
    def open_units(self) -> int:
        return max(self.ordered_units - self.received_units - self.cancelled_units, 0)

    @property
    def over_units(self) -> int:
        """Units received beyond what was ordered."""
        return max(self.received_units - self.ordered_units, 0)

    @property
    def line_total(self) -> Decimal:
        return self.unit_cost * self.ordered_units


class Receipt(models.Model):
    """One delivery, or part of one, of one order line. Written with its ledger movement, never changed.

    ``units`` were taken and are stock; ``refused_units`` came damaged or wrong and never were.
    """

    line = models.ForeignKey(PurchaseOrderLine, on_delete=models.PROTECT, related_name="receipts")
    units = models.PositiveIntegerField()
    over_units = models.PositiveIntegerField(default=0, help_text="Of these units, those beyond what was ordered.")
    refused_units = models.PositiveIntegerField(default=0)
    refusal = models.CharField(max_length=200, blank=True, help_text="Why units were refused.")
    received_on = models.DateField(help_text="Business date in the store's time zone.")
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    idempotency_key = CodeField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "receipts"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(units__gt=0) | Q(refused_units__gt=0),
                name="receipt_takes_or_refuses_something",
                violation_error_message="A receipt takes or refuses at least 1 unit.",
            ),
            models.CheckConstraint(
                condition=Q(refused_units=0) | ~Q(refusal=""),
                name="receipt_refuses_for_a_reason",
                violation_error_message="Say why units were refused.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.units} of {self.line}"
