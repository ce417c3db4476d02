from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from forecasting.api.planning import CalendarEventViewSet, ForecastOverrideViewSet, ForecastTotalViewSet
from forecasting.api.views import ForecastViewSet

router = SimpleRouter(trailing_slash=False)
router.register("calendar-events", CalendarEventViewSet)
router.register("forecast-overrides", ForecastOverrideViewSet)

urlpatterns = [
    *router.urls,
    path("forecasts/totals", ForecastTotalViewSet.as_view({"get": "list"}), name="forecast-totals"),
    # Last: a SKU may be any word that is none of the above.
    path("forecasts/<path:product_id>", ForecastViewSet.as_view({"get": "retrieve"}), name="forecast-detail"),
]
