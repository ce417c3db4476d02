"""Product performance on demand (PA-1)."""

from __future__ import annotations

from datetime import timedelta

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.serializers import PerformanceQuerySerializer, PerformanceSerializer
from analytics.models import ProductPerformance
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
