"""What was learned from many series at once, kept so that every worker answers with the same model."""

from __future__ import annotations

from django.db import models

from forecasting.querysets.trained import TrainedModelQuerySet


class TrainedModel(models.Model):
    """One trained model: what it is called, what it learned from, how good it was, and the model itself.

    Written by a training task, read by workers, never changed; pruned when newer ones are there. One that is not promoted
    is kept for its numbers and serves nobody. ``recipe`` is the
    checksum of what decides the result beside the data (settings, seed, format), so that the same training is done
    once. ``payload`` is compressed JSON with plain numbers and text, never a pickle; ``checksum`` is its SHA-256.
    """

    class Kind(models.TextChoices):
        DEMAND = "demand", "Demand of all series"
        CUSTOMERS = "customers", "Customers"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    name = models.CharField(
        max_length=32, help_text="As it is called in forecasts and accuracy: gradient_boosting, lstm."
    )
    version = models.PositiveIntegerField(help_text="Counts up by name.")
    trained_from = models.DateField(help_text="First day that was looked at.")
    trained_until = models.DateField(help_text="Last day that was looked at.")
    recipe = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    features = models.JSONField(default=dict, help_text="What it looks at: trees’ gains by feature, or names.")
    metrics = models.JSONField(
        default=dict,
        help_text="Series, periods and seconds of the training; its trial: WAPE, bias, and the naive’s WAPE.",
    )
    is_promoted = models.BooleanField(
        "promoted",
        default=True,
        help_text="Whether it may serve: it did no worse than the seasonal naive on its trial.",
    )
    promotion_reason = models.CharField(max_length=200, blank=True)
    seed = models.PositiveIntegerField(default=0)
    code_version = models.CharField(max_length=64, blank=True)
    payload = models.BinaryField()
    size_bytes = models.PositiveIntegerField()
    checksum = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    objects = TrainedModelQuerySet.as_manager()

    class Meta:
        db_table = "trained_models"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "name", "version"], name="trained_model_version_once"),
            # Also finds the newest model of a name that had not seen a day.
            models.UniqueConstraint(
                fields=["kind", "name", "trained_until", "recipe"], name="trained_model_once_a_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}, trained until {self.trained_until}"
