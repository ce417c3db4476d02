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
    """One row, made by saving it the first time."""

    list_display = ["__str__"]
    fieldsets = [
        ("Letterhead", {"fields": ["name", "address", "email", "phone", "tax_number"]}),
        ("E-mail of an order", {"fields": ["order_mail_subject", "order_mail_body"]}),
    ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Where there is a row already, to change it."""
        if Company.objects.exists():
            return HttpResponseRedirect(reverse("admin:inventory_company_change", args=[1]))
        return super().add_view(request, form_url, extra_context)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
