from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from insights.api.decision_views import DecisionReasonViewSet, DecisionWorthViewSet
from insights.api.move_views import ExcessRecommendationViewSet, TransferRecommendationViewSet
from insights.api.report_views import ForecastSummaryViewSet, InventoryReportViewSet
from insights.api.views import RecommendationViewSet, RunViewSet

router = SimpleRouter(trailing_slash=False)
router.register("recommendations", RecommendationViewSet)
router.register("transfer-recommendations", TransferRecommendationViewSet)
router.register("excess-recommendations", ExcessRecommendationViewSet)
router.register("runs", RunViewSet, basename="run")

urlpatterns = [
    *router.urls,
    path("decisions/value", DecisionWorthViewSet.as_view({"get": "list"}), name="decision-value"),
    path("reports/forecast-summary", ForecastSummaryViewSet.as_view({"get": "list"}), name="report-forecasts"),
    path(
        "reports/inventory-recommendations",
        InventoryReportViewSet.as_view({"get": "list"}),
        name="report-recommendations",
    ),
    path("decisions/reasons", DecisionReasonViewSet.as_view({"get": "list"}), name="decision-reasons"),
]
