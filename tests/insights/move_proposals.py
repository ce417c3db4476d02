"""Proposed transfers and excess for tests, and a store that pays in the same money as ``north``."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from insights.models import ExcessRecommendation, TransferRecommendation
from inventory.models import Product, Store
from tests.cast import NOW, TODAY


def make_east() -> Store:
    return Store.objects.create(code="E1", name="East", time_zone="Europe/London", currency="GBP")


def propose_transfer(from_store: Store, to_store: Store, product: Product, **changes: Any) -> TransferRecommendation:
    """10 units at 3.00 that gain 40.00 net; any column can be given."""
    values: dict[str, Any] = {
        "recommendation_date": TODAY,
        "recommended_quantity": 10,
        "unit_cost": Decimal("3.00"),
        "sender_stock": 50,
        "receiver_stock": 0,
        "transfer_days": 2,
        "supplier_days": 7,
        "gain": Decimal("48.00"),
        "loss": Decimal("2.00"),
        "cost": Decimal("6.00"),
        "net_gain": Decimal("40.00"),
        "stockout_probability": 0.9,
        "updated_at": NOW,
    }
    return TransferRecommendation.objects.create(
        from_store=from_store, to_store=to_store, product=product, **{**values, **changes}
    )


def propose_excess(
    store: Store, product: Product, action: str = "stop_ordering", **changes: Any
) -> ExcessRecommendation:
    """100 units too many at 3.00, which cost 20.00 to keep; any column can be given."""
    values: dict[str, Any] = {
        "recommendation_date": TODAY,
        "recommended_quantity": 100,
        "unit_cost": Decimal("3.00"),
        "current_stock": 120,
        "wanted_units": 20,
        "tied_up_value": Decimal("300.00"),
        "value_at_stake": Decimal("20.00"),
        "weeks_of_cover": 30.0,
        "stop_until": TODAY + timedelta(days=60) if action == "stop_ordering" else None,
        "mark_down_to": Decimal("4.50") if action == "mark_down" else None,
        "dossier": {"moves": [{"to": "E1", "units": 10}]} if action == "move" else {},
        "updated_at": NOW,
    }
    return ExcessRecommendation.objects.create(store=store, product=product, action=action, **{**values, **changes})
