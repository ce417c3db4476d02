"""What a person should look at."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from inventory.models.catalogue import Product
from inventory.models.places import Store
from inventory.querysets.alerts import AlertQuerySet


class Alert(models.Model):
    """One thing that is wrong now, once per cause. Opened and closed by ``inventory.services.alerts`` alone.

    ``money`` is what it is expected to cost if nobody acts, in ``currency``, and its rank; how it is reckoned is in
    ``inventory.services.alert_values``. A *pinned* alert has no price and stands above those that have one: everything
    else depends on it. People put alerts off (``snoozed_until``) and give them to somebody (``assigned_to``).
    """

    class Kind(models.TextChoices):
        OVERSOLD = "oversold", "Sold more than on hand"
        OUT_OF_STOCK = "out_of_stock", "Out of stock"
        BELOW_MINIMUM = "below_minimum", "At or below minimum"
        RUN_FAILED = "run_failed", "Run failed"
        MAIL_FAILED = "mail_failed", "Order not mailed"
        FILE_REJECTED = "file_rejected", "File with rejected rows"
        ORDER_OVERDUE = "order_overdue", "Order overdue"
        NIGHTLY_LATE = "nightly_late", "Nightly run late"
        DEAD_LETTERS = "dead_letters", "Events not applied"
        ANOMALY = "anomaly", "Unusual sales"

    class Severity(models.TextChoices):
        CRITICAL = "critical", "Critical"
        HIGH = "high", "High"
        MEDIUM = "medium", "Medium"

    kind = models.CharField(max_length=32, choices=Kind.choices)
    severity = models.CharField(max_length=16, choices=Severity.choices)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, blank=True, related_name="alerts")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, null=True, blank=True, related_name="alerts")
    message = models.CharField(max_length=300)
    cause_key = models.CharField(max_length=150, help_text="What it is about; one open alert per cause.")
    open_key = models.CharField(
        max_length=150, unique=True, null=True, blank=True, help_text="The cause while open; empty once closed."
    )
    money = models.DecimalField(
        "at stake", max_digits=16, decimal_places=2, default=0, help_text="Expected cost if nobody acts."
    )
    currency = models.CharField(max_length=3, blank=True)
    is_pinned = models.BooleanField("above the money", default=False)
    valued_at = models.DateTimeField(null=True, blank=True, help_text="When the money was reckoned; empty: not yet.")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True, help_text="Put off until then.")
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned_alerts"
    )

    objects = AlertQuerySet.as_manager()

    class Meta:
        db_table = "alerts"
        ordering = ["-id"]
        indexes = [
            # The open alerts of a store, worst first.
            models.Index(fields=["store", "closed_at", "is_pinned", "money", "id"], name="alert_ranked_by_store"),
            # The same over every store.
            models.Index(fields=["closed_at", "is_pinned", "money", "id"], name="alert_ranked"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(open_key__isnull=True) | Q(closed_at__isnull=True), name="alert_open_or_closed"
            ),
            models.CheckConstraint(condition=Q(money__gte=0), name="alert_money_not_negative"),
        ]

    def __str__(self) -> str:
        return self.message


class AlertPreference(models.Model):
    """How many alerts one person wants, of which stores, and when by mail. Whoever has none gets the defaults.

    Written by its owner in the admin or the API. ``stores`` can only narrow what the person may see; none is all of it.
    """

    MOST = 20
    HOUR = 7

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_preference", editable=False
    )
    most_alerts = models.PositiveSmallIntegerField(
        "most alerts",
        default=MOST,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="So many are shown and mailed, those with the most money at stake first; of the others the number.",
    )
    wants_digest = models.BooleanField(
        "daily digest", default=True, help_text="One e-mail a day with what is new, none where nothing is."
    )
    digest_hour = models.PositiveSmallIntegerField(
        default=HOUR,
        validators=[MaxValueValidator(23)],
        help_text="0 to 23, in the company's time zone.",
    )
    stores = models.ManyToManyField(Store, blank=True, related_name="+", help_text="None chosen: all that you may see.")

    class Meta:
        db_table = "alert_preferences"
        constraints = [
            models.CheckConstraint(
                condition=Q(most_alerts__gte=1, most_alerts__lte=100),
                name="alert_preference_most",
                violation_error_message="Choose 1 to 100 alerts.",
            ),
            models.CheckConstraint(
                condition=Q(digest_hour__lte=23),
                name="alert_preference_hour",
                violation_error_message="The hour is 0 to 23.",
            ),
        ]

    def __str__(self) -> str:
        return f"Alerts of {self.user}"


class AlertDigest(models.Model):
    """One person's mail of one day: claimed before it is sent, so that no day has two. Written by ``alert_digests``."""

    class Status(models.TextChoices):
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        NOTHING_NEW = "nothing_new", "Nothing new"
        FAILED = "failed", "Failed"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_digests")
    day = models.DateField(help_text="In the company's time zone.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.SENDING)
    attempts = models.PositiveSmallIntegerField(default=1)
    problem = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField()

    class Meta:
        db_table = "alert_digests"
        ordering = ["-day", "user"]
        constraints = [models.UniqueConstraint(fields=["user", "day"], name="alert_digest_once_a_day")]

    def __str__(self) -> str:
        return f"Digest of {self.day} for {self.user}"


class AlertDelivery(models.Model):
    """One cause that was mailed to one person; it is not mailed again while it is the same one."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="alert_deliveries")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    digest = models.ForeignKey(AlertDigest, on_delete=models.CASCADE, related_name="deliveries")
    cause_key = models.CharField(max_length=150)
    sent_at = models.DateTimeField()

    class Meta:
        db_table = "alert_deliveries"
        constraints = [models.UniqueConstraint(fields=["user", "alert"], name="alert_delivered_once")]
        indexes = [
            # Whether a cause that came back was mailed to this person a few days ago.
            models.Index(fields=["user", "cause_key", "sent_at"], name="alert_delivered_cause"),
        ]

    def __str__(self) -> str:
        return f"{self.alert} to {self.user}"
