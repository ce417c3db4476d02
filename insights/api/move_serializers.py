"""Proposals of transfers and of what to do with excess, as the API shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from insights.api.decision_serializers import DecisionSerializer
from insights.models import ExcessRecommendation, TransferRecommendation
from inventory.api.strict import OutputSerializer

SHARED = [
    "unit_cost",
    "recommended_quantity",
    "approved_quantity",
    "proposed_quantity",
    "proposed_by",
    "snoozed_until",
    "status",
    "version",
    "notes",
    "updated_at",
]


class _ProposalSerializer(OutputSerializer):
    product_id = serializers.CharField(source="product.sku", read_only=True)
    product_name = serializers.CharField(source="product.name", read_only=True)
    category = serializers.CharField(source="product.category", read_only=True)
    currency = serializers.CharField(source="store.currency", read_only=True)
    proposed_by = serializers.CharField(
        source="proposed_by_name", read_only=True, help_text="Whose proposal waits for a second person; else empty."
    )


class TransferRecommendationSerializer(_ProposalSerializer):
    from_store_id = serializers.CharField(source="from_store.code", read_only=True, help_text="Whose people decide.")
    to_store_id = serializers.CharField(source="to_store.code", read_only=True)

    class Meta:
        model = TransferRecommendation
        fields = [
            "id",
            "from_store_id",
            "to_store_id",
            "product_id",
            "product_name",
            "category",
            "recommendation_date",
            "sender_stock",
            "receiver_stock",
            "transfer_days",
            "supplier_days",
            "stockout_probability",
            "gain",
            "loss",
            "cost",
            "net_gain",
            "currency",
            *SHARED,
        ]


class TransferRecommendationDetailSerializer(TransferRecommendationSerializer):
    transfer_id = serializers.IntegerField(
        source="stock_transfer_line.transfer_id", read_only=True, allow_null=True, default=None
    )
    dossier: Any = serializers.DictField(
        read_only=True, help_text="Every input and step of the arithmetic behind the quantity."
    )
    decisions = DecisionSerializer(many=True, read_only=True)

    class Meta(TransferRecommendationSerializer.Meta):
        fields = [*TransferRecommendationSerializer.Meta.fields, "transfer_id", "dossier", "decisions"]


class ExcessRecommendationSerializer(_ProposalSerializer):
    store_id = serializers.CharField(source="store.code", read_only=True)

    class Meta:
        model = ExcessRecommendation
        fields = [
            "id",
            "store_id",
            "product_id",
            "product_name",
            "category",
            "recommendation_date",
            "action",
            "current_stock",
            "on_order_units",
            "wanted_units",
            "weeks_of_cover",
            "tied_up_value",
            "value_at_stake",
            "stop_until",
            "mark_down_to",
            "currency",
            *SHARED,
        ]


class ExcessRecommendationDetailSerializer(ExcessRecommendationSerializer):
    dossier: Any = serializers.DictField(
        read_only=True, help_text="Every input and step of the arithmetic behind the action."
    )
    decisions = DecisionSerializer(many=True, read_only=True)

    class Meta(ExcessRecommendationSerializer.Meta):
        fields = [*ExcessRecommendationSerializer.Meta.fields, "dossier", "decisions"]
