"""What a person should look at."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.models.catalogue import Product
from inventory.models.places import Store
from inventory.querysets.alerts import AlertQuerySet


class Alert(models.Model):
    """One thing that is wrong now, once per cause. Opened and closed by ``inventory.services.alerts`` alone."""

    class Kind(models.TextChoices):
        OVERSOLD = "oversold", "Sold more than on hand"
        OUT_OF_STOCK = "out_of_stock", "Out of stock"
        BELOW_MINIMUM = "below_minimum", "At or below minimum"
        RUN_FAILED = "run_failed", "Run failed"
        MAIL_FAILED = "mail_failed", "Order not mailed"
        FILE_REJECTED = "file_rejected", "File with rejected rows"
        DEAD_LETTERS = "dead_letters", "Events not applied"

    class Severity(models.TextChoices):
        CRITICAL = "critical", "Critical"
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"

    kind = models.CharField(max_length=32, choices=Kind.choices)
    severity = models.CharField(max_length=16, choices=Severity.choices)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, blank=True, related_name="alerts")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, null=True, blank=True, related_name="alerts")
    message = models.CharField(max_length=300)
    cause_key = models.CharField(max_length=150, help_text="What it is about; one open alert per cause.")
    open_key = models.CharField(
        max_length=150, unique=True, null=True, blank=True, help_text="The cause while open; empty once closed."
    )
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        db_table = "alerts"
        ordering = ["-id"]
        indexes = [
            # The open alerts of a store, worst first.
            models.Index(fields=["store", "closed_at", "severity"], name="alert_open_by_store"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(open_key__isnull=True) | Q(closed_at__isnull=True), name="alert_open_or_closed"
            )
        ]

    def __str__(self) -> str:
        return self.message
