"""Calendar events, overrides and totals, as the API shows and takes them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from forecasting.models import CalendarEvent, DemandForecastTotal, ForecastOverride
from inventory.api.actors import scope_of
from inventory.api.strict import OutputSerializer, StrictModelSerializer, StrictSerializer
from inventory.models import Product, Store

REASON_LENGTH = 500
MOST_NAMED = 500


class OwnStoresField(serializers.SlugRelatedField[Store]):
    """Stores by their codes, of those that the actor may see: another one's does not exist."""

    def get_queryset(self) -> Any:
        request = self.context.get("request")
        return Store.objects.visible_to(scope_of(request)) if request else Store.objects.none()


class CalendarEventSerializer(StrictModelSerializer):
    """The input and output of an event; ``store_ids`` and ``product_ids`` are codes and SKUs."""

    store_ids = OwnStoresField(
        source="stores",
        slug_field="code",
        many=True,
        required=False,
        queryset=Store.objects.all(),
        help_text="Codes; none: all stores, or all of the country.",
    )
    product_ids = serializers.SlugRelatedField(
        source="products",
        slug_field="sku",
        many=True,
        required=False,
        queryset=Product.objects.all(),
        help_text="SKUs; none, and no categories: every product.",
    )
    categories = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, max_length=MOST_NAMED, help_text="Names."
    )

    class Meta:
        model = CalendarEvent
        fields = [
            "id",
            "name",
            "kind",
            "first_day",
            "last_day",
            "country",
            "region",
            "store_ids",
            "product_ids",
            "categories",
            "given_uplift",
            "is_active",
            "created_by_name",
            "created_at",
            "updated_at",
        ]
        read_only_fields = ["created_by_name", "created_at", "updated_at"]


class ForecastOverrideSerializer(OutputSerializer):
    product_id = serializers.CharField(source="product.sku", read_only=True)
    store_id = serializers.CharField(source="store.code", read_only=True)
    is_active = serializers.BooleanField(read_only=True)

    class Meta:
        model = ForecastOverride
        fields = [
            "id",
            "product_id",
            "store_id",
            "first_day",
            "last_day",
            "action",
            "amount",
            "reason",
            "is_active",
            "created_by_name",
            "created_at",
            "withdrawn_by_name",
            "withdrawn_at",
            "withdrawal_reason",
        ]


class AddOverrideSerializer(StrictSerializer):
    product_id = serializers.CharField(max_length=64, help_text="The product's SKU.")
    store_id = serializers.CharField(max_length=64, help_text="The store's code.")
    first_day = serializers.DateField()
    last_day = serializers.DateField(help_text="Included.")
    action = serializers.ChoiceField(choices=ForecastOverride.Action.choices)
    amount = serializers.FloatField(help_text="Units per day to set or to add, or the factor.")
    reason = serializers.CharField(max_length=REASON_LENGTH)


class WithdrawOverrideSerializer(StrictSerializer):
    reason = serializers.CharField(max_length=REASON_LENGTH)


class IntervalsSerializer(serializers.Serializer[Any]):
    """Lower and upper bounds."""

    lower_80 = serializers.FloatField()
    upper_80 = serializers.FloatField()
    lower_95 = serializers.FloatField()
    upper_95 = serializers.FloatField()


class TotalDaySerializer(IntervalsSerializer):
    mean = serializers.FloatField(help_text="Units.")


class ForecastTotalSerializer(OutputSerializer):
    store_id = serializers.CharField(source="store.code", read_only=True, allow_null=True, default=None)
    product_id = serializers.CharField(source="product.sku", read_only=True, allow_null=True, default=None)
    horizon = serializers.SerializerMethodField(help_text="All days together.")
    daily = serializers.SerializerMethodField(help_text="One entry per day of the horizon.")

    class Meta:
        model = DemandForecastTotal
        fields = [
            "id",
            "level",
            "store_id",
            "category",
            "product_id",
            "forecast_date",
            "forecast_period",
            "series",
            "horizon",
            "daily",
            "created_at",
        ]

    @extend_schema_field(TotalDaySerializer)
    def get_horizon(self, total: DemandForecastTotal) -> dict[str, float]:
        return _with_bounds(total.horizon["mean"], total.horizon["intervals"])

    @extend_schema_field(TotalDaySerializer(many=True))
    def get_daily(self, total: DemandForecastTotal) -> list[dict[str, float]]:
        intervals = total.daily["intervals"]
        return [
            _with_bounds(mean, {level: [side[day] for side in sides] for level, sides in intervals.items()})
            for day, mean in enumerate(total.daily["mean"])
        ]


def _with_bounds(mean: float, intervals: dict[str, list[float]]) -> dict[str, float]:
    named = {"0.8": "80", "0.95": "95"}
    bounds = {
        f"{side}_{named[level]}": bound
        for level, sides in intervals.items()
        for side, bound in zip(("lower", "upper"), sides, strict=True)
    }
    return {"mean": mean, **bounds}
