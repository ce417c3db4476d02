"""Adjustments and counts by hand: never without a reason, never twice for one key."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from inventory.models import InventoryTransaction, StockLevel
from inventory.querysets.scope import StoreScope
from inventory.services.counts import adjust_stock, count_stock
from inventory.services.errors import Conflict
from tests.cast import NOW, Cast


def adjust(cast: Cast, **changes: Any) -> InventoryTransaction:
    arguments = {"store": cast.north, "product": cast.steady, "change": -2, "reason": "broken", "actor_name": "bo"}
    return adjust_stock(**{**arguments, "now": NOW, **changes})


def count(cast: Cast, **changes: Any) -> InventoryTransaction:
    arguments = {"store": cast.north, "product": cast.steady, "counted_units": 9, "reason": "May", "actor_name": "bo"}
    return count_stock(**{**arguments, "now": NOW, **changes})


def test_a_count_sets_the_stock_and_an_adjustment_changes_it(cast: Cast) -> None:
    counted, adjusted = count(cast), adjust(cast)
    assert (counted.movement_type, counted.stock_change, counted.after_units) == ("count", 9, 9)
    assert (adjusted.movement_type, adjusted.stock_change, adjusted.after_units) == ("adjustment", -2, 7)
    assert (adjusted.reason, adjusted.recorded_by, adjusted.source) == ("broken", "bo", "stock work")
    assert StockLevel.objects.get().on_hand_units == 7


def test_a_count_of_nothing_is_a_count(cast: Cast) -> None:
    count(cast)
    assert count(cast, counted_units=0).after_units == 0


def test_the_same_key_again_returns_the_first_row(cast: Cast) -> None:
    first = adjust(cast, idempotency_key="k1")
    assert adjust(cast, idempotency_key="k1").pk == first.pk
    assert StockLevel.objects.get().on_hand_units == -2


def test_a_key_of_another_movement_is_a_conflict(cast: Cast) -> None:
    adjust(cast, idempotency_key="k1")
    with pytest.raises(Conflict, match="belongs to another movement"):
        count(cast, idempotency_key="k1")
    assert StockLevel.objects.get().on_hand_units == -2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"change": 0}, "change"),
        ({"change": 1_000_000_001}, "change"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 201}, "reason"),
    ],
)
def test_bad_adjustments_are_refused_by_field(cast: Cast, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        adjust(cast, **changes)
    assert list(refused.value.message_dict) == [field]
    assert InventoryTransaction.objects.count() == 0


@pytest.mark.parametrize("units", [-1, 1_000_000_001])
def test_an_impossible_count_is_refused(cast: Cast, units: int) -> None:
    with pytest.raises(ValidationError) as refused:
        count(cast, counted_units=units)
    assert list(refused.value.message_dict) == ["counted_units"]
    assert InventoryTransaction.objects.count() == 0


def test_a_store_outside_of_the_scope_is_refused(cast: Cast) -> None:
    with pytest.raises(PermissionDenied):
        count(cast, store=cast.south, scope=StoreScope(store_ids=frozenset({cast.north.pk})))
    assert InventoryTransaction.objects.count() == 0
