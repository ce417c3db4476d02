"""Orders to suppliers and what arrived of them."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q

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

    objects = PurchaseOrderQuerySet.as_manager()

    class Meta:
        db_table = "purchase_orders"
        ordering = ["-id"]
        indexes = [
            # The draft that an approval adds to, and a store's open orders.
            models.Index(fields=["store", "supplier", "status"], name="purchase_order_open"),
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
    """One product of a purchase order."""

    purchase_order = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="purchase_order_lines")
    ordered_units = models.PositiveIntegerField()
    received_units = models.PositiveIntegerField(default=0)
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
        ]

    def __str__(self) -> str:
        return f"{self.product} × {self.ordered_units}"

    @property
    def open_units(self) -> int:
        return max(self.ordered_units - self.received_units, 0)

    @property
    def line_total(self) -> Decimal:
        return self.unit_cost * self.ordered_units


class Receipt(models.Model):
    """One delivery, or part of one, of one order line. Written with its ledger movement, never changed."""

    line = models.ForeignKey(PurchaseOrderLine, on_delete=models.PROTECT, related_name="receipts")
    units = models.PositiveIntegerField()
    received_on = models.DateField(help_text="Business date in the store's time zone.")
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    idempotency_key = CodeField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "receipts"
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=Q(units__gt=0), name="receipt_of_something")]

    def __str__(self) -> str:
        return f"{self.units} of {self.line}"
