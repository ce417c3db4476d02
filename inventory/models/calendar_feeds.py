"""Calendars that people subscribe to."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class CalendarFeed(models.Model):
    """One person's address of the calendar of due deliveries, for one calendar program. Made and revoked by people.

    The address holds this row's key and ``secret``, signed with the site's SECRET_KEY: who reads the table alone cannot
    make an address. It opens what its owner may see when it is read.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds")
    name = models.CharField(max_length=100, help_text="Where it is read, such as “Phone”.")
    secret = models.CharField(max_length=32, unique=True, editable=False)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_read_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "calendar_feeds"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} of {self.owner}"
