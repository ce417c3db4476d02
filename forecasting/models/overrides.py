"""What people know better than the forecast."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from forecasting.querysets.overrides import ForecastOverrideQuerySet
from inventory.models import Product, Store


class ForecastOverride(models.Model):
    """One person's correction of one product's forecast in one store for some days, with the reason.

    Written by ``forecasting.services.overrides``; never changed and never deleted: a wrong one is withdrawn, and the row
    says by whom and when. ``amount`` is units per day to set or to add, or the factor to multiply by.
    """

    class Action(models.TextChoices):
        SET = "set", "Set to (units per day)"
        MULTIPLY = "multiply", "Multiply by"
        ADD = "add", "Add (units per day)"

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="forecast_overrides")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="forecast_overrides")
    first_day = models.DateField()
    last_day = models.DateField(help_text="Included.")
    action = models.CharField(max_length=16, choices=Action.choices)
    amount = models.FloatField(help_text="Units per day, or the factor.")
    reason = models.CharField(max_length=500)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_by_name = models.CharField("by", max_length=150)
    created_at = models.DateTimeField("at")
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    withdrawn_by_name = models.CharField("withdrawn by", max_length=150, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="Empty: it is in force.")
    withdrawal_reason = models.CharField(max_length=500, blank=True)

    objects = ForecastOverrideQuerySet.as_manager()

    class Meta:
        db_table = "forecast_overrides"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")),
                name="forecast_override_ends_after_it_begins",
                violation_error_message="The last day is not before the first.",
            ),
            models.CheckConstraint(
                condition=Q(action="add") | Q(amount__gte=0),
                name="forecast_override_amount_not_negative",
                violation_error_message="Demand cannot be set to, or multiplied by, less than 0.",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="forecast_override_has_a_reason",
                violation_error_message="Say why: the reason is kept with the override.",
            ),
        ]
        indexes = [
            # The overrides in force of a chunk's products, and those of one product's page.
            models.Index(fields=["store", "product", "last_day"], name="forecast_override_by_series"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {self.amount:g}, {self.first_day} to {self.last_day}"

    @property
    def is_active(self) -> bool:
        return self.withdrawn_at is None
