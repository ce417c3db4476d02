"""Which programs are told of alerts, and whether the messages arrived."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from invencare.lib import clock
from inventory.admin.base import BoundedPaginator, ReadOnlyAdmin, ScopedModelAdmin
from inventory.models import Alert, WebhookDelivery, WebhookEndpoint
from inventory.services.webhooks import retry_deliveries, secret_of
from inventory.services.webhooks.endpoints import check_endpoint, new_salt

MOST_RETRIES = 1000


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
    alert_kinds = forms.MultipleChoiceField(
        choices=Alert.Kind.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="None chosen: every kind of alert.",
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["name", "kind", "address", "alert_kinds", "is_active"]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if "address" in data and "kind" in data:
            try:
                check_endpoint(data["kind"], data["address"])
            except ValidationError as refusal:
                self.add_error(None, refusal)
        return data


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ScopedModelAdmin):
    """Made and switched off by who may; the secret is shown to who may change it."""

    form = EndpointForm
    list_before_template = "admin/inventory/webhookendpoint/before_list.html"
    list_display = ["name", "kind", "address", "is_active", "created_at"]
    list_filter = [("kind", ChoicesDropdownFilter), "is_active"]
    actions = None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = ["name", "kind", "address", "alert_kinds", "is_active"]
        if obj is None:
            return fields
        return [*fields, *(["show_secret"] if self.has_change_permission(request, obj) else []), "created_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["kind", "show_secret", "created_at"]

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:  # noqa: FBT001  (Django's)
        if not change:
            user: Any = request.user
            obj.salt, obj.created_by, obj.created_at = new_salt(), user, clock.now()
        obj.save()

    @display(description="secret")
    def show_secret(self, endpoint: WebhookEndpoint) -> str:
        return secret_of(endpoint) if endpoint.kind == WebhookEndpoint.Kind.WEBHOOK else "SNS needs none"


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    """The messages; those that were given up can be sent again."""

    paginator = BoundedPaginator
    list_display = [
        "id",
        "endpoint",
        "event",
        "show_status",
        "attempts",
        "last_answer",
        "next_attempt_at",
        "delivered_at",
    ]
    list_select_related = ["endpoint"]
    list_filter = [("status", ChoicesDropdownFilter), ("event", ChoicesDropdownFilter)]
    ordering = ["-id"]
    sortable_by: list[str] = []
    actions = ["send_again"]

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("inventory.change_webhookendpoint"))

    @action(description="Send again", permissions=["resend"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        ids = list(queryset.values_list("pk", flat=True)[:MOST_RETRIES])
        count = retry_deliveries(ids, now=clock.now())
        self.message_user(request, f"{count:,} of {len(ids):,} messages will be sent again within a minute.")

    @display(description="status", label={"Delivered": "success", "Pending": "info", "Given up": "danger"})
    def show_status(self, delivery: WebhookDelivery) -> str:
        return delivery.get_status_display()
