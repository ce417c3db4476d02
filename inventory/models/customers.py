"""Who buys, and nothing about them that is not needed."""

from __future__ import annotations

from django.db import models

from inventory.models.codes import CodeField


class Customer(models.Model):
    """One customer of the company, known by a code alone. Written by the sales import."""

    code = CodeField(max_length=64, unique=True)
    first_seen = models.DateField(null=True, blank=True)
    forgotten_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the code was erased; nothing is learned of the row since.",
    )

    class Meta:
        db_table = "customers"
        ordering = ["code"]

    def __str__(self) -> str:
        return str(self.code)
