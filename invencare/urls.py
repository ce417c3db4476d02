from django.contrib import admin
from django.urls import include, path, re_path

from insights.admin.product_page import product_page
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
    path("admin/product/<int:product_id>/", admin.site.admin_view(product_page), name="product-page"),
    path("admin/", admin.site.urls),
]
