"""The company's letterhead and the words of its e-mails: one page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from inventory.admin.base import ScopedModelAdmin
from inventory.models import Company


@admin.register(Company)
class CompanyAdmin(ScopedModelAdmin):
    """One row: its list leads to it, and it is made by saving it the first time."""

    list_display = ["__str__"]
    fieldsets = [
        ("Letterhead", {"fields": ["name", "address", "email", "phone", "tax_number"]}),
        ("E-mail of an order", {"fields": ["order_mail_subject", "order_mail_body"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(super().has_add_permission(request)) and not Company.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Straight to the row, for who may see it; without one, to the page that makes it, for who may."""
        if Company.objects.exists() and self.has_view_permission(request):
            return HttpResponseRedirect(reverse("admin:inventory_company_change", args=[1]))
        if self.has_add_permission(request):
            return HttpResponseRedirect(reverse("admin:inventory_company_add"))
        return super().changelist_view(request, extra_context)
