"""Product performance on demand (PA-1); stored metrics and trends (SP-3, SP-8, SP-12)."""

from __future__ import annotations

from datetime import timedelta

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.filters import SalesTrendFilters, StoreMetricsFilters
from analytics.api.serializers import (
    PerformanceQuerySerializer,
    PerformanceSerializer,
    SalesTrendSerializer,
    StoreMetricsSerializer,
)
from analytics.models import ProductPerformance, SalesTrend, StoreDailyMetrics
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.errors import NotHere
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import Product, Store


class PerformanceViewSet(ApiViewSet):
    """How one product did in one store over a period."""

    queryset = ProductPerformance.objects.all()
    serializer_class = PerformanceSerializer
    permissions_by_action = {"create": "analytics.view_productperformance"}

    @extend_schema(
        summary="Analyse one product in one store over a period up to the last complete day",
        request=PerformanceQuerySerializer,
        responses=PerformanceSerializer,
    )
    def create(self, request: Request) -> Response:
        query = self.read_body(PerformanceQuerySerializer)
        store = known_row(Store.objects.visible_to(scope_of(request)), field="store_id", code=query["store_id"])
        product = known_row(Product.objects.all(), field="product_id", sku=query["product_id"])
        try:  # numeric: at the top it would load numpy into every web process
            from analytics.services.performance import analyse_performance
        except ModuleNotFoundError as error:
            raise NotHere from error
        now = clock.now()
        rows = analyse_performance(
            store=store,
            product_ids=[product.pk],
            analysis_date=clock.business_date(now, store.zone) - timedelta(days=1),
            period_days=query["analysis_period"],
            now=now,
        )
        return Response(PerformanceSerializer(rows[0]).data)


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
