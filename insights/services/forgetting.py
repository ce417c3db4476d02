"""Erasing one customer: the code, and everything that was learned of them."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from insights.models import CustomerScore
from inventory.models import Customer
from inventory.services.errors import Unknown


@transaction.atomic
def forget_customer(*, code: str, now: datetime) -> int:
    """Replace the code by a random one and delete the scores; how many went. Raises ``Unknown``.

    The ledger keeps its rows, which nobody may change: they stay sales of somebody whom nothing names, and no analysis
    looks at them as a customer's again.
    """
    customer = Customer.objects.select_for_update().filter(code=code, forgotten_at__isnull=True).first()
    if customer is None:
        raise Unknown({"code": ["There is no customer of this code."]})
    customer.code, customer.first_seen, customer.forgotten_at = f"forgotten-{secrets.token_hex(12)}", None, now
    customer.save(update_fields=["code", "first_seen", "forgotten_at"])
    gone, _ = CustomerScore.objects.filter(customer=customer).delete()
    return gone
