"""Product performance on demand (PA-1); stored metrics and trends (SP-3, SP-8, SP-12)."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.filters import (
    AnomalyFilters,
    ClassMoveFilters,
    PerformanceFilters,
    ProductClassFilters,
    SalesTrendFilters,
    StoreMetricsFilters,
)
from analytics.api.performance import analyse_for
from analytics.api.serializers import (
    AnomalyReasonSerializer,
    AnomalySerializer,
    ClassMoveSerializer,
    PerformanceQuerySerializer,
    PerformanceSerializer,
    ProductClassSerializer,
    SalesTrendSerializer,
    StoreMetricsSerializer,
)
from analytics.models import (
    Anomaly,
    AnomalyDecision,
    ClassMove,
    ProductClass,
    ProductPerformance,
    SalesTrend,
    StoreDailyMetrics,
)
from analytics.services.dismissing import MAY_DISMISS, decide_anomaly
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.pagination import LedgerPagination
from inventory.api.views.base import ApiViewSet


class NewestFirst(LedgerPagination):
    """By primary key alone: a million rows are never counted, and no row of these tables is ever back-dated by much."""

    period_parameters = frozenset()


@extend_schema_view(list=extend_schema(summary="Stored performance, newest day first"))
class PerformanceViewSet(mixins.ListModelMixin, ApiViewSet):
    """How products did in stores over a period."""

    # Stores and products by a query each: joined, MariaDB sorts the whole table to find a page.
    queryset = ProductPerformance.objects.prefetch_related("store", "product")
    serializer_class = PerformanceSerializer
    permissions_by_action = {
        "create": "analytics.view_productperformance",
        "list": "analytics.view_productperformance",
    }
    filterset_class = PerformanceFilters
    pagination_class = NewestFirst

    @extend_schema(
        summary="Analyse one product in one store over a period up to the last complete day",
        request=PerformanceQuerySerializer,
        responses=PerformanceSerializer,
    )
    def create(self, request: Request) -> Response:
        query = self.read_body(PerformanceQuerySerializer)
        row = analyse_for(query, scope=scope_of(request), now=clock.now())
        return Response(PerformanceSerializer(row).data)


@extend_schema_view(list=extend_schema(summary="Sales per store and business day, newest first"))
class StoreMetricsViewSet(mixins.ListModelMixin, ApiViewSet):
    """A store's business day in sums (SP-3), as of the last refresh."""

    queryset = StoreDailyMetrics.objects.select_related("store").order_by("-business_date", "store_id")
    serializer_class = StoreMetricsSerializer
    permissions_by_action = {"list": "inventory.view_dailysales"}
    filterset_class = StoreMetricsFilters


@extend_schema_view(list=extend_schema(summary="Tested trends of company, categories and stores, newest first"))
class SalesTrendViewSet(mixins.ListModelMixin, ApiViewSet):
    """Whether sales rise or fall over one and four weeks (SP-8). The company's and categories' need all stores."""

    queryset = SalesTrend.objects.select_related("store").order_by("-business_date", "pk")
    serializer_class = SalesTrendSerializer
    permissions_by_action = {"list": "analytics.view_salestrend"}
    filterset_class = SalesTrendFilters


@extend_schema_view(list=extend_schema(summary="Each product's ABC and XYZ classes in each store"))
class ProductClassViewSet(mixins.ListModelMixin, ApiViewSet):
    """Where products stand now: by revenue, by margin, and by how well they can be forecast."""

    queryset = ProductClass.objects.prefetch_related("store", "product")
    serializer_class = ProductClassSerializer
    permissions_by_action = {"list": "analytics.view_productclass"}
    filterset_class = ProductClassFilters
    pagination_class = NewestFirst


@extend_schema_view(list=extend_schema(summary="Products that moved from one class to another, newest first"))
class ClassMoveViewSet(mixins.ListModelMixin, ApiViewSet):
    """Every change of a class, in a store or over all stores; the company's need all stores."""

    queryset = ClassMove.objects.prefetch_related("store", "product")
    serializer_class = ClassMoveSerializer
    permissions_by_action = {"list": "analytics.view_classmove"}
    filterset_class = ClassMoveFilters
    pagination_class = NewestFirst


@extend_schema_view(
    list=extend_schema(summary="Days and weeks that were not as expected, the most money first within a day"),
    retrieve=extend_schema(summary="One anomaly"),
)
class AnomalyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ApiViewSet):
    """What lay outside of what its past made one expect (SP-7). Those over all stores need all stores."""

    queryset = Anomaly.objects.prefetch_related("store", "product").order_by("-business_date", "-money_size", "pk")
    serializer_class = AnomalySerializer
    permissions_by_action = {
        "list": "analytics.view_anomaly",
        "retrieve": "analytics.view_anomaly",
        "dismiss": MAY_DISMISS,
        "reopen": MAY_DISMISS,
    }
    filterset_class = AnomalyFilters

    @extend_schema(summary="Dismiss an anomaly, with a reason", request=AnomalyReasonSerializer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: str) -> Response:
        return self._decide(request, AnomalyDecision.Action.DISMISS)

    @extend_schema(summary="Open a dismissed anomaly again, with a reason", request=AnomalyReasonSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        return self._decide(request, AnomalyDecision.Action.REOPEN)

    def _decide(self, request: Request, step: str) -> Response:
        anomaly = self.get_object()
        decide_anomaly(
            anomaly_id=anomaly.pk,
            action=step,
            reason=self.read_body(AnomalyReasonSerializer)["reason"],
            actor=request.user,
            now=clock.now(),
            scope=scope_of(request),
        )
        return Response(AnomalySerializer(self.get_object()).data)
