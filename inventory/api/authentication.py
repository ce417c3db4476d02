"""``Authorization: Api-Key …``: a machine acts as its key's owner, cut down to the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from invencare.lib import clock
from inventory.models import ApiKey
from inventory.services.api_keys import KeyRefused, note_use, recognise_key

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from drf_spectacular.openapi import AutoSchema

KEYWORD = "Api-Key"


class ApiKeyAuthentication(BaseAuthentication):
    """Leaves requests without this header to the next way to authenticate; refuses a wrong key for good."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        keyword, _, plain = request.headers.get("Authorization", "").partition(" ")
        if keyword.lower() != KEYWORD.lower():
            return None
        now = clock.now()
        try:
            key = recognise_key(plain=plain.strip(), now=now)
        except KeyRefused as refusal:
            raise AuthenticationFailed(str(refusal)) from refusal
        note_use(key=key, now=now)
        return key.owner, key

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    target_class = "inventory.api.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": f"`{KEYWORD} <key>`: made in the admin, shown once, tied to scopes and stores.",
        }
