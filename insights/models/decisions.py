"""What people decided, for which reasons, up to which limits, and what it was worth."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q

from insights.models.moves import ExcessRecommendation, TransferRecommendation
from insights.models.recommendations import ReorderRecommendation
from insights.querysets.recommendations import DecisionQuerySet, DecisionValueQuerySet
from inventory.models import Product, Store, Supplier


class DecisionReason(models.Model):
    """One reason that people choose from when they decide. Administrators edit the list."""

    class Kind(models.TextChoices):
        APPROVE = "approve", "Approve as recommended"
        CHANGE = "change", "Order another quantity"
        REJECT = "reject", "Reject"
        SNOOZE = "snooze", "Snooze"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    code = models.SlugField(max_length=32)
    label = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=100, help_text="The order in the list, smallest first.")
    is_active = models.BooleanField("offered", default=True)

    class Meta:
        db_table = "decision_reasons"
        ordering = ["kind", "position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "code"],
                name="decision_reason_once",
                violation_error_message="This kind of decision has a reason with this code.",
            )
        ]

    def __str__(self) -> str:
        return self.label


class DecisionLimit(models.Model):
    """How much money one person of a role may commit alone; beyond it, a second person has to approve.

    In the currency of each store. Whoever has several roles has the most generous of their limits.
    """

    role = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="decision_limit")
    most_per_decision = models.DecimalField(
        max_digits=16,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Order value of one decision. Empty: no limit.",
    )
    most_per_day = models.DecimalField(
        max_digits=16,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Order value of all decisions of one person on one day. Empty: no limit.",
    )

    class Meta:
        db_table = "decision_limits"
        ordering = ["role__name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(most_per_decision__isnull=True) | Q(most_per_decision__gte=0),
                name="decision_limit_not_negative",
                violation_error_message="A limit is 0 or more.",
            ),
            models.CheckConstraint(
                condition=Q(most_per_day__isnull=True) | Q(most_per_day__gte=0),
                name="decision_day_limit_not_negative",
                violation_error_message="A limit is 0 or more.",
            ),
        ]

    def __str__(self) -> str:
        return f"Limits of {self.role}"


class Decision(models.Model):
    """One step in the life of a recommendation: who, when, what, why, and what was shown. Never changed.

    It is about one row: an order, a transfer, or an excess (``row``).

    ``status_before`` and ``status_after`` are the recommendation's. ``quantity`` is what was decided against
    ``recommended_quantity``; ``value`` is what it commits, in the store's currency. An approval over somebody's
    limit is first a proposal; the approval of the second person names who proposed it. ``decided_by_name`` without
    ``decided_by`` is a person whose account is gone, or the site itself.
    """

    class Action(models.TextChoices):
        APPROVE = "approve", "Approve"
        PROPOSE = "propose", "Propose"
        REJECT = "reject", "Reject"
        SNOOZE = "snooze", "Snooze"
        RETURN = "return", "Come back"
        EXPIRE = "expire", "Expire"

    recommendation = models.ForeignKey(
        ReorderRecommendation, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    transfer_recommendation = models.ForeignKey(
        TransferRecommendation, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    excess_recommendation = models.ForeignKey(
        ExcessRecommendation, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    action = models.CharField(max_length=16, choices=Action.choices)
    status_before = models.CharField(max_length=16, blank=True)
    status_after = models.CharField(max_length=16, blank=True)
    quantity = models.PositiveIntegerField(null=True, blank=True)
    recommended_quantity = models.PositiveIntegerField()
    value = models.DecimalField(max_digits=18, decimal_places=4, default=0)
    reason_code = models.ForeignKey(
        DecisionReason, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    reason = models.CharField(max_length=500, blank=True)
    snoozed_until = models.DateField(null=True, blank=True)
    is_over_limit = models.BooleanField(default=False, help_text="More than whoever decided may commit alone.")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    proposed_by_name = models.CharField(max_length=150, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_by_name = models.CharField(max_length=150, help_text="Stays when the person's account goes.")
    decided_at = models.DateTimeField()
    numbers_age_days = models.PositiveIntegerField(default=0, help_text="How old the forecast was.")
    shown = models.JSONField(default=dict, help_text="The facts that were on the page.")

    objects = DecisionQuerySet.as_manager()

    class Meta:
        db_table = "decisions"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    recommendation__isnull=False,
                    transfer_recommendation__isnull=True,
                    excess_recommendation__isnull=True,
                )
                | Q(
                    recommendation__isnull=True,
                    transfer_recommendation__isnull=False,
                    excess_recommendation__isnull=True,
                )
                | Q(
                    recommendation__isnull=True,
                    transfer_recommendation__isnull=True,
                    excess_recommendation__isnull=False,
                ),
                name="decision_about_one_row",
                violation_error_message="A decision is about one order, one transfer or one excess.",
            ),
            models.CheckConstraint(
                condition=~Q(action="reject") | ~Q(reason="") | Q(reason_code__isnull=False),
                name="decision_reject_has_reason",
                violation_error_message="A rejection needs a reason.",
            ),
            models.CheckConstraint(
                condition=~Q(proposed_by=F("decided_by")),
                name="decision_second_is_not_first",
                violation_error_message="Nobody approves their own proposal.",
            ),
            models.CheckConstraint(
                condition=~Q(action="approve", is_over_limit=True) | ~Q(proposed_by_name=""),
                name="decision_over_limit_has_two",
                violation_error_message="An order over the limit needs somebody who proposed it and somebody else.",
            ),
            models.CheckConstraint(
                condition=~Q(action="snooze") | Q(snoozed_until__isnull=False),
                name="decision_snooze_has_day",
                violation_error_message="A snooze has a day on which it ends.",
            ),
        ]
        indexes = [
            # What one person has committed today; the list of one person's decisions.
            models.Index(fields=["decided_by", "decided_at"], name="decision_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} by {self.decided_by_name}"

    @property
    def row(self) -> Any:
        """What was decided: the order's, the transfer's or the excess's recommendation."""
        return self.recommendation or self.transfer_recommendation or self.excess_recommendation

    @property
    def is_changed(self) -> bool:
        """Whether another quantity than the recommended one was decided."""
        return self.quantity is not None and self.quantity != self.recommended_quantity

    @property
    def why(self) -> str:
        """The chosen reason and the typed one, in one line."""
        return ": ".join(text for text in (self.reason_code.label if self.reason_code else "", self.reason) if text)


class DecisionValue(models.Model):
    """What one approval or rejection was worth, once the days that the order had to cover were over.

    Written once by the nightly valuation (``insights.services.decision_value``), which replays those days with the
    decided quantity, the recommended one and none. Money is in the store's currency: a cost is the margin of lost
    sales plus the cost of holding. ``value`` > 0: the decision cost less than the recommendation would have.
    """

    class Kind(models.TextChoices):
        AS_RECOMMENDED = "as_recommended", "Approved as recommended"
        RAISED = "raised", "Ordered more"
        CUT = "cut", "Ordered less"
        REJECTED = "rejected", "Rejected"

    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="worth")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="+")
    supplier = models.ForeignKey(Supplier, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    first_day = models.DateField()
    last_day = models.DateField()
    demand_units = models.FloatField(help_text="Wanted in the period, with the estimate for days without stock.")
    estimated_units = models.FloatField(help_text="The part of the demand that was not seen but estimated.")
    needed_units = models.FloatField(help_text="The order that would have just lost nothing.")
    decided_units = models.PositiveIntegerField()
    recommended_units = models.PositiveIntegerField()
    lost_units = models.FloatField("lost units as decided")
    lost_units_recommended = models.FloatField()
    lost_units_none = models.FloatField("lost units without an order")
    stockout_days = models.PositiveSmallIntegerField("days with lost sales as decided")
    stockout_days_recommended = models.PositiveSmallIntegerField()
    stockout_days_none = models.PositiveSmallIntegerField()
    excess_units = models.FloatField("excess units as decided")
    excess_units_recommended = models.FloatField()
    excess_units_none = models.FloatField()
    cost = models.DecimalField("cost as decided", max_digits=16, decimal_places=2)
    cost_recommended = models.DecimalField(max_digits=16, decimal_places=2)
    cost_none = models.DecimalField(max_digits=16, decimal_places=2)
    value = models.DecimalField(
        max_digits=16, decimal_places=2, help_text="Cost as recommended less cost as decided: what the person added."
    )
    value_of_ordering = models.DecimalField(
        max_digits=16, decimal_places=2, help_text="Cost without an order less cost as decided."
    )
    forecast_value_added_units = models.FloatField(
        help_text="How many units nearer to what was needed than the recommendation; negative: farther away."
    )
    evaluated_at = models.DateTimeField()

    objects = DecisionValueQuerySet.as_manager()

    class Meta:
        db_table = "decision_values"
        ordering = ["-last_day", "-id"]
        indexes = [
            # The report of a period, for all stores and for one.
            models.Index(fields=["last_day"], name="decision_value_by_day"),
            models.Index(fields=["store", "last_day"], name="decision_value_by_store"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.value}"
