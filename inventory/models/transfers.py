"""Stock that moves between stores."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from inventory.models.catalogue import Product
from inventory.models.places import Store
from inventory.querysets.transfers import StockTransferQuerySet


class StockTransfer(models.Model):
    """One shipment from one store to another. Dispatch takes stock out, receipt puts it in."""

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
    """One product of a transfer."""

    transfer = models.ForeignKey(StockTransfer, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="transfer_lines")
    units = models.PositiveIntegerField()
    received_units = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "stock_transfer_lines"
        constraints = [
            models.UniqueConstraint(
                fields=["transfer", "product"],
                name="stock_transfer_line_once",
                violation_error_message="This transfer already has a line for this product.",
            ),
            models.CheckConstraint(condition=Q(units__gt=0), name="stock_transfer_line_moves_something"),
        ]

    def __str__(self) -> str:
        return f"{self.product} × {self.units}"
