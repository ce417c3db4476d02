"""What moves demand and is known ahead: events and planned prices."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from forecasting.querysets.calendar import CalendarEventQuerySet, PlannedPriceQuerySet
from inventory.models import Product, Store
from inventory.models.codes import CodeField
from inventory.models.places import validate_country

LONGEST_EVENT_DAYS = 366
MOST_UPLIFT = 20.0


class CalendarEvent(models.Model):
    """Days on which demand is not as usual, in some stores and for some products.

    Grain: one occurrence. Occurrences of one name share the uplift that is learned from the past ones. Without
    stores and country it holds everywhere, with a country in the stores of that country (and region), without
    products and categories for every product. Written by people and by the loader of public holidays; one that is
    not active is kept and has no effect.
    """

    class Kind(models.TextChoices):
        HOLIDAY = "holiday", "Holiday"
        PROMOTION = "promotion", "Promotion"
        CLOSURE = "closure", "Closed"
        OTHER = "other", "Other"

    name = models.CharField(max_length=100, help_text="Events of one name share what is learned about them.")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    first_day = models.DateField()
    last_day = models.DateField(help_text="Included.")
    country = models.CharField(
        max_length=2, blank=True, validators=[validate_country], help_text="Stores of this country, such as PT."
    )
    region = models.CharField(max_length=8, blank=True, help_text="Only stores of this region; empty: all of it.")
    stores = models.ManyToManyField(
        Store, blank=True, related_name="calendar_events", help_text="None chosen: all, or all of the country."
    )
    products = models.ManyToManyField(Product, blank=True, related_name="calendar_events")
    categories = models.JSONField(default=list, blank=True, help_text="Names of categories, as a list.")
    given_uplift = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0.0), MaxValueValidator(MOST_UPLIFT)],
        help_text="Demand as a multiple of the usual: 1.5 is half as much again. Empty: learned from earlier ones.",
    )
    is_active = models.BooleanField("active", default=True)
    source_key = CodeField(
        max_length=200, null=True, blank=True, unique=True, editable=False, help_text="Of a loaded public holiday."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_by_name = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = CalendarEventQuerySet.as_manager()

    class Meta:
        db_table = "calendar_events"
        ordering = ["-first_day", "name", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")),
                name="calendar_event_ends_after_it_begins",
                violation_error_message="The last day is not before the first.",
            ),
            models.CheckConstraint(
                condition=Q(given_uplift__isnull=True) | Q(given_uplift__gte=0, given_uplift__lte=MOST_UPLIFT),
                name="calendar_event_uplift_in_bounds",
                violation_error_message=f"An uplift is a multiple of the usual demand, 0 to {MOST_UPLIFT:.0f}.",
            ),
            models.CheckConstraint(
                condition=~Q(kind="closure") | Q(given_uplift__isnull=True),
                name="calendar_event_closed_is_nothing",
                violation_error_message="Nothing is sold while closed: leave the uplift empty.",
            ),
            models.CheckConstraint(
                condition=Q(region="") | ~Q(country=""),
                name="calendar_event_region_in_country",
                violation_error_message="A region needs its country.",
            ),
        ]
        indexes = [
            # The events of a history and horizon, for every chunk of the nightly run; and the list, newest first.
            models.Index(fields=["first_day", "last_day"], name="calendar_event_by_days"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.first_day}"

    def clean(self) -> None:
        days: Any = (self.first_day, self.last_day)  # empty where their fields were refused
        if all(days) and days[1] - days[0] >= timedelta(LONGEST_EVENT_DAYS):
            raise ValidationError({"last_day": f"An event lasts {LONGEST_EVENT_DAYS} days at most."})
        names: Any = self.categories
        if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
            raise ValidationError({"categories": "Give a list of category names."})


class PlannedPrice(models.Model):
    """The price that one product will have (or had) in one store, or in all, from one day to another.

    Written by buyers. Of two plans for a day the store's own counts, then
    the one that was made last.
    """

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="planned_prices")
    store = models.ForeignKey(
        Store, on_delete=models.CASCADE, null=True, blank=True, related_name="planned_prices", help_text="Empty: all."
    )
    first_day = models.DateField()
    last_day = models.DateField(null=True, blank=True, help_text="Included; empty: until further notice.")
    price = models.DecimalField(max_digits=14, decimal_places=4)
    created_by_name = models.CharField(max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    objects = PlannedPriceQuerySet.as_manager()

    class Meta:
        db_table = "planned_prices"
        ordering = ["-first_day", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__isnull=True) | Q(last_day__gte=F("first_day")),
                name="planned_price_ends_after_it_begins",
                violation_error_message="The last day is not before the first.",
            ),
            models.CheckConstraint(
                condition=Q(price__gt=0),
                name="planned_price_over_zero",
                violation_error_message="A price is over 0.",
            ),
        ]
        indexes = [
            # The list, newest first; products find theirs by their foreign key.
            models.Index(fields=["first_day"], name="planned_price_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.price} from {self.first_day}"
