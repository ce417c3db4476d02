"""Stores, and the people who work there (the memberships are edited on the user's page)."""

from __future__ import annotations

from django.contrib import admin

from inventory.admin.base import ScopedModelAdmin
from inventory.admin.exchange import CatalogueExchange
from inventory.admin.resources import StoreResource
from inventory.models import Store


@admin.register(Store)
class StoreAdmin(CatalogueExchange, ScopedModelAdmin):
    resource_classes = [StoreResource]
    list_display = ["code", "name", "time_zone", "currency", "country", "is_active"]
    list_display_links = ["code", "name"]
    list_filter = ["is_active", "currency"]
    search_fields = ["code", "name"]
    search_help_text = "Code or name"
    fields = ["code", "name", "time_zone", "currency", "country", "region", "is_active"]
