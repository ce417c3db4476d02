"""Product performance on demand (PA-1)."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.performance import analyse_for
from analytics.api.serializers import PerformanceQuerySerializer, PerformanceSerializer
from analytics.models import ProductPerformance
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.views.base import ApiViewSet


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
        row = analyse_for(query, scope=scope_of(request), now=clock.now())
        return Response(PerformanceSerializer(row).data)
