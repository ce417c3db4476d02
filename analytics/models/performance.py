"""How one product did in one store."""

from __future__ import annotations

from django.db import models

from analytics.querysets.performance import ProductPerformanceQuerySet
from inventory.models import Product, Store


class ProductPerformance(models.Model):
    """One product's figures in one store over the period that ends on ``analysis_date`` (PA-1, PA-2).

    Written by the nightly run and by the performance service; a second run on the same day updates the row.
    """

    class PeriodType(models.TextChoices):
        DAILY = "daily", "Daily"
        WEEKLY = "weekly", "Weekly"
        MONTHLY = "monthly", "Monthly"

    class StockStatus(models.TextChoices):
        OUT_OF_STOCK = "Out of Stock"
        LOW = "Low Stock"
        OVERSTOCKED = "Overstocked"
        NORMAL = "Normal"

    class StockRisk(models.TextChoices):
        CRITICAL = "Critical"
        HIGH = "High"
        MEDIUM = "Medium"
        LOW = "Low"

    class Movement(models.TextChoices):
        MOVING = "moving", "Moving"
        SLOW = "slow", "Slow"
        DEAD = "dead", "Dead"
        NEW = "new", "New"

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="performance")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="performance")
    analysis_date = models.DateField()
    period_type = models.CharField(max_length=8, choices=PeriodType.choices)
    period_days = models.PositiveSmallIntegerField()
    total_sales_volume = models.BigIntegerField("units sold, net")
    total_sales_revenue = models.DecimalField(max_digits=18, decimal_places=4)
    average_sale_price = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    sales_velocity = models.FloatField(help_text="Units per day in stock.", null=True, blank=True)
    inventory_turnover = models.FloatField(
        null=True, blank=True, help_text="Units sold over average stock, per year; empty without stock."
    )
    days_inventory_outstanding = models.FloatField(null=True, blank=True)
    average_stock_units = models.FloatField(null=True, blank=True)
    stock_out_days = models.FloatField(default=0)
    sell_through = models.FloatField(
        null=True, blank=True, help_text="Units sold of those that there were to sell in the period: 0 to 1."
    )
    gross_margin = models.DecimalField(
        max_digits=18,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="Revenue less unit costs; empty: no unit cost.",
    )
    gross_margin_return = models.FloatField(
        "GMROI", null=True, blank=True, help_text="Gross margin a year over the average stock at cost."
    )
    lost_units = models.FloatField(
        null=True, blank=True, help_text="Estimate: what the days without stock would have sold; empty: not known."
    )
    lost_revenue = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    stock_value = models.DecimalField(
        max_digits=18, decimal_places=4, null=True, blank=True, help_text="On hand at unit cost; empty: no unit cost."
    )
    last_sale_on = models.DateField(null=True, blank=True)
    movement = models.CharField(
        max_length=8, choices=Movement.choices, blank=True, default="", help_text="Empty: nothing in stock."
    )
    current_stock = models.BigIntegerField()
    minimum_stock = models.PositiveIntegerField()
    maximum_stock = models.PositiveIntegerField()
    stock_status = models.CharField(max_length=16, choices=StockStatus.choices)
    stock_risk = models.CharField(max_length=16, choices=StockRisk.choices)
    abc_class = models.CharField(max_length=1, blank=True, help_text="Empty: nothing sold in the period.")
    margin_class = models.CharField(
        max_length=1, blank=True, default="", help_text="ABC by margin; empty: no margin, or no unit cost known."
    )
    revenue_share = models.FloatField(null=True, blank=True, help_text="Of the store's revenue in the period.")
    performance_score = models.FloatField(help_text="0 to 100; its parts are in score_parts.")
    score_parts = models.JSONField(default=dict)
    transaction_count = models.PositiveIntegerField()
    updated_at = models.DateTimeField()

    objects = ProductPerformanceQuerySet.as_manager()

    class Meta:
        db_table = "product_performance_analytics"
        verbose_name_plural = "product performance"
        ordering = ["-analysis_date", "store", "product"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "store", "analysis_date", "period_type"], name="performance_once_a_day"
            )
        ]
        indexes = [
            # A store's latest figures, by class.
            models.Index(fields=["store", "analysis_date", "abc_class"], name="performance_by_store_date"),
            # Dead and slow stock of the newest day, the most money first.
            models.Index(fields=["analysis_date", "movement", "stock_value"], name="performance_by_movement"),
            # The list of all stores, newest first (the primary key comes last in every index).
            models.Index(fields=["analysis_date"], name="performance_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.product} @ {self.store}, {self.analysis_date}"


class IdleStock(ProductPerformance):
    """Dead and slow stock of the newest night: the same rows, read for the money that lies in them."""

    class Meta:
        proxy = True
        verbose_name = "dead or slow stock"
        verbose_name_plural = "dead and slow stock"
