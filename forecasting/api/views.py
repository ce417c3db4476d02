"""Forecasts on demand and stored ones (PA-4, FM-3)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from forecasting.api.filters import ForecastFilters
from forecasting.api.generate import generate_for
from forecasting.api.serializers import (
    ForecastQuerySerializer,
    ForecastRowSerializer,
    ForecastSerializer,
    GeneratedSerializer,
    GenerateSerializer,
)
from forecasting.models import ProductDemandForecast
from invencare.lib import clock
from inventory.api.actors import scope_of
from inventory.api.pagination import LedgerPagination
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import Product, Store


class ForecastListViewSet(mixins.ListModelMixin, ApiViewSet):
    """Stored forecasts, newest first, and new ones."""

    # Not joined: with LIMIT, MariaDB would read the few stores first and sort all rows to find the first page.
    queryset = ProductDemandForecast.objects.prefetch_related("store", "product").order_by("-pk")
    serializer_class = ForecastRowSerializer
    pagination_class = LedgerPagination
    permissions_by_action = {
        "list": "forecasting.view_productdemandforecast",
        "create": "forecasting.add_productdemandforecast",
    }
    filterset_class = ForecastFilters

    def get_queryset(self) -> QuerySet[Any]:
        """Without the daily paths, the bulk of each row."""
        return super().get_queryset().defer("daily", "protection", "backtest_errors", "model_paths")

    @extend_schema(
        operation_id="forecasts_generate",
        summary="Forecast one product in one store now, by the models named",
        description=(
            "Models answer as they are, with intervals from their own backtest; what is served stays what the backtest "
            "chose. The same request on the same day writes over its forecast. A model that is not here is refused by name."
        ),
        request=GenerateSerializer,
        responses=GeneratedSerializer,
    )
    def create(self, request: Request) -> Response:
        query = self.read_body(GenerateSerializer)
        return Response(GeneratedSerializer(generate_for(query, scope=scope_of(request), now=clock.now())).data)


class ForecastViewSet(ApiViewSet):
    """One product's demand in one store, day by day with intervals and quantiles."""

    queryset = ProductDemandForecast.objects.select_related("store", "product").defer("backtest_errors", "model_paths")
    serializer_class = ForecastSerializer
    permissions_by_action = {"retrieve": "forecasting.view_productdemandforecast"}
    filter_backends = []
    lookup_field = "product_id"

    @extend_schema(
        summary="The newest stored forecast of a product in a store, or that of one day",
        parameters=[
            ForecastQuerySerializer,
            OpenApiParameter("product_id", str, OpenApiParameter.PATH, description="The product's SKU."),
        ],
    )
    def retrieve(self, request: Request, product_id: str) -> Response:
        query = self.read_query(ForecastQuerySerializer)
        store = known_row(Store.objects.visible_to(scope_of(request)), field="store_id", code=query["store_id"])
        product = known_row(Product.objects.all(), field="product_id", sku=product_id)
        forecasts = self.get_queryset().filter(store=store, product=product)
        if "forecast_date" in query:
            forecasts = forecasts.filter(forecast_date=query["forecast_date"])
        forecast = forecasts.order_by("-forecast_date", "-forecast_period").first()
        if forecast is None:
            raise NotFound("No such forecast has been made.")
        return Response(ForecastSerializer(forecast).data)
