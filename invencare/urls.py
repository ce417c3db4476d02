from django.contrib import admin
from django.urls import include, path, re_path

from invencare import health
from inventory.api.views.base import UnknownPath

handler500 = "invencare.errors.server_error"

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("version", health.version),
    path("api/v1/", include("inventory.api.urls")),
    path("api/v1/", include("analytics.api.urls")),
    path("api/v1/", include("forecasting.api.urls")),
    path("api/v1/", include("insights.api.urls")),
    path("api/v1/", include("inventory.api.documents")),
    # Last of the API: whatever else is asked there gets the API's own 404.
    re_path(r"^api(/|$)", UnknownPath.as_view()),
    path("admin/", admin.site.urls),
]
