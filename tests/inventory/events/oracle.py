"""What a stream of events comes to, one event after another: slow, readable, and sharing no code with the intake."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TYPES = {"product_added", "product_removed", "product_quantity_changed", "sale", "return"}


@dataclass
class Shelf:
    """One product in one store."""

    units: int = 0
    on_sale: bool = True
    newest: datetime | None = None


@dataclass
class Oracle:
    """``shelves`` by store and SKU once it has read everything, and how many events had which outcome."""

    stores: Collection[str]
    products: Collection[str]
    shelves: dict[tuple[str, str], Shelf] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    def read(self, events: Iterable[bytes]) -> Oracle:
        for data in events:
            self.outcomes[self._one(data)] += 1
        return self

    def _one(self, data: bytes) -> str:
        try:
            event = json.loads(data.decode())
        except ValueError:
            return "rejected"
        if isinstance(event, dict) and event["event_id"] in self.seen:
            return "duplicate"
        if isinstance(event, dict):
            self.seen.add(event["event_id"])
        if not self._is_right(event):
            return "rejected"
        product = event["product"]
        place = (event["store_id"], product["product_id"])
        units = 0 if event["event_type"] == "product_removed" else int(product["quantity"])
        return self._apply(event["event_type"], units, product["timestamp"], place)

    def _apply(self, kind: str, quantity: int, said: str, place: tuple[str, str]) -> str:
        when = datetime.fromisoformat(said)
        shelf = self.shelves.get(place)
        if shelf and shelf.newest and when < shelf.newest:
            return "stale"
        if kind == "product_removed" and (shelf is None or (not shelf.on_sale and shelf.units == 0)):
            return "unknown"
        shelf = self.shelves.setdefault(place, Shelf())
        if kind == "product_added":
            shelf.units, shelf.on_sale = quantity, True
        elif kind == "product_removed":
            shelf.units, shelf.on_sale = 0, False
        elif kind == "sale":
            shelf.units -= quantity
        else:
            shelf.units += quantity
        shelf.newest = max(when, shelf.newest or when)
        return "applied"

    def _is_right(self, event: Any) -> bool:
        if not isinstance(event, dict) or event["event_type"] not in TYPES:
            return False
        product = event["product"]
        if event["store_id"] not in self.stores or product["product_id"] not in self.products:
            return False
        try:
            if event["event_type"] != "product_removed":  # whatever it says: the stock goes to zero
                int(product["quantity"])
            datetime.fromisoformat(product["timestamp"])
        except ValueError:
            return False
        return True
