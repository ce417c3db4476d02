"""Sums of daily sales over products and stores, so that a page reads days and not every product of every store.

Money is kept apart by currency: a sum over two of them means nothing.
"""

from __future__ import annotations

from django.db import models

from analytics.querysets.metrics import DaySumsQuerySet, StoreDaySumsQuerySet
from inventory.models import Product, Store


class DaySums(models.Model):
    """What was sold on a business day. Derived from ``daily_sales`` by ``analytics.services.metrics``, rebuildable."""

    business_date = models.DateField()
    units = models.BigIntegerField("units sold", default=0)
    returned_units = models.BigIntegerField(default=0)
    revenue = models.DecimalField(max_digits=20, decimal_places=4, default=0, help_text="Net of returns.")
    transactions = models.PositiveIntegerField("sale lines", default=0)

    class Meta:
        abstract = True


class StoreDailyMetrics(DaySums):
    """One store's business day (SP-3)."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="daily_metrics")
    products_sold = models.PositiveIntegerField("different products sold", default=0)
    promotion_lines = models.PositiveIntegerField(default=0)
    out_of_stock_seconds = models.BigIntegerField("time out of stock (s)", default=0, help_text="Over all products.")

    objects = StoreDaySumsQuerySet.as_manager()

    class Meta:
        db_table = "store_daily_metrics"
        verbose_name_plural = "store daily metrics"
        ordering = ["-business_date", "store"]
        constraints = [models.UniqueConstraint(fields=["store", "business_date"], name="store_daily_metrics_once")]
        indexes = [
            # A period of all stores.
            models.Index(fields=["business_date", "store"], name="store_metrics_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.store_id} {self.business_date}"


class ProductDailyMetrics(DaySums):
    """One product's business day over all stores of one currency."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="daily_metrics")
    currency = models.CharField(max_length=3)

    objects = DaySumsQuerySet.as_manager()

    class Meta:
        db_table = "product_daily_metrics"
        verbose_name_plural = "product daily metrics"
        ordering = ["-business_date", "product"]
        constraints = [
            models.UniqueConstraint(fields=["business_date", "product", "currency"], name="product_daily_metrics_once")
        ]
        indexes = [
            # The best products of a period, summed from the index alone.
            models.Index(
                fields=["business_date", "product", "units", "returned_units", "revenue", "transactions", "currency"],
                name="product_metrics_all_sums",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.business_date}"


class CategoryDailyMetrics(DaySums):
    """One category's business day over all stores of one currency."""

    category = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    products_sold = models.PositiveIntegerField("different products sold", default=0)

    objects = DaySumsQuerySet.as_manager()

    class Meta:
        db_table = "category_daily_metrics"
        verbose_name_plural = "category daily metrics"
        ordering = ["-business_date", "category"]
        constraints = [
            models.UniqueConstraint(
                fields=["business_date", "category", "currency"], name="category_daily_metrics_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.business_date}"


class CompanyDailyMetrics(DaySums):
    """The company's business day in one currency (SP-6)."""

    currency = models.CharField(max_length=3)
    stores = models.PositiveIntegerField("stores that sold", default=0)

    objects = DaySumsQuerySet.as_manager()

    class Meta:
        db_table = "company_daily_metrics"
        verbose_name_plural = "company daily metrics"
        ordering = ["-business_date"]
        constraints = [models.UniqueConstraint(fields=["business_date", "currency"], name="company_daily_metrics_once")]

    def __str__(self) -> str:
        return f"{self.business_date} {self.currency}"


class MetricsState(models.Model):
    """The one row that says up to when the metrics hold every sale; its lock lets one refresh work at a time.

    ``version`` grows whenever sums over days were made again, so that whoever keeps a result knows when it is old.
    """

    refreshed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveBigIntegerField(default=0)
    stock_refreshed_at = models.DateTimeField(null=True, blank=True)
    stock_movement_id = models.BigIntegerField(default=0, help_text="The newest movement that the stock sums may hold.")

    class Meta:
        db_table = "metrics_state"

    def __str__(self) -> str:
        return f"refreshed at {self.refreshed_at}"
