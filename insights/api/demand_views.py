"""Customers and prices: what the analyses learned. Nothing is trained inside a request."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from insights.api import demand_answers
from insights.api.demand_serializers import (
    AtRiskListSerializer,
    AtRiskQuerySerializer,
    ChurnsSerializer,
    CustomersQuerySerializer,
    ElasticitiesSerializer,
    ElasticityQuerySerializer,
    ExpectedDemandSerializer,
    ForecastQuerySerializer,
    LifetimesSerializer,
    PriceAnswerSerializer,
    PriceQuerySerializer,
    SegmentsQuerySerializer,
    SegmentsSerializer,
)
from insights.models import CustomerScore, PriceElasticity
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.views.base import ApiViewSet

STALE = "503 (`model_missing`, `model_stale`) names the job to run where nothing was learned yet, or too long ago."


class CustomerInsightViewSet(ApiViewSet):
    """Segments, lifetime value and churn of customers at home in the actor's stores."""

    queryset = CustomerScore.objects.none()
    pagination_class = None
    filter_backends = []
    permissions_by_action = {
        "segments": "insights.view_customersegment",
        "clv": "insights.view_customerscore",
        "churn": "insights.view_customerscore",
        "at_risk": "insights.view_customerscore",
    }

    @extend_schema(
        summary="Segments of customers, named from their own numbers",
        description=f"K-means on recency, frequency and monetary value, or the rules of RFM where no number of segments is stable. {STALE}",
        parameters=[SegmentsQuerySerializer],
        responses=SegmentsSerializer,
    )
    def segments(self, request: Request) -> Response:
        return self._answered(demand_answers.segments_for, self.read_query(SegmentsQuerySerializer))

    @extend_schema(
        summary="Lifetime value of customers over 12 months, most valuable first",
        description=f"BG/NBD with Gamma-Gamma beside a random forest, with the held-out error of both. {STALE}",
        request=CustomersQuerySerializer,
        responses=LifetimesSerializer,
    )
    def clv(self, request: Request) -> Response:
        return self._answered(demand_answers.lifetimes_for, self.read_body(CustomersQuerySerializer))

    @extend_schema(
        summary="Churn probability of customers, most likely first",
        description=f"Within the customer's own window; with AUC and calibration at the last cut-off. {STALE}",
        request=CustomersQuerySerializer,
        responses=ChurnsSerializer,
    )
    def churn(self, request: Request) -> Response:
        return self._answered(demand_answers.churn_for, self.read_body(CustomersQuerySerializer))

    @extend_schema(
        summary="Customers who are likely to stay away, most money at stake first",
        description=STALE,
        parameters=[AtRiskQuerySerializer],
        responses=AtRiskListSerializer,
    )
    def at_risk(self, request: Request) -> Response:
        return self._answered(demand_answers.at_risk_for, self.read_query(AtRiskQuerySerializer))

    def _answered(self, answer: Any, query: Any) -> Response:
        return Response(answer(query, scope=scope_of(self.request), now=clock.now()))


class PriceInsightViewSet(ApiViewSet):
    """How demand answers to price, and the price that earns most."""

    queryset = PriceElasticity.objects.none()
    pagination_class = None
    filter_backends = []
    permissions_by_action = {
        "elasticity": "insights.view_priceelasticity",
        "optimization": "insights.view_priceelasticity",
    }

    @extend_schema(
        summary="Price elasticity of a product, of a category with its products, or of every category",
        description=f"Log-log with item, store and week effects; `verdict` and `reason` say where it cannot be told. {STALE}",
        request=ElasticityQuerySerializer,
        responses=ElasticitiesSerializer,
    )
    def elasticity(self, request: Request) -> Response:
        return self._answered(demand_answers.elasticities_for, self.read_body(ElasticityQuerySerializer))

    @extend_schema(
        summary="The price that maximises profit within bounds",
        description=f"Within the prices observed ± 10 %, the largest step and the margin floor. 409 where the product's elasticity cannot be told. {STALE}",
        request=PriceQuerySerializer,
        responses=PriceAnswerSerializer,
    )
    def optimization(self, request: Request) -> Response:
        return self._answered(demand_answers.best_price_for, self.read_body(PriceQuerySerializer))

    def _answered(self, answer: Any, query: Any) -> Response:
        return Response(answer(query, scope=scope_of(self.request), now=clock.now()))


class DemandForecastViewSet(ApiViewSet):
    """The demand expected of a product, a category or everything in the actor's stores."""

    queryset = PriceElasticity.objects.none()
    pagination_class = None
    filter_backends = []
    permissions_by_action = {"forecast": "forecasting.view_productdemandforecast"}

    @extend_schema(
        summary="Demand expected of a product, a category or everything",
        description=(
            "The newest night's forecasts, in which gradient boosting takes part, summed from the bottom: categories agree "
            f"with their products. Intervals are of the whole company alone. {STALE}"
        ),
        request=ForecastQuerySerializer,
        responses=ExpectedDemandSerializer,
    )
    def forecast(self, request: Request) -> Response:
        query = self.read_body(ForecastQuerySerializer)
        return Response(demand_answers.forecast_for(query, scope=scope_of(self.request), now=clock.now()))
