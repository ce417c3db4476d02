"""The keys of machines that talk to the API."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from rest_framework_api_key.models import APIKey as UnusedApiKey
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from invencare.lib import clock
from inventory.admin.base import ScopedModelAdmin
from inventory.models import ApiKey
from inventory.services.access import scope_of_user
from inventory.services.api_keys import SCOPES, create_key

admin.site.unregister(UnusedApiKey)


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]
    scopes = forms.MultipleChoiceField(
        choices=[(word, f"{word}: {scope.meaning}") for word, scope in SCOPES.items()],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="What a machine with this key may do, at most: never more than its owner.",
    )

    class Meta:
        model = ApiKey
        fields = ["name", "owner", "scopes", "stores", "expiry_date", "revoked"]

    def clean_expiry_date(self) -> Any:
        expires = self.cleaned_data["expiry_date"]
        if expires is not None and "expiry_date" in self.changed_data and expires <= clock.now():
            raise ValidationError("The expiry is past.")
        return expires

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        owner = data.get("owner") or getattr(self.instance, "owner", None)
        allowed = scope_of_user(owner) if owner else None
        if allowed and any(not allowed.allows(store.pk) for store in data.get("stores", [])):
            self.add_error("stores", "The owner may not see every store of this key.")
        return data


@admin.register(ApiKey)
class ApiKeyAdmin(ScopedModelAdmin):
    """Machines' keys: hashed, shown once when made, revoked for good."""

    form = ApiKeyForm
    list_display = ["name", "prefix", "owner", "scope_list", "state", "last_used_at", "created", "expiry_date"]
    list_select_related = ["owner"]
    list_filter = ["revoked"]
    search_fields = ["name", "prefix", "owner__username"]
    search_help_text = "Name, prefix or owner"
    autocomplete_fields = ["owner", "stores"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return []
        shown = ["prefix", "owner", "last_used_at", "created"]
        return [*shown, "name", "revoked", "expiry_date"] if obj.revoked else shown

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return ["name", "owner", "scopes", "stores", "expiry_date"]
        return ["name", "prefix", "owner", "scopes", "stores", "expiry_date", "revoked", "last_used_at", "created"]

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:  # noqa: FBT001  (Django's)
        if change:
            obj.save()
            return
        key, plain = create_key(
            owner=obj.owner,
            name=obj.name,
            scopes=obj.scopes,
            stores=form.cleaned_data["stores"],
            expires=obj.expiry_date,
            now=clock.now(),
        )
        obj.__dict__.update(key.__dict__)  # the page goes on with the row that the service made
        messages.warning(request, f"The key of “{obj.name}” is {plain} — keep it safe now: it is never shown again.")

    @display(description="scopes")
    def scope_list(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @display(description="state", label={"Usable": "success", "Revoked": "danger", "Expired": "warning"})
    def state(self, key: ApiKey) -> str:
        if key.revoked:
            return "Revoked"
        return "Expired" if key.has_expired else "Usable"
