from __future__ import annotations

from django.urls import path

from analytics.api.views import PerformanceViewSet

urlpatterns = [
    path("performance", PerformanceViewSet.as_view({"post": "create"}), name="performance"),
]
