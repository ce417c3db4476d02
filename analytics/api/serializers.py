"""PA-1 as the API takes and shows it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from analytics.models import Anomaly, ClassMove, ProductClass, ProductPerformance, SalesTrend, StoreDailyMetrics
from analytics.services.dismissing import REASON_LENGTH
from inventory.api.strict import OutputSerializer, StrictSerializer

MAX_PERIOD_DAYS = 730


class PerformanceQuerySerializer(StrictSerializer):
    product_id = serializers.CharField(max_length=64, help_text="The product's SKU.")
    store_id = serializers.CharField(max_length=64, help_text="The store's code.")
    analysis_period = serializers.IntegerField(
        min_value=1, max_value=MAX_PERIOD_DAYS, default=30, help_text="Days, up to the last complete one."
    )


class ScorePartSerializer(serializers.Serializer[Any]):
    points = serializers.FloatField()
    of = serializers.FloatField(help_text="The most points that this part can give.")
    why = serializers.CharField()


class PerformanceSerializer(OutputSerializer):
    product_id = serializers.CharField(source="product.sku", read_only=True)
    store_id = serializers.CharField(source="store.code", read_only=True)
    product_name = serializers.CharField(source="product.name", read_only=True)
    category = serializers.CharField(source="product.category", read_only=True)
    store_name = serializers.CharField(source="store.name", read_only=True)
    analysis_period = serializers.IntegerField(source="period_days", read_only=True)
    score_parts: Any = serializers.DictField(
        child=ScorePartSerializer(), read_only=True, help_text="What the score is made of, by part."
    )

    class Meta:
        model = ProductPerformance
        fields = [
            "product_id",
            "store_id",
            "analysis_period",
            "period_type",
            "product_name",
            "category",
            "store_name",
            "total_sales_volume",
            "total_sales_revenue",
            "average_sale_price",
            "sales_velocity",
            "inventory_turnover",
            "days_inventory_outstanding",
            "average_stock_units",
            "stock_out_days",
            "sell_through",
            "gross_margin",
            "gross_margin_return",
            "lost_units",
            "lost_revenue",
            "stock_value",
            "last_sale_on",
            "movement",
            "current_stock",
            "minimum_stock",
            "maximum_stock",
            "stock_status",
            "stock_risk",
            "abc_classification",
            "margin_class",
            "performance_score",
            "score_parts",
            "transaction_count",
            "analysis_date",
        ]

    abc_classification = serializers.CharField(
        source="abc_class", read_only=True, help_text="A, B or C by share of the store's revenue; empty without sales."
    )


class StoreMetricsSerializer(OutputSerializer):
    store_id = serializers.CharField(source="store.code", read_only=True)
    currency = serializers.CharField(source="store.currency", read_only=True)

    class Meta:
        model = StoreDailyMetrics
        fields = [
            "store_id",
            "business_date",
            "currency",
            "units",
            "returned_units",
            "revenue",
            "transactions",
            "products_sold",
            "promotion_lines",
            "out_of_stock_seconds",
        ]


class SalesTrendSerializer(OutputSerializer):
    store_id = serializers.CharField(source="store.code", read_only=True, default=None, allow_null=True)

    class Meta:
        model = SalesTrend
        fields = [
            "business_date",
            "level",
            "store_id",
            "category",
            "currency",
            "metric",
            "window_days",
            "known_days",
            "mean_per_day",
            "slope_per_day",
            "slope_low",
            "slope_high",
            "tau",
            "p_value",
            "verdict",
        ]


class ProductClassSerializer(OutputSerializer):
    product_id = serializers.CharField(source="product.sku", read_only=True)
    store_id = serializers.CharField(source="store.code", read_only=True)

    class Meta:
        model = ProductClass
        fields = [
            "product_id",
            "store_id",
            "abc_class",
            "margin_class",
            "abc_on",
            "xyz_class",
            "xyz_on",
            "week_error",
            "error_basis",
            "error_weeks",
        ]


class ClassMoveSerializer(OutputSerializer):
    product_id = serializers.CharField(source="product.sku", read_only=True)
    store_id = serializers.CharField(
        source="store.code", read_only=True, default=None, allow_null=True, help_text="Empty: the company's classes."
    )

    class Meta:
        model = ClassMove
        fields = ["product_id", "store_id", "currency", "scheme", "moved_on", "from_class", "to_class"]


class AnomalySerializer(OutputSerializer):
    store_id = serializers.CharField(source="store.code", read_only=True, default=None, allow_null=True)
    product_id = serializers.CharField(source="product.sku", read_only=True, default=None, allow_null=True)

    class Meta:
        model = Anomaly
        fields = [
            "id",
            "business_date",
            "level",
            "store_id",
            "product_id",
            "category",
            "currency",
            "metric",
            "kind",
            "actual",
            "expected",
            "lower",
            "upper",
            "deviations",
            "money",
            "stands_out",
            "status",
        ]


class AnomalyReasonSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH, help_text="Why; kept with who and when.")
