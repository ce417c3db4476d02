"""Where alerts are sent, and what was sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from inventory.models.alerts import Alert


class WebhookEndpoint(models.Model):
    """One program that wants to be told of alerts: a webhook, or a topic of SNS. Written by administrators.

    The webhook's secret is made from ``salt`` and the site's SECRET_KEY: who reads the table alone can sign nothing.
    """

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", "Webhook"
        SNS = "sns", "SNS topic"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.WEBHOOK)
    address = models.CharField(max_length=500, help_text="https://… of the webhook, or the topic's ARN.")
    alert_kinds = models.JSONField(default=list, blank=True, help_text="None chosen: every kind of alert.")
    salt = models.CharField(max_length=64, editable=False)
    is_active = models.BooleanField("active", default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(editable=False)

    class Meta:
        db_table = "webhook_endpoints"
        ordering = ["name"]

    def __str__(self) -> str:
        return str(self.name)


class WebhookDelivery(models.Model):
    """One message to one endpoint: that an alert opened, or that it closed. Written by ``services.webhooks`` alone.

    Pending rows are the queue: what is due is claimed by moving ``next_attempt_at`` on, then sent.
    """

    class Event(models.TextChoices):
        OPENED = "alert.opened", "Alert opened"
        CLOSED = "alert.closed", "Alert closed"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        DELIVERED = "delivered", "Delivered"
        FAILED = "failed", "Given up"

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="webhook_deliveries")
    event = models.CharField(max_length=16, choices=Event.choices)
    body = models.TextField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_answer = models.CharField(max_length=300, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "webhook_deliveries"
        verbose_name_plural = "webhook deliveries"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "alert", "event"], name="webhook_delivery_once")]
        indexes = [
            # What is due now.
            models.Index(fields=["status", "next_attempt_at"], name="webhook_delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} to {self.endpoint}"
