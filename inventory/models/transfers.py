"""Stock that moves between stores."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from inventory.models.catalogue import Product
from inventory.models.codes import CodeField
from inventory.models.places import Store
from inventory.querysets.transfers import StockTransferLineQuerySet, StockTransferQuerySet


class StockTransfer(models.Model):
    """One shipment from one store to another. Dispatch takes stock out, receipt puts it in.

    What is in transit is ``units - received - lost`` of its lines: out of the sender's stock, not yet in the
    receiver's. Closing books what did not arrive as arrived and written off, so that both sides of the ledger agree.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        APPROVED = "approved", "Approved"
        SENT = "sent", "In transit"
        PARTLY_RECEIVED = "partly_received", "Partly received"
        RECEIVED = "received", "Received"
        CANCELLED = "cancelled", "Cancelled"

    number = models.CharField(max_length=32, unique=True)
    from_store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="transfers_out")
    to_store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="transfers_in")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    version = models.PositiveIntegerField(default=1)
    expected_date = models.DateField(null=True, blank=True, help_text="When it should arrive; set by the dispatch.")
    notes = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = StockTransferQuerySet.as_manager()

    class Meta:
        db_table = "stock_transfers"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_store=F("to_store")),
                name="stock_transfer_between_two_stores",
                violation_error_message="A transfer goes from one store to another.",
            )
        ]

    def __str__(self) -> str:
        return self.number


class StockTransferLine(models.Model):
    """One product of a transfer. More may arrive than left: what is found in transit."""

    transfer = models.ForeignKey(StockTransfer, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="transfer_lines")
    units = models.PositiveIntegerField()
    received_units = models.PositiveIntegerField(default=0)
    lost_units = models.PositiveIntegerField(default=0, help_text="Did not arrive and were written off.")

    objects = StockTransferLineQuerySet.as_manager()

    class Meta:
        db_table = "stock_transfer_lines"
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "product"],
                name="stock_transfer_line_once",
                violation_error_message="This transfer already has a line for this product.",
            ),
            models.CheckConstraint(condition=Q(units__gt=0), name="stock_transfer_line_moves_something"),
            models.CheckConstraint(
                condition=Q(lost_units=0) | Q(units=F("received_units") + F("lost_units")),
                name="stock_transfer_line_loses_what_did_not_arrive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} × {self.units}"

    @property
    def open_units(self) -> int:
        """Units in transit, or still to leave."""
        return max(self.units - self.received_units - self.lost_units, 0)

    @property
    def found_units(self) -> int:
        """Units that arrived beyond those that left."""
        return max(self.received_units - self.units, 0)


class TransferReceipt(models.Model):
    """One arrival, or part of one, of one line of a transfer. Written with its ledger movements, never changed."""

    line = models.ForeignKey(StockTransferLine, on_delete=models.PROTECT, related_name="receipts")
    units = models.PositiveIntegerField()
    received_on = models.DateField(help_text="Business date in the receiving store's time zone.")
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    idempotency_key = CodeField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "transfer_receipts"
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(units__gt=0), name="transfer_receipt_of_something")]

    def __str__(self) -> str:
        return f"{self.units} of {self.line}"
