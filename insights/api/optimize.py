"""PA-6 behind its doors: from checked input to the answer, the same for the REST call, the task and the Lambda call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from insights.calc.replenishment.config import SERVICE_SHARE
from insights.models import ReorderRecommendation, ServiceTarget
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.errors import NotHere
from inventory.api.strict import OutputSerializer, StrictSerializer
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import Store
from inventory.querysets.scope import StoreScope


class OptimizeQuerySerializer(StrictSerializer):
    """Which store, which of its products, and what the orders aim at."""

    store_id = serializers.CharField(max_length=64, help_text="The store's code.")
    include_all_products = serializers.BooleanField(
        default=False,
        help_text="False: only stock at or under 1.2 × its minimum, or at or over 0.9 × its maximum.",
    )
    optimization_goal = serializers.ChoiceField(
        choices=sorted(SERVICE_SHARE),
        required=False,
        help_text="`cost`: the least expected cost; `service_level`: the class's fill rate; `balanced`: half way. The company's, if left out.",
    )
    budget = serializers.FloatField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=1e12,
        help_text="Money for all orders of the store, spent where it saves most; none, if left out.",
    )


class OptimizedProductSerializer(serializers.Serializer[Any]):
    product_id = serializers.CharField()
    product_name = serializers.CharField()
    category = serializers.CharField()
    current_stock = serializers.IntegerField(help_text="Units on hand.")
    recommended_stock = serializers.IntegerField(help_text="Units wanted when an order of now comes in.")
    recommended_order_quantity = serializers.IntegerField(help_text="Units.")
    urgency_level = serializers.ChoiceField(choices=ReorderRecommendation.Urgency.choices)
    recommendation_type = serializers.ChoiceField(choices=["order", "wait", "reduce", "maintain"])
    estimated_daily_demand = serializers.FloatField(allow_null=True, help_text="Units; null without a forecast.")
    days_of_stock_current = serializers.FloatField(allow_null=True)
    service_level = serializers.FloatField(help_text="Fill rate that the class aims at.")
    stockout_probability = serializers.FloatField(allow_null=True, help_text="Without the order.")
    estimated_cost_savings = serializers.FloatField(help_text="Expected cost without the order, less that with it.")
    reasoning = serializers.CharField()
    implementation_priority = serializers.IntegerField(help_text="1 is the most pressing.")


class OptimizeFailureSerializer(serializers.Serializer[Any]):
    product_id = serializers.CharField()
    message = serializers.CharField()


class OptimizedSerializer(serializers.Serializer[Any]):
    store_id = serializers.CharField()
    include_all_products = serializers.BooleanField()
    optimization_goal = serializers.CharField()
    recommendation_date = serializers.DateField()
    forecast_date = serializers.DateField(allow_null=True)
    total_recommendations = serializers.IntegerField()
    recommendations = OptimizedProductSerializer(many=True)
    failures = OptimizeFailureSerializer(many=True, help_text="Products that could not be planned; the others were.")


def optimize_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> dict[str, Any]:
    """Optimise what ``OptimizeQuerySerializer`` has checked, for a store of the actor's."""
    store = known_row(Store.objects.visible_to(scope), field="store_id", code=query["store_id"])
    try:  # numeric: at the top it would load numpy into every web process
        from insights.services.optimize import optimize_store
    except ModuleNotFoundError as error:
        raise NotHere from error
    done = optimize_store(
        store=store,
        now=now,
        include_all_products=query["include_all_products"],
        goal=query.get("optimization_goal", ""),
        budget=query["budget"],
    )
    answer = {
        "store_id": store.code,
        "include_all_products": query["include_all_products"],
        "optimization_goal": done.goal,
        "recommendation_date": done.recommendation_date,
        "forecast_date": done.forecast_date,
        "total_recommendations": len(done.recommendations),
        "recommendations": done.recommendations,
        "failures": done.failures,
    }
    return dict(OptimizedSerializer(answer).data)


class OptimizeViewSet(ApiViewSet):
    """What to order for a store now (PA-6)."""

    queryset = ReorderRecommendation.objects.none()
    serializer_class = OptimizedSerializer
    permissions_by_action = {"create": "insights.decide_reorderrecommendation"}
    filter_backends = []

    @extend_schema(
        operation_id="optimize",
        summary="Plan a store's orders now, and write the day's pending recommendations",
        description=(
            "Uses the newest stored forecast and the stock as it is. Rows that somebody decided, snoozed or proposed stay as "
            "they are. A product that cannot be planned is named under `failures` and stops no other."
        ),
        request=OptimizeQuerySerializer,
        responses=OptimizedSerializer,
    )
    def create(self, request: Request) -> Response:
        query = self.read_body(OptimizeQuerySerializer)
        return Response(optimize_for(query, scope=scope_of(request), now=clock.now()))


class ServiceTargetSerializer(OutputSerializer):
    name = serializers.CharField(read_only=True, help_text="The class: AX, A, or empty for products without one.")

    class Meta:
        model = ServiceTarget
        fields = ["id", "name", "abc_class", "xyz_class", "fill_rate"]


class ServiceTargetViewSet(mixins.ListModelMixin, ApiViewSet):
    """The fill rates that orders aim at, by ABC × XYZ class."""

    queryset = ServiceTarget.objects.all()
    serializer_class = ServiceTargetSerializer
    permissions_by_action = {"list": "insights.view_servicetarget"}
    ordering_fields = ["abc_class", "xyz_class", "fill_rate"]
