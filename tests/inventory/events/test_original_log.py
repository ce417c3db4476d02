"""The log of the original single-store system, event by event: what it did is what ours does (issue 6, point 1)."""

from __future__ import annotations

import pytest
from django.test import override_settings

from inventory.models import InventoryTransaction, Product, StockEvent, StockLevel
from inventory.services.rebuild import find_differences
from tests.cast import Cast
from tests.inventory.events.making import event, hand_in, told

INITIAL = [
    ("P10", "Tablet", 31), ("P3", "Tablet", 2), ("P8", "Tablet", 41), ("P4", "Headphones", 25),
    ("P1", "Laptop", 12), ("P2", "Charger", 7), ("P5", "Laptop", 19), ("P6", "Smartphone", 44), ("P7", "Charger", 3),
]  # fmt: skip
LOG = [
    ("product_added", "P3", "Headphones", 36),
    ("product_added", "P8", "Tablet", 50),
    ("product_added", "P9", "Headphones", 46),
    ("product_removed", "P3", "Charger", 5),
    ("product_removed", "P3", "Charger", 5),
]


def stock() -> dict[str, int]:
    return dict(StockLevel.objects.filter(is_on_sale=True).values_list("product__sku", "on_hand_units"))


@pytest.mark.parametrize("at_once", [True, False])
@override_settings(EVENT_DEFAULT_STORES={"*": "N1"})
def test_the_original_log_gives_the_original_table(cast: Cast, at_once: bool) -> None:
    events = [
        event(kind, sku, units, name=name, minute=minute, store="")
        for minute, (kind, sku, name, units) in enumerate([*(("product_added", *row) for row in INITIAL), *LOG])
    ]
    batches = [events] if at_once else [[one] for one in events]
    log = [line for batch in batches for line in told(hand_in(*batch))]
    assert log[len(INITIAL) :] == [(200, 2, 36), (200, 41, 50), (200, 0, 46), (200, 36, 0), (404, None, None)]
    assert stock() == {
        "P10": 31, "P8": 50, "P4": 25, "P9": 46, "P1": 12, "P2": 7, "P5": 19, "P6": 44, "P7": 3,
    }  # fmt: skip
    removed = StockEvent.objects.get(product__sku="P3", event_type="product_removed", outcome="applied")
    assert removed.warning == "The event names the product “Charger”, it was known as “Headphones”."
    assert Product.objects.get(sku="P3").name == "Headphones"
    assert InventoryTransaction.objects.filter(product__sku="P3").count() == 3
    assert list(find_differences()) == []


def test_a_removed_product_keeps_its_history_and_comes_back(cast: Cast) -> None:
    hand_in(
        event("product_added", "P3", 36, name="Headphones", minute=1),
        event("product_removed", "P3", minute=2),
        event("product_added", "P3", 5, minute=3),
    )
    level = StockLevel.objects.get(product__sku="P3")
    assert (level.on_hand_units, level.is_on_sale) == (5, True)
    ledger = InventoryTransaction.objects.filter(product__sku="P3").order_by("pk")
    assert list(ledger.values_list("before_units", "after_units")) == [(0, 36), (36, 0), (0, 5)]
