"""What is proposed, and what people decided."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from insights.querysets.recommendations import DecisionQuerySet, ReorderRecommendationQuerySet
from inventory.models import Product, PurchaseOrderLine, Store, Supplier


class ReorderRecommendation(models.Model):
    """One proposal to order one product for one store (PA-7): one row per product, store and day.

    Written by the nightly run while pending; never touched by it once a person decided. ``dossier`` keeps every
    input and step of the arithmetic, so that the quantity can be recomputed and explained from the row alone.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
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
    current_stock = models.BigIntegerField("on hand (units)")
    on_order_units = models.BigIntegerField(default=0)
    minimum_stock = models.PositiveIntegerField()
    maximum_stock = models.PositiveIntegerField()
    projected_demand_14_days = models.FloatField(null=True, blank=True)
    recommended_order_quantity = models.PositiveIntegerField()
    approved_quantity = models.PositiveIntegerField(null=True, blank=True)
    unit_cost = models.DecimalField(max_digits=14, decimal_places=4, default=0)
    money_at_risk = models.DecimalField(
        max_digits=16, decimal_places=2, default=0, help_text="Margin expected to be lost without the order."
    )
    stockout_probability = models.FloatField(
        null=True, blank=True, help_text="Without the order, before it could arrive and be renewed."
    )
    urgency_level = models.CharField(max_length=16, choices=Urgency.choices)
    urgency_rank = models.PositiveSmallIntegerField(default=3, help_text="0 critical to 3 low: the sort order.")
    abc_class = models.CharField(max_length=1, blank=True)
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
        ordering = ["urgency_rank", "-money_at_risk", "id"]
        permissions = [
            ("decide_reorderrecommendation", "Can approve and reject recommendations"),
            ("decide_any_value", "Can decide above the value limit"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "store", "recommendation_date"], name="recommendation_once_a_day"
            ),
            models.CheckConstraint(
                condition=~Q(status="approved") | Q(approved_quantity__gt=0),
                name="recommendation_approved_has_quantity",
            ),
        ]
        indexes = [
            # The buyer's list: pending rows, worst first, for all stores and for one.
            models.Index(fields=["status", "urgency_rank", "-money_at_risk"], name="recommendation_worst_first"),
            # The API's list, which shows every status, worst first.
            models.Index(fields=["urgency_rank", "-money_at_risk"], name="recommendation_any_status"),
            models.Index(fields=["store", "status", "urgency_rank"], name="recommendation_by_store"),
        ]

    def __str__(self) -> str:
        return f"{self.recommended_order_quantity} × {self.product} for {self.store}"

    @property
    def is_pending(self) -> bool:
        return self.status == self.Status.PENDING


class Decision(models.Model):
    """One person's decision on one recommendation: who, when, what, why, and what was shown. Never changed."""

    class Action(models.TextChoices):
        APPROVE = "approve", "Approve"
        REJECT = "reject", "Reject"

    recommendation = models.ForeignKey(ReorderRecommendation, on_delete=models.PROTECT, related_name="decisions")
    action = models.CharField(max_length=16, choices=Action.choices)
    quantity = models.PositiveIntegerField(null=True, blank=True)
    recommended_quantity = models.PositiveIntegerField()
    reason = models.CharField(max_length=500, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_by_name = models.CharField(max_length=150, help_text="Stays when the person's account goes.")
    decided_at = models.DateTimeField()
    shown = models.JSONField(default=dict, help_text="The facts that were on the page.")

    objects = DecisionQuerySet.as_manager()

    class Meta:
        db_table = "decisions"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(action="reject") | ~Q(reason=""),
                name="decision_reject_has_reason",
                violation_error_message="A rejection needs a reason.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} by {self.decided_by_name}"
