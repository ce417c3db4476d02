"""Machines that talk to the site, and the answers they were given."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from rest_framework_api_key.models import AbstractAPIKey

from inventory.models.codes import CodeField
from inventory.models.places import Store


class ApiKey(AbstractAPIKey):
    """One machine's key: hashed, shown once, expiring, revocable, tied to stores and scopes.

    ``scopes`` holds words such as ``sales:write`` (see ``inventory.api.scopes``). The key acts with the rights of
    its owner, cut down to these scopes and stores; no store chosen means the owner's stores.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    scopes = models.JSONField(default=list, blank=True)
    stores = models.ManyToManyField(Store, blank=True, related_name="api_keys")
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(AbstractAPIKey.Meta):
        db_table = "api_keys"
        verbose_name = "API key"
        verbose_name_plural = "API keys"


class IdempotentRequest(models.Model):
    """One POST that moved stock and the answer it got, so that the same key is answered again, not done again."""

    actor = models.CharField(max_length=200, help_text="Who sent it: user or API key.")
    key = CodeField(max_length=100)
    method_path = models.CharField(max_length=300)
    request_hash = models.CharField(max_length=64, help_text="SHA-256 of the body: another body is refused.")
    status_code = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty while in progress.")
    response = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "idempotent_requests"
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="idempotent_request_once")]

    def __str__(self) -> str:
        return f"{self.method_path} {self.key}"
