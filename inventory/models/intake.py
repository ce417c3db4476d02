"""What comes in from outside: files of sales. Stock events are in ``events``."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from inventory.models.places import Store
from inventory.querysets.intake import SalesFileQuerySet


class SalesFile(models.Model):
    """One sales file that was imported or tried, known by its checksum. Written by the sales import.

    The row is the import's run row: the file's rows enter the ledger with keys made from its id and the row
    number, so that an import that was cut short, or run again, adds only what is missing.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        PARTIAL = "partial", "Done with rejected rows"
        FAILED = "failed", "Failed"

    name = models.CharField(max_length=255)
    checksum = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the file's bytes.")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, null=True, blank=True, related_name="sales_files")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    mapping = models.JSONField(default=dict, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    rows_read = models.PositiveIntegerField(default=0)
    rows_added = models.PositiveIntegerField(default=0)
    rows_known = models.PositiveIntegerField(default=0, help_text="Rows that an earlier run had added.")
    rows_rejected = models.PositiveIntegerField(default=0)
    row_errors = models.JSONField(default=list, blank=True, help_text="The first 1,000 rejected rows.")
    units = models.BigIntegerField(default=0)
    revenue = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    first_date = models.DateField(null=True, blank=True)
    last_date = models.DateField(null=True, blank=True)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = SalesFileQuerySet.as_manager()

    class Meta:
        db_table = "sales_files"
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name
