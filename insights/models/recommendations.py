"""What is proposed to order."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from insights.querysets.recommendations import ReorderRecommendationQuerySet
from inventory.models import Product, PurchaseOrderLine, Store, Supplier


class ReorderRecommendation(models.Model):
    """One proposal to order one product for one store (PA-7): one row per product, store and day.

    Written by the nightly run while pending; never touched by it once a person decided. ``dossier`` keeps every
    input and step of the arithmetic, so that the quantity can be recomputed and explained from the row alone.
    A snoozed row comes back on ``snoozed_until``. A proposed one is over the limit of whoever approved it
    (``proposed_by``, ``proposed_quantity``) and waits for a second person.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        PROPOSED = "proposed", "Waits for a second person"
        SNOOZED = "snoozed", "Snoozed"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        EXPIRED = "expired", "Expired"

    class Urgency(models.TextChoices):
        CRITICAL = "critical", "Critical"
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"
        LOW = "low", "Low"

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="recommendations")
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="recommendations")
    supplier = models.ForeignKey(
        Supplier, on_delete=models.PROTECT, null=True, blank=True, related_name="recommendations"
    )
    recommendation_date = models.DateField()
    forecast_date = models.DateField(
        null=True, blank=True, help_text="First day of the forecast behind it; empty without a forecast."
    )
    current_stock = models.BigIntegerField("on hand (units)")
    on_order_units = models.BigIntegerField(default=0)
    minimum_stock = models.PositiveIntegerField()
    maximum_stock = models.PositiveIntegerField()
    projected_demand_14_days = models.FloatField(null=True, blank=True)
    recommended_order_quantity = models.PositiveIntegerField()
    approved_quantity = models.PositiveIntegerField(null=True, blank=True)
    proposed_quantity = models.PositiveIntegerField(null=True, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    proposed_by_name = models.CharField(max_length=150, blank=True)
    snoozed_until = models.DateField(null=True, blank=True, help_text="The day on which it is pending again.")
    unit_cost = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    money_at_risk = models.DecimalField(
        max_digits=16, decimal_places=2, default=0, help_text="Margin expected to be lost without the order."
    )
    stockout_probability = models.FloatField(
        null=True, blank=True, help_text="Without the order, before it could arrive and be renewed."
    )
    replenish_by = models.DateField(
        null=True,
        blank=True,
        help_text="Last day on which an order still comes in before stock is likely to run out; empty: not soon.",
    )
    urgency_level = models.CharField(max_length=16, choices=Urgency.choices)
    urgency_rank = models.PositiveSmallIntegerField(default=3, help_text="0 critical to 3 low: the sort order.")
    abc_class = models.CharField(max_length=1, blank=True)
    xyz_class = models.CharField(max_length=1, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    version = models.PositiveIntegerField(default=1)
    notes = models.TextField(blank=True)
    dossier = models.JSONField(default=dict)
    purchase_order_line = models.ForeignKey(
        PurchaseOrderLine, on_delete=models.SET_NULL, null=True, blank=True, related_name="recommendations"
    )
    updated_at = models.DateTimeField()

    objects = ReorderRecommendationQuerySet.as_manager()

    class Meta:
        db_table = "product_reorder_recommendations"
        ordering = ["-money_at_risk", "id"]
        permissions = [
            ("decide_reorderrecommendation", "Can approve, reject and snooze recommendations"),
            ("decide_any_value", "Can decide above the value limit"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "store", "recommendation_date"], name="recommendation_once_a_day"
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(approved_quantity__isnull=False, approved_quantity__gt=0),
                name="recommendation_approved_has_quantity",
            ),
            models.CheckConstraint(
                # A comparison with NULL is not false: a CHECK lets it pass.
                condition=~Q(status="proposed")
                | (Q(proposed_quantity__isnull=False, proposed_quantity__gt=0) & ~Q(proposed_by_name="")),
                name="recommendation_proposed_has_proposer",
                violation_error_message="A proposal has a quantity and somebody who proposed it.",
            ),
            models.CheckConstraint(
                condition=~Q(status="snoozed") | Q(snoozed_until__isnull=False),
                name="recommendation_snoozed_has_day",
                violation_error_message="A snoozed recommendation has a day on which it comes back.",
            ),
        ]
        indexes = [
            # The buyer's list: pending rows, most money at risk first, for all stores and for one.
            models.Index(fields=["status", "-money_at_risk"], name="recommendation_most_at_risk"),
            models.Index(fields=["store", "status", "-money_at_risk"], name="recommendation_at_risk_here"),
            # The API's list, which shows every status, most money at risk first.
            models.Index(fields=["-money_at_risk"], name="recommendation_any_at_risk"),
            # The home page's count of what is pending, by urgency.
            models.Index(fields=["status", "urgency_rank"], name="recommendation_by_urgency"),
            # Which snoozed rows come back today.
            models.Index(fields=["status", "snoozed_until"], name="recommendation_comes_back"),
        ]

    def __str__(self) -> str:
        return f"{self.recommended_order_quantity} × {self.product} for {self.store}"

    @property
    def is_pending(self) -> bool:
        return self.status == self.Status.PENDING

    @property
    def is_open(self) -> bool:
        """Whether somebody may still decide it."""
        return self.status in OPEN_STATUSES


OPEN_STATUSES = (
    ReorderRecommendation.Status.PENDING,
    ReorderRecommendation.Status.PROPOSED,
    ReorderRecommendation.Status.SNOOZED,
)
