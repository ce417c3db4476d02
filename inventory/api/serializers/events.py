"""Stock events, as the API answers and shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.api.strict import OutputSerializer
from inventory.calc.events.verdicts import OUTCOMES
from inventory.models import StockEvent
from inventory.services.events import EventResult


class EventResultSerializer(serializers.Serializer[EventResult]):
    """What became of one event: 200 applied, 404 nothing to remove, 400 rejected, 409 stale or received before."""

    event_id = serializers.CharField(source="received.identity", help_text="Its own, or the one it got.")
    status = serializers.IntegerField(min_value=200, max_value=409)
    outcome = serializers.ChoiceField(choices=OUTCOMES)
    reason = serializers.CharField(help_text="Why it was not applied; empty if it was.")
    fields = serializers.DictField(  # type: ignore[assignment]  # the name in every refusal of the API
        source="errors", child=serializers.CharField(), help_text="What is wrong, by field."
    )
    warning = serializers.CharField(help_text="What a person should look at though it was applied.")
    before_units = serializers.IntegerField(allow_null=True)
    after_units = serializers.IntegerField(allow_null=True)


class EventResultsSerializer(serializers.Serializer[Any]):
    """One result an event, in the order sent."""

    results = EventResultSerializer(many=True)


class StockEventSerializer(OutputSerializer):
    """One event that was received, with what became of it."""

    event_id = serializers.CharField(source="identity", read_only=True)
    store_id = serializers.CharField(source="store.code", read_only=True, allow_null=True, default=None)
    product_id = serializers.CharField(source="product.sku", read_only=True, allow_null=True, default=None)

    class Meta:
        model = StockEvent
        fields = [
            "id",
            "event_id",
            "event_type",
            "outcome",
            "reason",
            "warning",
            "store_id",
            "product_id",
            "quantity",
            "before_units",
            "after_units",
            "occurred_at",
            "received_at",
            "source",
            "sender",
            "payload",
        ]
