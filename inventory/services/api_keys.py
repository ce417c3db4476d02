"""API keys: what each scope opens, how a key is made, recognised and withdrawn.

A key acts as its owner, never with more: its rights are the owner's permissions cut down to the key's scopes, its
stores the owner's cut down to the key's stores.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from inventory.models import ApiKey, Store
from inventory.services.access import narrow_user, scope_of_key, scope_of_user

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LAST_USE_STEP = timedelta(minutes=1)


class Scope(NamedTuple):
    """One word on a key: what it means to a person, and the model permissions that it lets through."""

    meaning: str
    permissions: frozenset[str]


def _may(names: str) -> frozenset[str]:
    return frozenset(names.split())


SCOPES: dict[str, Scope] = {
    "catalogue:read": Scope(
        "Read stores, suppliers, products and supplier items",
        _may("inventory.view_store inventory.view_supplier inventory.view_product inventory.view_supplieritem"),
    ),
    "catalogue:write": Scope(
        "Create and change stores, suppliers, products and supplier items",
        _may(
            "inventory.add_store inventory.change_store inventory.add_supplier inventory.change_supplier "
            "inventory.add_product inventory.change_product inventory.add_supplieritem "
            "inventory.change_supplieritem inventory.delete_supplieritem"
        ),
    ),
    "stock:read": Scope(
        "Read stock levels and the ledger", _may("inventory.view_stocklevel inventory.view_inventorytransaction")
    ),
    "stock:write": Scope(
        "Set bounds, adjust and count stock, record write-offs",
        _may("inventory.change_stocklevel inventory.add_inventorytransaction"),
    ),
    "events:read": Scope("Read stock events and what became of them", _may("inventory.view_stockevent")),
    "events:write": Scope(
        "Send stock events, which add and rename products where the owner may", _may("inventory.add_stockevent")
    ),
    "sales:read": Scope("Read daily sales and sales files", _may("inventory.view_dailysales inventory.view_salesfile")),
    "sales:write": Scope(
        "Record sales and returns, upload sales files",
        _may("inventory.add_salesfile inventory.add_inventorytransaction"),
    ),
    "recommendations:read": Scope(
        "Read recommendations, decisions and what they were worth",
        _may(
            "insights.view_reorderrecommendation insights.view_transferrecommendation "
            "insights.view_excessrecommendation insights.view_decision insights.view_decisionvalue "
            "insights.view_decisionreason insights.view_servicetarget"
        ),
    ),
    "recommendations:decide": Scope(
        "Approve, reject and snooze recommendations of orders, transfers and excess",
        _may(
            "insights.decide_reorderrecommendation insights.decide_transferrecommendation "
            "insights.decide_excessrecommendation insights.decide_any_value"
        ),
    ),
    "orders:read": Scope("Read purchase orders", _may("inventory.view_purchaseorder inventory.view_purchaseorderline")),
    "orders:write": Scope(
        "Approve, send, mail, receive, cancel and close purchase orders",
        _may("inventory.change_purchaseorder inventory.add_receipt"),
    ),
    "transfers:read": Scope(
        "Read transfers between stores", _may("inventory.view_stocktransfer inventory.view_stocktransferline")
    ),
    "transfers:write": Scope(
        "Make, approve, dispatch, receive, close and cancel transfers",
        _may("inventory.add_stocktransfer inventory.change_stocktransfer"),
    ),
    "forecasts:read": Scope(
        "Read forecasts, their accuracy, totals, overrides and the calendar",
        _may(
            "forecasting.view_productdemandforecast forecasting.view_forecastaccuracy "
            "forecasting.view_demandforecasttotal forecasting.view_forecastoverride forecasting.view_calendarevent"
        ),
    ),
    "forecasts:write": Scope(
        "Make and override forecasts, keep the calendar",
        _may(
            "forecasting.add_productdemandforecast forecasting.add_forecastoverride forecasting.change_forecastoverride "
            "forecasting.add_calendarevent forecasting.change_calendarevent"
        ),
    ),
    "analytics:read": Scope(
        "Analyse product performance; read trends, the dashboard, anomalies, classes and their moves",
        _may(
            "analytics.view_productperformance analytics.view_salestrend analytics.view_productclass "
            "analytics.view_classmove analytics.view_anomaly"
        ),
    ),
    "analytics:write": Scope("Dismiss anomalies and open them again", _may("analytics.dismiss_anomaly")),
    "alerts:read": Scope("Read alerts", _may("inventory.view_alert")),
    "alerts:write": Scope("Put alerts off, give them to somebody", _may("inventory.change_alert")),
    "customers:read": Scope(
        "Read what was learned of customers: segments, lifetime value, churn",
        _may("insights.view_customerscore insights.view_customersegment"),
    ),
    "prices:read": Scope("Read price elasticities and best prices", _may("insights.view_priceelasticity")),
    "runs:read": Scope("Watch analysis runs", _may("insights.view_analysisrun")),
    "runs:write": Scope("Start the nightly analysis", _may("insights.add_analysisrun")),
}


class KeyRefused(Exception):
    """The key opens nothing; the message says why, and tells nothing about a key that was not proven."""


def create_key(
    *,
    owner: User,
    name: str,
    scopes: Iterable[str],
    stores: Iterable[Store] = (),
    expires: datetime | None = None,
    now: datetime,
) -> tuple[ApiKey, str]:
    """Make a key and return its row with the plain key, which nobody can read again.

    Raises ``ValidationError`` for an empty name, no scope or an unknown one, a store that is not the owner's, and
    an expiry that is past.
    """
    chosen, places = sorted(set(scopes)), list(stores)
    _check_new_key(owner=owner, name=name, scopes=chosen, stores=places, expires=expires, now=now)
    with transaction.atomic():
        key, plain = ApiKey.objects.create_key(name=name, owner=owner, scopes=chosen, expiry_date=expires)
        assert isinstance(key, ApiKey)  # noqa: S101  the package's manager is typed for its abstract model
        key.stores.set(places)
    return key, plain


def revoke_key(*, key: ApiKey) -> None:
    """Withdraw a key for good; a second time changes nothing."""
    ApiKey.objects.filter(pk=key.pk).update(revoked=True)


def recognise_key(*, plain: str, now: datetime) -> ApiKey:
    """The row of a plain key that may be used now, its owner loaded and cut down to the key's stores.

    Raises ``KeyRefused``. Why a key is refused is said only to who holds the whole key.
    """
    prefix = plain.partition(".")[0]
    key: ApiKey | None = ApiKey.objects.filter(prefix=prefix).select_related("owner").first()
    if key is None or not ApiKey.objects.key_generator.verify(plain, key.hashed_key):
        raise KeyRefused("Unknown API key.")
    if key.revoked:
        raise KeyRefused("This API key was revoked.")
    if key.expiry_date is not None and key.expiry_date <= now:
        raise KeyRefused("This API key has expired.")
    if not key.owner.is_active:
        raise KeyRefused("The owner of this API key is not active.")
    # The owner object was loaded for this key and is shared with nobody.
    narrow_user(key.owner, scope_of_key(key))
    return key


def note_use(*, key: ApiKey, now: datetime) -> bool:
    """Remember when the key was last used, at most once a minute; True when this call wrote."""
    due = now - LAST_USE_STEP
    if key.last_used_at is not None and key.last_used_at > due:
        return False
    unseen = Q(last_used_at__isnull=True) | Q(last_used_at__lte=due)
    return bool(ApiKey.objects.filter(unseen, pk=key.pk).update(last_used_at=now))


def key_may(key: ApiKey, permission: str) -> bool:
    """Whether one of the key's scopes lets this permission through; the owner must hold it as well."""
    return any(permission in SCOPES[scope].permissions for scope in key.scopes if scope in SCOPES)


def scopes_that_allow(permission: str) -> list[str]:
    return [word for word, scope in SCOPES.items() if permission in scope.permissions]


def _check_new_key(
    *, owner: Any, name: str, scopes: list[str], stores: list[Store], expires: datetime | None, now: datetime
) -> None:
    errors: dict[str, str] = {}
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if not name.strip():
        errors["name"] = "Give the key a name."
    if unknown or not scopes:
        errors["scopes"] = f"Unknown scope: {', '.join(unknown)}." if unknown else "Choose at least one scope."
    if expires is not None and expires <= now:
        errors["expires"] = "The expiry is past."
    allowed = scope_of_user(owner)
    if any(not allowed.allows(store.pk) for store in stores):
        errors["stores"] = "The owner may not see every store of this key."
    if not owner.is_active:
        errors["owner"] = "The owner is not active."
    if errors:
        raise ValidationError(errors)
