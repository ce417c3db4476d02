"""Endpoints: their checks, their secrets, and the one that a setting makes."""

from __future__ import annotations

import hmac
import re
import secrets
from datetime import datetime
from hashlib import sha256

from django.conf import settings
from django.core.exceptions import ValidationError

from invencare.lib.outgoing import Refused, check_address
from inventory.models import Alert, WebhookEndpoint

ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256}")
OF_SETTING = "SNS (ALERT_SNS_TOPIC_ARN)"
# What is no news of a product: things that operators have to mend.
STOCK_KINDS = frozenset({Alert.Kind.OVERSOLD, Alert.Kind.OUT_OF_STOCK, Alert.Kind.BELOW_MINIMUM})


def check_endpoint(kind: str, address: str) -> None:
    """Raise ``ValidationError`` (field ``address``) for an address that nothing can be sent to."""
    if kind == WebhookEndpoint.Kind.SNS:
        if not ARN.fullmatch(address):
            raise ValidationError({"address": "Give a topic's ARN: arn:aws:sns:REGION:ACCOUNT:NAME."})
        return
    try:
        check_address(address, allow_private=settings.WEBHOOK_ALLOW_PRIVATE)
    except Refused as refusal:
        raise ValidationError({"address": str(refusal)}) from refusal


def new_salt() -> str:
    return secrets.token_hex(24)


def secret_of(endpoint: WebhookEndpoint) -> str:
    """What the receiver checks signatures with; another one after a change of SECRET_KEY."""
    return hmac.new(settings.SECRET_KEY.encode(), f"webhook {endpoint.salt}".encode(), sha256).hexdigest()


def sign(secret: str, *, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256, as hex digits, over the timestamp, a full stop and the body."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()


def endpoint_of_setting(*, now: datetime) -> WebhookEndpoint | None:
    """The topic that ``ALERT_SNS_TOPIC_ARN`` names, as an endpoint for failures; switched off when the setting goes."""
    arn = settings.ALERT_SNS_TOPIC_ARN
    known = WebhookEndpoint.objects.filter(name=OF_SETTING).first()
    if not arn:
        if known is not None and known.is_active:
            WebhookEndpoint.objects.filter(pk=known.pk).update(is_active=False)
        return None
    if known is None:
        failures = [kind for kind in Alert.Kind.values if kind not in STOCK_KINDS]
        return WebhookEndpoint.objects.create(
            name=OF_SETTING,
            kind=WebhookEndpoint.Kind.SNS,
            address=arn,
            alert_kinds=failures,
            salt=new_salt(),
            created_at=now,
        )
    if known.address != arn or not known.is_active:
        WebhookEndpoint.objects.filter(pk=known.pk).update(address=arn, is_active=True)
    return known
