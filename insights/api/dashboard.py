"""PA-8 as the API takes and shows it, and behind its doors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from insights.services.dashboard.payload import DAILY, PERIODS, dashboard_answer
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.strict import StrictSerializer
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import Store
from inventory.querysets.scope import StoreScope

NEEDED = "analytics.view_productperformance"


def money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=24, decimal_places=2, **options)


class DashboardQuerySerializer(StrictSerializer):
    store_id = serializers.CharField(
        max_length=64,
        required=False,
        allow_null=True,
        default=None,
        help_text="A store's code; left out, all of yours.",
    )
    currency = serializers.CharField(
        max_length=3,
        required=False,
        default="",
        help_text="Only stores that trade in it; needed where yours trade in several.",
    )
    period = serializers.ChoiceField(
        choices=list(PERIODS), default=DAILY, help_text="What the summary holds: the last day, 7 days or 4 weeks."
    )
    include_forecasts = serializers.BooleanField(default=True)
    include_recommendations = serializers.BooleanField(default=True)


class DashboardSalesSerializer(serializers.Serializer[Any]):
    revenue = money()
    transactions = serializers.IntegerField(help_text="Sale lines.")
    units = serializers.IntegerField(help_text="Net of returns.")
    distinct_products = serializers.IntegerField()
    average_transaction_value = money(allow_null=True, help_text="Per sale line.")
    revenue_before = money(help_text="Of the period that this one is compared with.")
    units_before = serializers.IntegerField()


class HealthPartSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    points = serializers.FloatField()
    of = serializers.FloatField(help_text="The most points that this part can give.")
    why = serializers.CharField()


class DashboardStockSerializer(serializers.Serializer[Any]):
    products = serializers.IntegerField()
    units = serializers.IntegerField()
    value = money(help_text="At unit cost.")
    low = serializers.IntegerField(help_text="Stock levels: products in stores.")
    out = serializers.IntegerField()
    overstocked = serializers.IntegerField()
    stock_health_score = serializers.FloatField(allow_null=True, help_text="0 to 100, the sum of its parts.")
    stock_health_parts = HealthPartSerializer(many=True)


class DashboardSummarySerializer(serializers.Serializer[Any]):
    sales = DashboardSalesSerializer()
    inventory = DashboardStockSerializer()


class DashboardProductSerializer(serializers.Serializer[Any]):
    product_id = serializers.CharField()
    product_name = serializers.CharField()
    category = serializers.CharField()
    units = serializers.IntegerField()
    revenue = money()


class DashboardCategorySerializer(serializers.Serializer[Any]):
    category = serializers.CharField()
    units = serializers.IntegerField()
    revenue = money()
    share_of_revenue = serializers.FloatField(allow_null=True)
    revenue_before = money()


class DashboardAlertSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    type = serializers.CharField()
    severity = serializers.CharField()
    message = serializers.CharField()
    store_id = serializers.CharField(allow_null=True)
    product_id = serializers.CharField(allow_null=True)
    money_at_stake = money()
    opened_at = serializers.DateTimeField()


class TrendBucketSerializer(serializers.Serializer[Any]):
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    revenue = money()
    units = serializers.IntegerField()
    transactions = serializers.IntegerField()


class DashboardForecastSerializer(serializers.Serializer[Any]):
    forecast_date = serializers.DateField()
    forecast_period = serializers.IntegerField(help_text="Days.")
    series = serializers.IntegerField()
    expected_units = serializers.FloatField()
    confidence_level = serializers.FloatField()
    confidence_interval_lower = serializers.FloatField(allow_null=True)
    confidence_interval_upper = serializers.FloatField(allow_null=True)


class UrgencyCountsSerializer(serializers.Serializer[Any]):
    critical = serializers.IntegerField()
    high = serializers.IntegerField()
    medium = serializers.IntegerField()
    low = serializers.IntegerField()


class DashboardRecommendationsSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    by_urgency = UrgencyCountsSerializer()
    money_at_risk = money()


class DashboardSerializer(serializers.Serializer[Any]):
    store_id = serializers.CharField(allow_null=True)
    period = serializers.ChoiceField(choices=list(PERIODS))
    include_forecasts = serializers.BooleanField()
    include_recommendations = serializers.BooleanField()
    first_day = serializers.DateField()
    last_day = serializers.DateField(help_text="The newest day with sales that is over.")
    currency = serializers.CharField()
    sales_as_of = serializers.DateTimeField(allow_null=True, help_text="Later sales are not in yet.")
    stock_as_of = serializers.DateTimeField(allow_null=True)
    nightly_is_late = serializers.BooleanField()
    summary = DashboardSummarySerializer()
    top_products = DashboardProductSerializer(many=True)
    category_performance = DashboardCategorySerializer(many=True)
    inventory_alerts = DashboardAlertSerializer(many=True, help_text="At most 20, most money at stake first.")
    sales_trends = TrendBucketSerializer(many=True, help_text="7 days, 4 weeks or 12 months.")
    demand_forecasts = DashboardForecastSerializer(allow_null=True)
    recommendations = DashboardRecommendationsSerializer(allow_null=True)


class DashboardViewSet(ApiViewSet):
    """The dashboard of one store, or of all of the actor's."""

    queryset = Store.objects.none()
    serializer_class = DashboardSerializer
    permissions_by_action = {"retrieve": NEEDED, "create": NEEDED}
    filter_backends = []
    pagination_class = None

    @extend_schema(summary="Sales, stock, alerts, forecast and proposals", parameters=[DashboardQuerySerializer])
    def retrieve(self, request: Request) -> Response:
        return self._answer(self.read_query(DashboardQuerySerializer))

    @extend_schema(
        operation_id="dashboard_generate",
        summary="The same, asked for by a body",
        request=DashboardQuerySerializer,
        responses={200: DashboardSerializer},
    )
    def create(self, request: Request) -> Response:
        return self._answer(self.read_body(DashboardQuerySerializer))

    def _answer(self, query: Mapping[str, Any]) -> Response:
        answer = dashboard_for(query, scope=scope_of(self.request), now=clock.now())
        return Response(DashboardSerializer(answer).data)


def dashboard_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> dict[str, Any]:
    """The dashboard that ``DashboardQuerySerializer`` has checked, of a store of the actor's or of all of them."""
    code = query["store_id"]
    stores = Store.objects.visible_to(scope)
    return dashboard_answer(
        scope=scope,
        store=known_row(stores, field="store_id", code=code) if code else None,
        currency=query["currency"],
        period=query["period"],
        include_forecasts=query["include_forecasts"],
        include_recommendations=query["include_recommendations"],
        now=now,
    )
