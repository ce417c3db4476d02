"""The matrix of fill rates, edited in its list."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.decorators import display

from insights.models import ServiceTarget
from inventory.admin.base import ScopedModelAdmin


@admin.register(ServiceTarget)
class ServiceTargetAdmin(ScopedModelAdmin):
    """One row per class; a class without a row has the default. Orders aim at what stands here from the next run on."""

    list_display = ["show_name", "abc_class", "xyz_class", "fill_rate"]
    list_display_links = ["show_name"]
    list_editable = ["fill_rate"]

    @display(description="Class", ordering="abc_class")
    def show_name(self, row: ServiceTarget) -> str:
        return row.name or "not classed yet"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Whose target it is stays: a row that changed its class would leave the old one without."""
        return ["abc_class", "xyz_class"] if obj else []
