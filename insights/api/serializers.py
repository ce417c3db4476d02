"""Recommendations and runs, as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from insights.api.decision_serializers import DecisionSerializer
from insights.models import AnalysisRun, ReorderRecommendation
from inventory.api.actors import scope_of
from inventory.api.strict import OutputSerializer, StrictSerializer
from inventory.models import Store


class RecommendationSerializer(OutputSerializer):
    store_id = serializers.CharField(source="store.code", read_only=True)
    product_id = serializers.CharField(source="product.sku", read_only=True)
    product_name = serializers.CharField(source="product.name", read_only=True)
    category = serializers.CharField(source="product.category", read_only=True)
    supplier_id = serializers.CharField(source="supplier.code", read_only=True, allow_null=True, default=None)
    proposed_by = serializers.CharField(
        source="proposed_by_name", read_only=True, help_text="Whose proposal waits for a second person; else empty."
    )

    class Meta:
        model = ReorderRecommendation
        fields = [
            "id",
            "store_id",
            "product_id",
            "product_name",
            "category",
            "supplier_id",
            "recommendation_date",
            "current_stock",
            "on_order_units",
            "minimum_stock",
            "maximum_stock",
            "projected_demand_14_days",
            "recommended_order_quantity",
            "approved_quantity",
            "proposed_quantity",
            "proposed_by",
            "snoozed_until",
            "unit_cost",
            "money_at_risk",
            "stockout_probability",
            "urgency_level",
            "abc_class",
            "status",
            "version",
            "notes",
            "updated_at",
        ]


class RecommendationDetailSerializer(RecommendationSerializer):
    dossier: Any = serializers.DictField(
        read_only=True, help_text="Every input and step of the arithmetic behind the quantity."
    )
    decisions = DecisionSerializer(many=True, read_only=True)
    purchase_order_id = serializers.IntegerField(
        source="purchase_order_line.purchase_order_id", read_only=True, allow_null=True, default=None
    )

    class Meta(RecommendationSerializer.Meta):
        fields = [*RecommendationSerializer.Meta.fields, "purchase_order_id", "dossier", "decisions"]


class RunSerializer(OutputSerializer):
    class Meta:
        model = AnalysisRun
        fields = [
            "id",
            "kind",
            "business_date",
            "status",
            "series_total",
            "series_done",
            "series_failed",
            "message",
            "code_version",
            "created_at",
            "started_at",
            "finished_at",
        ]


class FailureSerializer(serializers.Serializer[Any]):
    store = serializers.CharField()
    product = serializers.CharField()
    step = serializers.CharField()
    message = serializers.CharField()


class RunDetailSerializer(RunSerializer):
    failures = serializers.SerializerMethodField(help_text="The first 200, of the stores that you may see.")

    class Meta(RunSerializer.Meta):
        fields = [*RunSerializer.Meta.fields, "failures"]

    @extend_schema_field(FailureSerializer(many=True))
    def get_failures(self, run: AnalysisRun) -> list[dict[str, Any]]:
        scope = scope_of(self.context["request"])
        if scope.all_stores:
            return list(run.failures)
        codes = set(Store.objects.visible_to(scope).values_list("code", flat=True))
        return [failure for failure in run.failures if failure.get("store") in codes]


class StartRunSerializer(StrictSerializer):
    business_date = serializers.DateField(
        required=False,
        allow_null=True,
        default=None,
        help_text="The day to analyse; the last complete one, if left out.",
    )
