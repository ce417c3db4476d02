from __future__ import annotations

from django.urls import path

from forecasting.api.views import ForecastViewSet

urlpatterns = [
    path("forecasts/<path:product_id>", ForecastViewSet.as_view({"get": "retrieve"}), name="forecast-detail"),
]
