"""Alerts and a person's preferences, as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.api.strict import OutputSerializer, StrictSerializer
from inventory.models import Alert


class AlertSerializer(OutputSerializer):
    store_id = serializers.CharField(source="store.code", read_only=True, allow_null=True, default=None)
    product_id = serializers.CharField(source="product.sku", read_only=True, allow_null=True, default=None)
    assigned_to = serializers.CharField(
        source="assigned_to.username", read_only=True, allow_null=True, default=None, help_text="A user name."
    )
    money_at_stake = serializers.DecimalField(
        source="money", max_digits=16, decimal_places=2, read_only=True, help_text="Expected cost if nobody acts."
    )

    class Meta:
        model = Alert
        fields = [
            "id",
            "kind",
            "severity",
            "message",
            "store_id",
            "product_id",
            "money_at_stake",
            "currency",
            "is_pinned",
            "valued_at",
            "opened_at",
            "closed_at",
            "snoozed_until",
            "assigned_to",
        ]


class SnoozeAlertSerializer(StrictSerializer):
    until = serializers.DateTimeField(help_text="Within the next 90 days.")


class AssignAlertSerializer(StrictSerializer):
    assigned_to = serializers.CharField(
        max_length=150, allow_null=True, help_text="The user name of somebody who sees the alert's store; null: nobody."
    )


class AlertPreferenceSerializer(serializers.Serializer[Any]):
    most_alerts = serializers.IntegerField()
    wants_digest = serializers.BooleanField()
    digest_hour = serializers.IntegerField(help_text="0 to 23, in the company's time zone.")
    store_ids = serializers.ListField(child=serializers.CharField(), help_text="Empty: all that you may see.")


class ChangePreferenceSerializer(StrictSerializer):
    """What is left out stays."""

    most_alerts = serializers.IntegerField(required=False, min_value=1, max_value=100)
    wants_digest = serializers.BooleanField(required=False)
    digest_hour = serializers.IntegerField(required=False, min_value=0, max_value=23)
    store_ids = serializers.ListField(child=serializers.CharField(max_length=64), required=False, max_length=10_000)
