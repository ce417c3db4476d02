"""Demand insights as the API takes and shows them (SPEC, DI)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from insights.models import CustomerScore, CustomerSegment, PriceElasticity
from inventory.api.strict import OutputSerializer, StrictSerializer

CUSTOMERS_AT_ONCE = 1_000
CURRENCY = "Three letters; the one with most customers or products, if left out."


class CurrencySerializer(StrictSerializer):
    currency = serializers.RegexField("^[A-Z]{3}$", required=False, default="", help_text=CURRENCY)


class SegmentsQuerySerializer(CurrencySerializer):
    n_clusters = serializers.IntegerField(
        required=False, min_value=2, max_value=10, help_text="Chosen from the data, if left out."
    )


class CustomersQuerySerializer(CurrencySerializer):
    customer_ids = serializers.ListField(
        child=serializers.CharField(max_length=64),
        required=False,
        allow_null=True,
        default=None,
        min_length=1,
        max_length=CUSTOMERS_AT_ONCE,
        help_text="Codes of customers; all of them, page by page, if left out.",
    )
    limit = serializers.IntegerField(required=False, default=100, min_value=1, max_value=CUSTOMERS_AT_ONCE)
    offset = serializers.IntegerField(required=False, default=0, min_value=0, max_value=10**9)


class AtRiskQuerySerializer(CurrencySerializer):
    threshold = serializers.FloatField(required=False, default=0.6, min_value=0, max_value=1)
    limit = serializers.IntegerField(required=False, default=100, min_value=1, max_value=CUSTOMERS_AT_ONCE)


class ElasticityQuerySerializer(CurrencySerializer):
    product_id = serializers.CharField(max_length=64, required=False, help_text="The product's SKU.")
    category = serializers.CharField(max_length=100, required=False, allow_blank=True)

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if "product_id" in data and "category" in data:
            raise serializers.ValidationError({"category": "Give a product or a category, not both."})
        return data


class PriceQuerySerializer(CurrencySerializer):
    product_id = serializers.CharField(max_length=64, help_text="The product's SKU.")
    current_price = serializers.FloatField(min_value=0.0001, max_value=1e9)
    current_quantity = serializers.FloatField(
        min_value=0.0001, max_value=1e12, help_text="Units of any period; the answer is of the same."
    )
    cost_per_unit = serializers.FloatField(min_value=0, max_value=1e9)
    most_step = serializers.FloatField(
        required=False, default=0.2, min_value=0, max_value=1, help_text="The largest change, as a share of the price."
    )
    least_margin = serializers.FloatField(
        required=False, default=0, min_value=0, max_value=0.99, help_text="What must stay of the price, as a share."
    )
    price_ending = serializers.FloatField(
        required=False, allow_null=True, default=None, min_value=0, max_value=0.9999, help_text="Such as 0.99."
    )
    use_category = serializers.BooleanField(
        required=False, default=False, help_text="Reckon with the category's elasticity where the product's is refused."
    )


class ForecastQuerySerializer(StrictSerializer):
    product_id = serializers.CharField(max_length=64, required=False, help_text="The product's SKU.")
    category_id = serializers.CharField(max_length=100, required=False, help_text="The category's name.")
    forecast_days = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=91,
        help_text="30, if left out, or as many as the night forecasts.",
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if "product_id" in data and "category_id" in data:
            raise serializers.ValidationError({"category_id": "Give a product or a category, not both."})
        return data


class ExpectedDaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField(read_only=True)
    expected_units = serializers.FloatField(read_only=True)
    lower_80 = serializers.FloatField(read_only=True, allow_null=True)
    upper_80 = serializers.FloatField(read_only=True, allow_null=True)
    lower_95 = serializers.FloatField(read_only=True, allow_null=True)
    upper_95 = serializers.FloatField(read_only=True, allow_null=True)


class ExpectedDemandSerializer(serializers.Serializer[Any]):
    product_id = serializers.CharField(read_only=True, allow_null=True)
    category_id = serializers.CharField(read_only=True, allow_null=True)
    forecast_days = serializers.IntegerField(read_only=True)
    series = serializers.IntegerField(read_only=True, help_text="Forecasts of a product in a store that were summed.")
    expected_units = serializers.FloatField(read_only=True, help_text="Over all the days.")
    days = ExpectedDaySerializer(many=True, read_only=True)
    feature_importance = serializers.DictField(
        child=serializers.FloatField(), read_only=True, help_text="Share of the gain of gradient boosting's trees."
    )


class AnalysisSerializer(serializers.Serializer[Any]):
    """What every answer says of where it comes from."""

    currency = serializers.CharField(read_only=True)
    first_date = serializers.DateField(read_only=True)
    as_of_date = serializers.DateField(read_only=True, help_text="Last day that was looked at.")
    analysed_at = serializers.DateTimeField(read_only=True)


class QualitySerializer(serializers.Serializer[Any]):
    n_clusters = serializers.IntegerField(read_only=True)
    silhouette = serializers.FloatField(read_only=True, help_text="−1 to 1; how far apart the segments lie.")
    stability = serializers.FloatField(read_only=True, help_text="Adjusted Rand index between resampled customers.")
    least_share = serializers.FloatField(read_only=True)
    passes = serializers.BooleanField(read_only=True)
    why_not = serializers.CharField(read_only=True)


class SegmentSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(read_only=True)
    customers = serializers.IntegerField(read_only=True)
    customer_share = serializers.FloatField(read_only=True)
    revenue = serializers.FloatField(read_only=True)
    revenue_share = serializers.FloatField(read_only=True)
    mean_recency_days = serializers.FloatField(read_only=True)
    mean_purchase_days = serializers.FloatField(read_only=True)
    mean_revenue = serializers.FloatField(read_only=True)
    median_recency_days = serializers.FloatField(read_only=True, allow_null=True)
    median_purchase_days = serializers.FloatField(read_only=True, allow_null=True)
    median_revenue = serializers.FloatField(read_only=True, allow_null=True)


class SegmentsSerializer(AnalysisSerializer):
    method = serializers.ChoiceField(choices=CustomerSegment.Method.choices, read_only=True)
    n_clusters = serializers.IntegerField(read_only=True, help_text="0: the rules of RFM.")
    reason = serializers.CharField(read_only=True, help_text="Why the rules are served and not K-means; else empty.")
    quality = QualitySerializer(read_only=True, allow_null=True)
    segments = SegmentSerializer(many=True, read_only=True)
    tried = QualitySerializer(many=True, read_only=True, help_text="Every number of segments that was tried.")
    migration: Any = serializers.DictField(
        read_only=True, help_text="`moves`: customers by their segment before and now, `since` the analysis before."
    )


class MoneyReportSerializer(serializers.Serializer[Any]):
    customers = serializers.IntegerField(read_only=True)
    mae = serializers.FloatField(read_only=True)
    rmse = serializers.FloatField(read_only=True)
    total_error = serializers.FloatField(read_only=True)
    rank_correlation = serializers.FloatField(read_only=True)


class LifetimeModelSerializer(serializers.Serializer[Any]):
    served = serializers.CharField(read_only=True, help_text="`bg_nbd` (with Gamma-Gamma) or `random_forest`.")
    reason = serializers.CharField(read_only=True, help_text="Why there are no values; else empty.")
    value_is = serializers.CharField(read_only=True, default="", help_text="`margin` or `revenue`.")
    purchase_model = serializers.CharField(read_only=True, default="")
    months = serializers.IntegerField(read_only=True, default=12)
    held_out_days = serializers.IntegerField(read_only=True, allow_null=True, default=None)
    held_out = serializers.DictField(child=MoneyReportSerializer(), read_only=True, default=dict)
    purchases: Any = serializers.DictField(read_only=True, allow_null=True, default=None)
    spending: Any = serializers.DictField(read_only=True, allow_null=True, default=None)
    remarks = serializers.ListField(child=serializers.CharField(), read_only=True, default=list)


class ChurnModelSerializer(serializers.Serializer[Any]):
    served = serializers.CharField(read_only=True, help_text="`gradient_boosting` or `recency_rule`.")
    reason = serializers.CharField(read_only=True, help_text="Why there are no scores; else empty.")
    promotion = serializers.CharField(read_only=True, default="")
    cutoffs = serializers.ListField(child=serializers.DateField(), read_only=True, default=list)
    longest_window_days = serializers.IntegerField(read_only=True, allow_null=True, default=None)
    held_out: Any = serializers.DictField(
        read_only=True, default=dict, help_text="AUC, Brier, lift and calibration at the last cut-off, of both."
    )
    importance = serializers.DictField(child=serializers.FloatField(), read_only=True, default=dict)


class LifetimeSerializer(OutputSerializer):
    customer_id = serializers.CharField(source="customer.code", read_only=True)

    class Meta:
        model = CustomerScore
        fields = [
            "customer_id",
            "clv",
            "clv_lower",
            "clv_upper",
            "clv_parametric",
            "clv_forest",
            "probability_alive",
            "expected_purchases",
            "purchase_days",
            "recency_days",
            "revenue",
            "segment",
        ]


class ChurnSerializer(OutputSerializer):
    customer_id = serializers.CharField(source="customer.code", read_only=True)

    class Meta:
        model = CustomerScore
        fields = [
            "customer_id",
            "churn_probability",
            "risk_level",
            "churn_window_days",
            "money_at_stake",
            "last_purchase",
            "recency_days",
            "purchase_days",
            "revenue",
            "segment",
        ]


class AtRiskSerializer(ChurnSerializer):
    home_store_id = serializers.CharField(source="home_store.code", read_only=True)

    class Meta(ChurnSerializer.Meta):
        fields = [*ChurnSerializer.Meta.fields, "clv", "value_if_stays", "home_store_id"]


class LifetimesSerializer(AnalysisSerializer):
    model = LifetimeModelSerializer(read_only=True)
    total = serializers.IntegerField(read_only=True)
    unknown_customer_ids = serializers.ListField(child=serializers.CharField(), read_only=True)
    customers = LifetimeSerializer(many=True, read_only=True)


class ChurnsSerializer(AnalysisSerializer):
    model = ChurnModelSerializer(read_only=True)
    total = serializers.IntegerField(read_only=True)
    unknown_customer_ids = serializers.ListField(child=serializers.CharField(), read_only=True)
    customers = ChurnSerializer(many=True, read_only=True)


class AtRiskListSerializer(AnalysisSerializer):
    threshold = serializers.FloatField(read_only=True)
    total = serializers.IntegerField(read_only=True, help_text="At or over the threshold, shown or not.")
    customers = AtRiskSerializer(many=True, read_only=True)


class ElasticitySerializer(OutputSerializer):
    product_id = serializers.CharField(source="product.sku", read_only=True, allow_null=True, default=None)

    class Meta:
        model = PriceElasticity
        fields = [
            "product_id",
            "category",
            "verdict",
            "reason",
            "elasticity",
            "standard_error",
            "lower",
            "upper",
            "own_elasticity",
            "own_standard_error",
            "r2",
            "observations",
            "distinct_prices",
            "price_variation",
            "lowest_price",
            "highest_price",
            "mean_price",
            "units_per_day",
            "products",
        ]


class ElasticitiesSerializer(AnalysisSerializer):
    results = ElasticitySerializer(many=True, read_only=True)


class OutcomeAtPriceSerializer(serializers.Serializer[Any]):
    price = serializers.FloatField(read_only=True)
    quantity = serializers.FloatField(read_only=True)
    quantity_lower = serializers.FloatField(read_only=True)
    quantity_upper = serializers.FloatField(read_only=True)
    revenue = serializers.FloatField(read_only=True)
    profit = serializers.FloatField(read_only=True)
    profit_lower = serializers.FloatField(read_only=True)
    profit_upper = serializers.FloatField(read_only=True)


class PriceAnswerSerializer(AnalysisSerializer):
    product_id = serializers.CharField(read_only=True)
    elasticity = serializers.FloatField(read_only=True)
    standard_error = serializers.FloatField(read_only=True)
    elasticity_of = serializers.ChoiceField(choices=["product", "category"], read_only=True)
    current = OutcomeAtPriceSerializer(read_only=True)
    best = OutcomeAtPriceSerializer(read_only=True)
    profit_change = serializers.FloatField(read_only=True)
    chance_of_more_profit = serializers.FloatField(read_only=True)
    free_optimum_price = serializers.FloatField(
        read_only=True, allow_null=True, help_text="Without bounds; null where demand is inelastic: there is none."
    )
    lowest_allowed_price = serializers.FloatField(read_only=True)
    highest_allowed_price = serializers.FloatField(read_only=True)
    lowest_observed_price = serializers.FloatField(read_only=True)
    highest_observed_price = serializers.FloatField(read_only=True)
    is_at_bound = serializers.BooleanField(read_only=True)
    binding = serializers.CharField(read_only=True, help_text="What kept the price from its free optimum; else empty.")
