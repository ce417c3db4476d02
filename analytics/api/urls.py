from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from analytics.api.views import (
    AnomalyViewSet,
    ClassMoveViewSet,
    PerformanceViewSet,
    ProductClassViewSet,
    SalesTrendViewSet,
    StoreMetricsViewSet,
)

router = SimpleRouter(trailing_slash=False)
router.register("trends", SalesTrendViewSet)
router.register("metrics", StoreMetricsViewSet)
router.register("product-classes", ProductClassViewSet)
router.register("class-moves", ClassMoveViewSet)
router.register("anomalies", AnomalyViewSet)

urlpatterns = [
    path("performance", PerformanceViewSet.as_view({"post": "create", "get": "list"}), name="performance"),
    *router.urls,
]
