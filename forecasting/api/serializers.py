"""Stored forecasts, as the API shows them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from forecasting.models import ProductDemandForecast
from inventory.api.strict import OutputSerializer, StrictSerializer


class ForecastQuerySerializer(StrictSerializer):
    store_id = serializers.CharField(max_length=64, help_text="The store's code.")
    forecast_date = serializers.DateField(required=False, help_text="First day forecast; the newest, if left out.")


class ForecastDaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    mean = serializers.FloatField(help_text="Units.")
    quantiles = serializers.DictField(child=serializers.FloatField(), help_text="Units by probability, as “0.9”.")


class ForecastSerializer(OutputSerializer):
    product_id = serializers.CharField(source="product.sku", read_only=True)
    store_id = serializers.CharField(source="store.code", read_only=True)
    daily = serializers.SerializerMethodField(help_text="One entry per day of the horizon.")

    class Meta:
        model = ProductDemandForecast
        fields = [
            "product_id",
            "store_id",
            "forecast_date",
            "forecast_period",
            "model",
            "linear_forecast",
            "seasonal_forecast",
            "arima_forecast",
            "lstm_forecast",
            "ensemble_forecast",
            "confidence_interval_lower",
            "confidence_interval_upper",
            "forecast_accuracy_score",
            "historical_data_points",
            "daily",
            "created_at",
        ]

    @extend_schema_field(ForecastDaySerializer(many=True))
    def get_daily(self, row: ProductDemandForecast) -> list[dict[str, Any]]:
        return days_of(row.forecast_date, row.daily)


def days_of(first: date, daily: dict[str, Any]) -> list[dict[str, Any]]:
    """The stored columns (mean and quantiles, one number a day) as one entry per day."""
    quantiles: dict[str, list[float]] = daily.get("quantiles", {})
    return [
        {
            "date": first + timedelta(days=day),
            "mean": mean,
            "quantiles": {probability: path[day] for probability, path in quantiles.items()},
        }
        for day, mean in enumerate(daily.get("mean", []))
    ]
