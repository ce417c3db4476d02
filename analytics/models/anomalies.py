"""Days and weeks that were not as expected, and what people made of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from analytics.querysets.anomalies import AnomalyQuerySet
from inventory.models import Product, Store


class Anomaly(models.Model):
    """One figure of the company, a category, a store or a product that lay outside of what its past made one expect (SP-7).

    Grain: figure, business day and kind. Written by ``analytics.services.anomalies``; a day that is examined again updates
    its rows, drops those that are none any more, and keeps what people dismissed. A *week* is named by its last day,
    with figures per day. ``money`` is actual less expected at the figure's own price: negative is money that is missing.
    """

    class Level(models.TextChoices):
        COMPANY = "company", "Company"
        CATEGORY = "category", "Category"
        STORE = "store", "Store"
        PRODUCT = "product", "Product"

    class Metric(models.TextChoices):
        REVENUE = "revenue", "Revenue"
        UNITS = "units", "Units sold, net"
        TRANSACTIONS = "transactions", "Sale lines"
        RETURNS = "returns", "Units returned"

    class Kind(models.TextChoices):
        DAY = "day", "Odd day"
        WEEK = "week", "Odd week"
        SILENT = "silent", "No sales came in"

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        DISMISSED = "dismissed", "Dismissed"

    business_date = models.DateField()
    level = models.CharField(max_length=8, choices=Level.choices)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, blank=True, related_name="anomalies")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, null=True, blank=True, related_name="anomalies")
    category = models.CharField(max_length=100, blank=True, db_default="")
    currency = models.CharField(max_length=3)
    scope_key = models.CharField(max_length=120, help_text="Whose figure it is, in one word.")
    metric = models.CharField(max_length=12, choices=Metric.choices)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    actual = models.FloatField()
    expected = models.FloatField()
    lower = models.FloatField(help_text="Usual days lie between lower and upper.")
    upper = models.FloatField()
    deviations = models.FloatField(help_text="Distance from expected in usual errors; negative is too little.")
    money = models.FloatField(null=True, blank=True, help_text="Empty: the figure has no price.")
    money_size = models.FloatField(default=0, db_default=0, help_text="Without its sign, to rank by.")
    stands_out = models.BooleanField(
        null=True, blank=True, help_text="Whether the other stores' day was another; empty: too few to say."
    )
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN, db_default=Status.OPEN)
    updated_at = models.DateTimeField()

    objects = AnomalyQuerySet.as_manager()

    class Meta:
        db_table = "anomalies"
        verbose_name_plural = "anomalies"
        ordering = ["-business_date", "-money_size"]
        permissions = [("dismiss_anomaly", "Can dismiss anomalies and open them again")]
        constraints = [
            models.UniqueConstraint(
                fields=["business_date", "level", "scope_key", "metric", "kind"], name="anomaly_once_a_day"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["open", "dismissed"]),
                name="anomaly_status_known",
                violation_error_message="An anomaly is open or dismissed.",
            ),
        ]
        indexes = [
            # The open ones, newest day first and in it the most money first.
            models.Index(fields=["status", "business_date", "money_size"], name="anomaly_open_by_money"),
            # One store's.
            models.Index(fields=["store", "business_date"], name="anomaly_by_store"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_metric_display().lower()} of {self.whose}, {self.business_date}"

    @property
    def whose(self) -> str:
        """Whose figure it is, for people."""
        if self.level == self.Level.CATEGORY:
            return self.category or "no category"
        return str(self.store or self.product or "all stores")


class AnomalyDecision(models.Model):
    """Somebody dismissed an anomaly, or opened it again: who, when, why. Never changed. Written by the service alone."""

    class Action(models.TextChoices):
        DISMISS = "dismiss", "Dismissed"
        REOPEN = "reopen", "Opened again"

    anomaly = models.ForeignKey(Anomaly, on_delete=models.CASCADE, related_name="decisions")
    action = models.CharField(max_length=8, choices=Action.choices)
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_by_name = models.CharField(max_length=150)
    decided_at = models.DateTimeField()

    class Meta:
        db_table = "anomaly_decisions"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_action_display()} by {self.decided_by_name}"
