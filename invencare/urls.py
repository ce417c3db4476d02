from django.contrib import admin
from django.urls import path

from invencare import health

handler500 = "invencare.errors.server_error"

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("version", health.version),
    path("admin/", admin.site.urls),
]
