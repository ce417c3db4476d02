"""Stored forecasts (FM-3, the reading part)."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from forecasting.api.serializers import ForecastQuerySerializer, ForecastSerializer
from forecasting.models import ProductDemandForecast
from inventory.api.actors import scope_of
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import Product, Store


class ForecastViewSet(ApiViewSet):
    """One product's demand in one store, day by day with quantiles."""

    queryset = ProductDemandForecast.objects.select_related("store", "product")
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
