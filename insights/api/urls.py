from __future__ import annotations

from rest_framework.routers import SimpleRouter

from insights.api.views import RecommendationViewSet, RunViewSet

router = SimpleRouter(trailing_slash=False)
router.register("recommendations", RecommendationViewSet)
router.register("runs", RunViewSet, basename="run")

urlpatterns = router.urls
