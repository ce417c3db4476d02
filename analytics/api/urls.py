from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from analytics.api.views import PerformanceViewSet, SalesTrendViewSet, StoreMetricsViewSet

router = SimpleRouter(trailing_slash=False)
router.register("trends", SalesTrendViewSet)
router.register("metrics", StoreMetricsViewSet)

urlpatterns = [
    path("performance", PerformanceViewSet.as_view({"post": "create"}), name="performance"),
    *router.urls,
]
