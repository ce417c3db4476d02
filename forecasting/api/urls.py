from __future__ import annotations

from django.urls import path

from forecasting.api.accuracy import AccuracyViewSet, LeaderboardViewSet, WorstViewSet
from forecasting.api.views import ForecastListViewSet, ForecastViewSet

urlpatterns = [
    path("forecasts", ForecastListViewSet.as_view({"get": "list"}), name="forecast-list"),
    path("forecasts/generate", ForecastListViewSet.as_view({"post": "create"}), name="forecast-generate"),
    path("forecasts/accuracy", LeaderboardViewSet.as_view({"get": "retrieve"}), name="forecast-leaderboard"),
    path("forecasts/accuracy/worst", WorstViewSet.as_view({"get": "retrieve"}), name="forecast-worst"),
    path(
        "forecasts/<path:product_id>/accuracy", AccuracyViewSet.as_view({"get": "retrieve"}), name="forecast-accuracy"
    ),
    # Last: a SKU may be any word that is none of the above.
    path("forecasts/<path:product_id>", ForecastViewSet.as_view({"get": "retrieve"}), name="forecast-detail"),
]
