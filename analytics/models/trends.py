"""Whether sales rise or fall, tested against chance."""

from __future__ import annotations

from django.db import models

from analytics.querysets.trends import SalesTrendQuerySet
from inventory.models import Store


class SalesTrend(models.Model):
    """The trend of one figure of the company, a category or a store over the days that end on ``business_date`` (SP-8).

    Written by the nightly run (``analytics.services.trends``); a second run of the day replaces the day's rows.
    ``scope_key`` says in one word whose figure it is. The slope is per day, in units or in money of ``currency``.
    """

    class Level(models.TextChoices):
        COMPANY = "company", "Company"
        CATEGORY = "category", "Category"
        STORE = "store", "Store"

    class Metric(models.TextChoices):
        UNITS = "units", "Units sold, net"
        REVENUE = "revenue", "Revenue"

    class Verdict(models.TextChoices):
        RISING = "rising", "Rising"
        FALLING = "falling", "Falling"
        NO_CLEAR_TREND = "no clear trend", "No clear trend"

    business_date = models.DateField(help_text="Last day of the window.")
    level = models.CharField(max_length=8, choices=Level.choices)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, blank=True, related_name="sales_trends")
    category = models.CharField(max_length=100, blank=True)
    currency = models.CharField(max_length=3)
    scope_key = models.CharField(max_length=120)
    metric = models.CharField(max_length=8, choices=Metric.choices)
    window_days = models.PositiveSmallIntegerField("window (days)")
    known_days = models.PositiveSmallIntegerField()
    mean_per_day = models.FloatField()
    slope_per_day = models.FloatField()
    slope_low = models.FloatField(help_text="95 % interval of the slope.")
    slope_high = models.FloatField()
    tau = models.FloatField(help_text="Rising pairs of days less falling ones, as a share of all: -1 to 1.")
    p_value = models.FloatField(help_text="How often chance alone would look like this.")
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    updated_at = models.DateTimeField()

    objects = SalesTrendQuerySet.as_manager()

    class Meta:
        db_table = "sales_trends"
        ordering = ["-business_date", "level", "scope_key", "metric", "window_days"]
        constraints = [
            models.UniqueConstraint(
                fields=["business_date", "level", "scope_key", "metric", "window_days"], name="sales_trend_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.scope_key} {self.metric}, {self.window_days} days to {self.business_date}: {self.verdict}"
