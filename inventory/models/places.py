"""Where stock is kept, and who works there."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from inventory.models.codes import CodeField
from inventory.querysets.places import StoreQuerySet

COUNTRY = re.compile("[A-Z]{2}")


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(
            "“%(name)s” is no IANA time zone; use a name such as Europe/London.", params={"name": name}
        )


def validate_country(code: str) -> None:
    if not COUNTRY.fullmatch(code):
        raise ValidationError("“%(code)s” is no country code; use two letters such as PT.", params={"code": code})


class Store(models.Model):
    """One shop or warehouse that holds stock. Written by administrators and by the catalogue import."""

    code = CodeField(max_length=64, unique=True, help_text="The outside world's store id.")
    name = models.CharField(max_length=200)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    currency = models.CharField(max_length=3, default="EUR")
    country = models.CharField(
        max_length=2,
        blank=True,
        validators=[validate_country],
        help_text="Two letters (ISO 3166), such as PT: whose public holidays are kept here. Empty: none.",
    )
    region = models.CharField(
        max_length=8, blank=True, help_text="Region with holidays of its own, such as SCT in GB or BY in DE."
    )
    is_active = models.BooleanField("active", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StoreQuerySet.as_manager()

    class Meta:
        db_table = "stores"
        ordering = ["code"]
        permissions = [("view_all_stores", "Can see the rows of every store")]

    def __str__(self) -> str:
        return f"{self.code} · {self.name}"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class StoreMembership(models.Model):
    """One person's right to work in one store. Only people without “see every store” need any."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="store_memberships")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        db_table = "store_memberships"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "store"],
                name="store_membership_once",
                violation_error_message="This person already works in this store.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} @ {self.store}"
