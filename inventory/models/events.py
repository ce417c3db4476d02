"""Stock events as they were received, and what became of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from inventory.calc.events.contract import EVENT_TYPES
from inventory.models.catalogue import Product
from inventory.models.codes import CodeField
from inventory.models.places import Store
from inventory.querysets.events import StockEventQuerySet


class StockEvent(models.Model):
    """One event that was received, once, whatever the door: applied, or kept with the reason why not.

    Written by ``inventory.services.events`` alone, in the transaction of its effect; never deleted. Rejected rows are
    the dead letters: a person replays or discards them. What was received again has no second row.
    """

    class Outcome(models.TextChoices):
        APPLIED = "applied", "Applied"
        UNKNOWN = "unknown", "Nothing to remove"
        REJECTED = "rejected", "Rejected"
        STALE = "stale", "Stale"
        DISCARDED = "discarded", "Discarded"

    class Source(models.TextChoices):
        STREAM = "stream", "Stream"
        API = "api", "API"
        GENERATOR = "generator", "Generator"

    identity = CodeField(max_length=100, unique=True, help_text="Its own event_id, else the stream's shard and number.")
    event_type = models.CharField("type", max_length=32, blank=True, choices=[(name, name) for name in EVENT_TYPES])
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    reason = models.CharField(max_length=500, blank=True, help_text="Why it was not applied, by field.")
    warning = models.CharField(max_length=500, blank=True)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, null=True, blank=True, related_name="stock_events")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="stock_events")
    quantity = models.BigIntegerField("quantity (units)", null=True, blank=True)
    before_units = models.BigIntegerField("before", null=True, blank=True)
    after_units = models.BigIntegerField("after", null=True, blank=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    source = models.CharField(max_length=16, choices=Source.choices)
    sender = models.CharField(max_length=150, blank=True, help_text="Stream, user or API key.")
    sequence_number = models.CharField(max_length=128, blank=True)
    payload = models.TextField(help_text="As received; base64 where it was no text.")

    objects = StockEventQuerySet.as_manager()

    class Meta:
        db_table = "stock_events"
        ordering = ["-id"]
        indexes = [
            # The dead letters, and any other outcome that is rare, newest first (the primary key comes last).
            models.Index(fields=["outcome"], name="stock_event_by_outcome"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome="applied")
                | Q(store__isnull=False, product__isnull=False, before_units__isnull=False, after_units__isnull=False),
                name="stock_event_applied_somewhere",
                violation_error_message="An applied event names its store, its product and the stock before and after.",
            ),
            models.CheckConstraint(
                condition=~Q(outcome__in=["rejected", "discarded"]) | ~Q(reason=""),
                name="stock_event_refused_for_a_reason",
                violation_error_message="An event that is not applied has a reason.",
            ),
        ]

    def __str__(self) -> str:
        return str(self.identity)


class StockEventStep(models.Model):
    """One thing that was done with an event after it was received: replayed, sent again corrected, discarded.

    Never changed. ``payload_before`` holds what the event said until then, where the step changed it.
    """

    class Kind(models.TextChoices):
        REPLAYED = "replayed", "Replayed"
        CORRECTED = "corrected", "Sent again, corrected"
        DISCARDED = "discarded", "Discarded"

    event = models.ForeignKey(StockEvent, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    actor_name = models.CharField(max_length=150, blank=True)
    note = models.CharField(max_length=500, blank=True, help_text="Why, in the words of who did it.")
    outcome_before = models.CharField(max_length=16, choices=StockEvent.Outcome.choices)
    outcome_after = models.CharField(max_length=16, choices=StockEvent.Outcome.choices)
    reason_before = models.CharField(max_length=500, blank=True)
    reason_after = models.CharField(max_length=500, blank=True)
    payload_before = models.TextField(blank=True)

    class Meta:
        db_table = "stock_event_steps"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_outcome_after_display()}"
