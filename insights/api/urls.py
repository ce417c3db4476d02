from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from insights.api.dashboard import DashboardViewSet
from insights.api.decision_views import DecisionReasonViewSet, DecisionWorthViewSet
from insights.api.demand_views import CustomerInsightViewSet, DemandForecastViewSet, PriceInsightViewSet
from insights.api.move_views import ExcessRecommendationViewSet, TransferRecommendationViewSet
from insights.api.optimize import OptimizeViewSet, ServiceTargetViewSet
from insights.api.report_views import ForecastSummaryViewSet, InventoryReportViewSet
from insights.api.views import RecommendationViewSet, RunViewSet

router = SimpleRouter(trailing_slash=False)
router.register("recommendations", RecommendationViewSet)
router.register("transfer-recommendations", TransferRecommendationViewSet)
router.register("excess-recommendations", ExcessRecommendationViewSet)
router.register("runs", RunViewSet, basename="run")

urlpatterns = [
    *router.urls,
    path("dashboard", DashboardViewSet.as_view({"get": "retrieve", "post": "create"}), name="dashboard"),
    path("optimize", OptimizeViewSet.as_view({"post": "create"}), name="optimize"),
    path("service-targets", ServiceTargetViewSet.as_view({"get": "list"}), name="service-targets"),
    path("decisions/value", DecisionWorthViewSet.as_view({"get": "list"}), name="decision-value"),
    path("reports/forecast-summary", ForecastSummaryViewSet.as_view({"get": "list"}), name="report-forecasts"),
    path(
        "reports/inventory-recommendations",
        InventoryReportViewSet.as_view({"get": "list"}),
        name="report-recommendations",
    ),
    path("decisions/reasons", DecisionReasonViewSet.as_view({"get": "list"}), name="decision-reasons"),
    path("demand-insights/segments", CustomerInsightViewSet.as_view({"get": "segments"}), name="insight-segments"),
    path("demand-insights/forecast", DemandForecastViewSet.as_view({"post": "forecast"}), name="insight-forecast"),
    path("demand-insights/clv", CustomerInsightViewSet.as_view({"post": "clv"}), name="insight-clv"),
    path("demand-insights/churn", CustomerInsightViewSet.as_view({"post": "churn"}), name="insight-churn"),
    path(
        "demand-insights/at-risk-customers",
        CustomerInsightViewSet.as_view({"get": "at_risk"}),
        name="insight-at-risk",
    ),
    path(
        "demand-insights/price-elasticity",
        PriceInsightViewSet.as_view({"post": "elasticity"}),
        name="insight-elasticity",
    ),
    path(
        "demand-insights/price-optimization",
        PriceInsightViewSet.as_view({"post": "optimization"}),
        name="insight-best-price",
    ),
]
