"""Forecasts, as the API takes and shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from forecasting.calc.config import DEFAULT_MODELS, NAMED_MODELS
from forecasting.calc.protection import LONGEST_DAYS
from forecasting.models import ForecastAccuracy, ForecastOverride, ProductDemandForecast
from forecasting.services.leaderboard import LIVE_WEEKS
from forecasting.services.outlook import overrides_of
from inventory.api.pagination import MAX_PAGE_SIZE
from inventory.api.strict import OutputSerializer, StrictSerializer

EARLIEST_FORECAST = date(2000, 1, 1)
INTERVALS = ("0.8", "0.95")
LEVELS = ("store", "category", "product", "company")
BASES = ("backtest", "live")
MAX_WEEKS = 53
MAX_WORST = 100


class GenerateSerializer(StrictSerializer):
    """What to forecast, how far ahead, and by which models."""

    product_id = serializers.CharField(max_length=64, help_text="The product's SKU.")
    store_id = serializers.CharField(max_length=64, help_text="The store's code.")
    forecast_period = serializers.IntegerField(
        min_value=1, max_value=LONGEST_DAYS, default=30, help_text="Days, from the first day that is forecast on."
    )
    models = serializers.ListField(
        child=serializers.ChoiceField(choices=NAMED_MODELS),
        allow_empty=False,
        max_length=len(NAMED_MODELS),
        default=list(DEFAULT_MODELS),
        help_text="Each answers for itself; `ensemble` is what is served.",
    )
    forecast_date = serializers.DateField(
        required=False,
        help_text="First day to forecast, from what was sold before it; today in the store, if left out.",
    )

    def validate_forecast_date(self, day: date) -> date:
        if day < EARLIEST_FORECAST:
            raise serializers.ValidationError(f"Not before {EARLIEST_FORECAST}.")
        return day


class GeneratedDaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    forecast = serializers.FloatField(help_text="Units.")
    confidence_interval_lower = serializers.FloatField(help_text="Units.")
    confidence_interval_upper = serializers.FloatField(help_text="Units.")


class GeneratedModelSerializer(serializers.Serializer[Any]):
    total = serializers.FloatField(help_text="Units over the whole period.")
    confidence_interval_lower = serializers.FloatField(help_text="Of the total.")
    confidence_interval_upper = serializers.FloatField(help_text="Of the total.")
    accuracy_score = serializers.FloatField(
        allow_null=True, help_text="100 × (1 - WAPE of the model's backtest), at least 0; null: not measurable."
    )
    daily = GeneratedDaySerializer(many=True)


class GeneratedSerializer(serializers.Serializer[Any]):
    product_id = serializers.CharField()
    store_id = serializers.CharField()
    forecast_period = serializers.IntegerField(help_text="Days.")
    models = serializers.ListField(child=serializers.ChoiceField(choices=NAMED_MODELS))
    forecast_date = serializers.DateField(help_text="First day that is forecast.")
    historical_data_points = serializers.IntegerField(help_text="Days of demand that are known.")
    served_model = serializers.CharField(help_text="What the backtest chose to be served.")
    served_reason = serializers.CharField()
    served_forecast = serializers.FloatField(help_text="Units over the whole period, of what is served.")
    confidence_level = serializers.FloatField(help_text="Of all intervals of this answer.")
    confidence_interval_lower = serializers.FloatField(help_text="Of what is served, over the whole period.")
    confidence_interval_upper = serializers.FloatField(help_text="Of what is served, over the whole period.")
    accuracy_score = serializers.FloatField(allow_null=True, help_text="Of what is served.")
    forecasts = serializers.DictField(child=GeneratedModelSerializer(), help_text="By model.")


class ForecastQuerySerializer(StrictSerializer):
    store_id = serializers.CharField(max_length=64, help_text="The store's code.")
    forecast_date = serializers.DateField(required=False, help_text="First day forecast; the newest, if left out.")


class DayEffectsSerializer(serializers.Serializer[Any]):
    """What moves one day away from the usual."""

    factor = serializers.FloatField(
        help_text="What events, holidays, days of the month and given multiples make of usual demand; 1: nothing."
    )
    events = serializers.ListField(
        child=serializers.CharField(),
        help_text="On the calendar when it was forecast: holidays, the days around, events.",
    )
    overrides = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of the overrides that changed this day."
    )


class ForecastDaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    mean = serializers.FloatField(help_text="Units, with what people laid over it.")
    baseline = serializers.FloatField(help_text="Units without their overrides; the mean where there are none.")
    lower_80 = serializers.FloatField(allow_null=True, help_text="80 of 100 days lie between this and `upper_80`.")
    upper_80 = serializers.FloatField(allow_null=True)
    lower_95 = serializers.FloatField(allow_null=True)
    upper_95 = serializers.FloatField(allow_null=True)
    quantiles = serializers.DictField(child=serializers.FloatField(), help_text="Units by probability, as “0.9”.")
    effects = DayEffectsSerializer()


class ForecastRowSerializer(OutputSerializer):
    """A stored forecast without its days."""

    product_id = serializers.CharField(source="product.sku", read_only=True)
    store_id = serializers.CharField(source="store.code", read_only=True)

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
            "sold_mean",
            "demand_mean",
            "created_at",
        ]


class ForecastSerializer(ForecastRowSerializer):
    """A stored forecast, day by day."""

    reason = serializers.SerializerMethodField(help_text="Why this model is served.")
    baseline_forecast = serializers.SerializerMethodField(
        help_text="What `ensemble_forecast` is without the overrides of people; null where there are none."
    )
    overrides = serializers.SerializerMethodField(help_text="The ids of the overrides laid over it.")
    rank = serializers.SerializerMethodField(help_text="Each model's place in the backtest, 1 the best.")
    daily = serializers.SerializerMethodField(help_text="One entry per day of the horizon.")

    class Meta(ForecastRowSerializer.Meta):
        fields = [*ForecastRowSerializer.Meta.fields, "baseline_forecast", "overrides", "reason", "rank", "daily"]

    def get_baseline_forecast(self, row: ProductDemandForecast) -> float | None:
        return row.daily["baseline"]["total"][0] if "baseline" in row.daily else None

    @extend_schema_field(serializers.ListField(child=serializers.IntegerField()))
    def get_overrides(self, row: ProductDemandForecast) -> list[int]:
        made: list[int] = row.daily.get("overrides", [])
        return made

    def get_reason(self, row: ProductDemandForecast) -> str:
        return str(row.daily.get("reason", ""))

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_rank(self, row: ProductDemandForecast) -> dict[str, int]:
        rank: dict[str, int] = row.daily.get("rank", {})
        return rank

    @extend_schema_field(ForecastDaySerializer(many=True))
    def get_daily(self, row: ProductDemandForecast) -> list[dict[str, Any]]:
        return days_of(row.forecast_date, row.daily, overrides_of(row))


def days_of(first: date, daily: dict[str, Any], overrides: Sequence[ForecastOverride]) -> list[dict[str, Any]]:
    """The stored columns (mean, intervals and quantiles, one number a day) as one entry per day, with what moved it."""
    effects: dict[str, Any] = daily.get("effects", {})
    quantiles: dict[str, list[float]] = daily.get("quantiles", {})
    baseline = daily.get("baseline", daily).get("mean", [])
    nothing = [None] * len(daily.get("mean", []))
    bounds = [daily.get("intervals", {}).get(level, [nothing, nothing]) for level in INTERVALS]
    return [
        {
            "date": first + timedelta(days=day),
            "mean": mean,
            "baseline": baseline[day],
            "lower_80": bounds[0][0][day],
            "upper_80": bounds[0][1][day],
            "lower_95": bounds[1][0][day],
            "upper_95": bounds[1][1][day],
            "quantiles": {probability: path[day] for probability, path in quantiles.items()},
            "effects": {
                "factor": effects.get("factor", {}).get(str(day), 1.0),
                "events": effects.get("events", {}).get(str(day), []),
                "overrides": [
                    one.pk for one in overrides if one.first_day <= first + timedelta(days=day) <= one.last_day
                ],
            },
        }
        for day, mean in enumerate(daily.get("mean", []))
    ]


class AccuracyQuerySerializer(StrictSerializer):
    store_id = serializers.CharField(max_length=64, help_text="The store's code.")


class LeaderboardQuerySerializer(StrictSerializer):
    level = serializers.ChoiceField(
        choices=LEVELS, default="store", help_text="What one row stands for; `company` is all that the actor may see."
    )
    basis = serializers.ChoiceField(
        choices=BASES,
        default="backtest",
        help_text="The newest backtests, or what came of what was served in the last measured weeks.",
    )
    store_id = serializers.CharField(required=False, max_length=64, help_text="The store's code; all, if left out.")
    category = serializers.CharField(required=False, max_length=100)
    weeks = serializers.IntegerField(min_value=1, max_value=MAX_WEEKS, default=LIVE_WEEKS, help_text="Of `live`.")
    weeks_ahead = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=13,
        help_text="Of `live`: 1 for what was forecast 1 to 7 days before, 2 for 8 to 14 days; all, if left out.",
    )
    page = serializers.IntegerField(required=False, min_value=1)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=MAX_PAGE_SIZE)


class MeasuresSerializer(serializers.Serializer[Any]):
    """null: could not be measured. Error = demand - forecast."""

    points = serializers.IntegerField(help_text="Days of series that were measured.")
    wape = serializers.FloatField(allow_null=True, help_text="Σ |error| / Σ demand.")
    bias = serializers.FloatField(allow_null=True, help_text="Σ error / Σ demand; above 0 the forecast was too low.")
    mase = serializers.FloatField(allow_null=True, help_text="Mean |error| / mean |change from a week before|.")
    rmsse = serializers.FloatField(allow_null=True)
    pinball = serializers.FloatField(allow_null=True, help_text="Mean loss of the quantiles, in units.")
    coverage_80 = serializers.FloatField(allow_null=True, help_text="Share of days within the 80 % interval.")
    coverage_95 = serializers.FloatField(allow_null=True)
    naive_wape = serializers.FloatField(allow_null=True, help_text="Of the seasonal naive, on the same days.")
    value_added = serializers.FloatField(
        allow_null=True, help_text="1 - error / error of the seasonal naive; under 0 the naive did better."
    )
    overridden_points = serializers.IntegerField(help_text="Days that people had overridden.")
    override_value_added = serializers.FloatField(
        allow_null=True, help_text="1 - error with the overrides / error without them, on the days overridden."
    )


class ModelMeasuresSerializer(serializers.Serializer[Any]):
    model = serializers.CharField()
    measured = serializers.IntegerField(help_text="Series, or (live) series' weeks, behind the measures.")
    served = serializers.IntegerField(help_text="In how many of them this model was served.")
    measures = MeasuresSerializer()


class GroupMeasuresSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="Store code, SKU or category; `company`.")
    name = serializers.CharField()
    measured = serializers.IntegerField()
    measures = MeasuresSerializer()


class LeaderboardSerializer(serializers.Serializer[Any]):
    level = serializers.ChoiceField(choices=LEVELS)
    basis = serializers.ChoiceField(choices=BASES)
    first = serializers.DateField(allow_null=True, help_text="First day forecast, or first measured Monday.")
    last = serializers.DateField(allow_null=True)
    models = ModelMeasuresSerializer(many=True, help_text="All of the selection by model, least WAPE first.")
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = GroupMeasuresSerializer(many=True, help_text="What is served, most error first.")


class WeekMeasuresSerializer(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="The Monday of the measured week.")
    model = serializers.CharField(help_text="The model that was served.")
    measures = MeasuresSerializer()


class LiveSerializer(serializers.Serializer[Any]):
    first = serializers.DateField(allow_null=True, help_text="First measured Monday; null: nothing has passed yet.")
    last = serializers.DateField(allow_null=True)
    served = MeasuresSerializer()
    models = ModelMeasuresSerializer(
        many=True,
        help_text="Every model on the same weeks, served or not, without people's overrides; least WAPE first.",
    )
    weeks = WeekMeasuresSerializer(many=True, help_text="Week by week, oldest first.")


class ModelBacktestSerializer(OutputSerializer):
    is_served = serializers.BooleanField(source="is_chosen", read_only=True)

    class Meta:
        model = ForecastAccuracy
        fields = [
            "model",
            "is_served",
            "rank",
            "forecast_date",
            "points",
            "demand_units",
            "wape",
            "bias",
            "mase",
            "rmsse",
            "pinball",
            "coverage_80",
            "coverage_95",
        ]


class ForecastAccuracySerializer(serializers.Serializer[Any]):
    product_id = serializers.CharField()
    store_id = serializers.CharField()
    backtest = ModelBacktestSerializer(many=True, help_text="The newest backtest of every model, best first.")
    live = LiveSerializer()


class WorstQuerySerializer(StrictSerializer):
    basis = serializers.ChoiceField(choices=BASES, default="backtest")
    order = serializers.ChoiceField(
        choices=["money", "units"], default="money", help_text="By money: of the stores with one currency."
    )
    currency = serializers.CharField(
        required=False, max_length=3, help_text="The one that most of the stores have, if left out."
    )
    store_id = serializers.CharField(required=False, max_length=64, help_text="The store's code; all, if left out.")
    category = serializers.CharField(required=False, max_length=100)
    weeks = serializers.IntegerField(min_value=1, max_value=MAX_WEEKS, default=LIVE_WEEKS, help_text="Of `live`.")
    limit = serializers.IntegerField(min_value=1, max_value=MAX_WORST, default=20)


class CauseSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Such as `short_history`, `promotion`, `level_shift`, `chance`.")
    text = serializers.CharField(help_text="For people.")
    numbers = serializers.DictField(child=serializers.FloatField(), help_text="Units, days, shares 0 to 1.")


class WorstSeriesSerializer(serializers.Serializer[Any]):
    store_id = serializers.CharField(source="store.code")
    product_id = serializers.CharField(source="product.sku")
    product_name = serializers.CharField(source="product.name")
    error_units = serializers.FloatField(help_text="Over the measured days; of a backtest, over 28 days.")
    error_money = serializers.FloatField(help_text="At the selling price, in the store's currency.")
    currency = serializers.CharField(source="store.currency")
    measures = MeasuresSerializer()
    causes = CauseSerializer(many=True, help_text="Facts beside the error, not shares of it.")


class WorstSerializer(serializers.Serializer[Any]):
    basis = serializers.ChoiceField(choices=BASES)
    currency = serializers.CharField(help_text="Of the stores that were looked at, by money.")
    other_currencies = serializers.ListField(child=serializers.CharField())
    results = WorstSeriesSerializer(many=True, help_text="Most error first.")
