"""Demand expected over many series: a product in all stores, a category, a store, the company."""

from __future__ import annotations

from django.db import models

from forecasting.models.forecasts import ForecastRun
from forecasting.querysets.totals import DemandForecastTotalQuerySet
from inventory.models import Product, Store
from inventory.models.codes import CodeField


class DemandForecastTotal(models.Model):
    """The sum of all forecasts of one day that belong to one key of a level; a rerun of the day replaces it.

    Written at the end of the nightly run. Means are sums of what is served, so every level adds up to the one above;
    intervals come from how far the sums were off in the backtest (``daily`` holds ``{"mean": [...], "intervals":
    {"0.8": [lower, upper], "0.95": [lower, upper]}}`` in units per day, ``horizon`` the same for the sum of all days).
    """

    class Level(models.TextChoices):
        COMPANY = "company", "Company"
        STORE = "store", "Store"
        CATEGORY = "category", "Category"
        STORE_CATEGORY = "store_category", "Category in a store"
        PRODUCT = "product", "Product over all stores"

    level = models.CharField(max_length=16, choices=Level.choices)
    key = CodeField(max_length=200, help_text="What tells the rows of a level apart, made of primary keys.")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, blank=True, related_name="demand_totals")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, null=True, blank=True, related_name="demand_totals")
    category = models.CharField(max_length=100, blank=True)
    run = models.ForeignKey(ForecastRun, on_delete=models.SET_NULL, null=True, blank=True, related_name="totals")
    forecast_date = models.DateField(help_text="First day that is forecast.")
    forecast_period = models.PositiveSmallIntegerField("horizon (days)")
    series = models.PositiveIntegerField(help_text="How many forecasts were summed.")
    expected_units = models.FloatField(help_text="Units over the horizon.")
    daily = models.JSONField(default=dict)
    horizon = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    objects = DemandForecastTotalQuerySet.as_manager()

    class Meta:
        db_table = "demand_forecast_totals"
        ordering = ["-forecast_date", "level", "key"]
        constraints = [
            models.UniqueConstraint(
                fields=["forecast_date", "forecast_period", "level", "key"], name="demand_total_once_a_day"
            )
        ]
        indexes = [
            # The list, newest first (the primary key comes last in every index).
            models.Index(fields=["forecast_date"], name="demand_total_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} {self.key} from {self.forecast_date}"
