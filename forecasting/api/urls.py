from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from forecasting.api.accuracy import AccuracyViewSet, LeaderboardViewSet, WorstViewSet
from forecasting.api.planning import CalendarEventViewSet, ForecastOverrideViewSet, ForecastTotalViewSet
from forecasting.api.views import ForecastListViewSet, ForecastViewSet

router = SimpleRouter(trailing_slash=False)
router.register("calendar-events", CalendarEventViewSet)
router.register("forecast-overrides", ForecastOverrideViewSet)

urlpatterns = [
    path("forecasts", ForecastListViewSet.as_view({"get": "list"}), name="forecast-list"),
    path("forecasts/generate", ForecastListViewSet.as_view({"post": "create"}), name="forecast-generate"),
    path("forecasts/accuracy", LeaderboardViewSet.as_view({"get": "retrieve"}), name="forecast-leaderboard"),
    path("forecasts/accuracy/worst", WorstViewSet.as_view({"get": "retrieve"}), name="forecast-worst"),
    path(
        "forecasts/<path:product_id>/accuracy", AccuracyViewSet.as_view({"get": "retrieve"}), name="forecast-accuracy"
    ),
    *router.urls,
    path("forecasts/totals", ForecastTotalViewSet.as_view({"get": "list"}), name="forecast-totals"),
    # Last: a SKU may be any word that is none of the above.
    path("forecasts/<path:product_id>", ForecastViewSet.as_view({"get": "retrieve"}), name="forecast-detail"),
]
