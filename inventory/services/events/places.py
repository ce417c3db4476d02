"""Where an event belongs: its store and its product, looked up for a whole batch, resolved in the order received.

In order, because an event may name a product that only the one before it has added: what becomes of an event must not
depend on where a batch begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from inventory.calc.balances import LevelKey
from inventory.calc.events.contract import ADDED, REMOVED, StockEvent
from inventory.calc.events.records import Received
from inventory.calc.events.verdicts import ProductName
from inventory.models import Product, Store
from inventory.services.events.sender import Sender, store_of_stream
from inventory.services.locking import in_chunks


@dataclass(slots=True)
class KnownProduct:
    """A product that is there, or (``pk`` None) that this batch adds."""

    sku: str
    said: ProductName
    pk: int | None = None
    name_before: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """The store and the product of an event; no product for the removal of one that nobody knows."""

    store: Store
    product: KnownProduct | None

    @property
    def key(self) -> LevelKey | None:
        """The level, once the product is there."""
        return None if self.product is None or self.product.pk is None else (self.store.pk, self.product.pk)


class Unplaced(Exception):
    """The event names a store or product that is not there; ``errors`` by field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(str(errors))
        self.errors = errors


@dataclass
class Places:
    """The stores and products that a batch names."""

    sender: Sender
    stores: dict[str, Store] = field(default_factory=dict)
    products: dict[str, KnownProduct] = field(default_factory=dict)

    def place(self, event: StockEvent, stream: str) -> Place:
        """Where ``event`` belongs; raises ``Unplaced``. An event that adds a product makes it known to those after it."""
        store = self._store(event, stream)
        product = self.products.get(event.product_code)
        if product is None and event.event_type != REMOVED:
            product = self.products[event.product_code] = self._new_product(event)
        return Place(store, product)

    def _store(self, event: StockEvent, stream: str) -> Store:
        code = store_code(event, stream)
        if not code:
            raise Unplaced({"store_id": "This field is missing, and no default store is set (EVENT_DEFAULT_STORES)."})
        store = self.stores.get(code)
        if store is None:
            raise Unplaced({"store_id": f"There is no store “{code}” here."})
        return store

    def _new_product(self, event: StockEvent) -> KnownProduct:
        missing = f"There is no product “{event.product_code}”"
        if event.event_type != ADDED:
            raise Unplaced({"product.product_id": f"{missing}: add it first, by hand or with {ADDED}."})
        if not self.sender.may_add_products:
            raise Unplaced({"product.product_id": f"{missing}, and this sender may not add one."})
        name = ProductName(event.product_name or event.product_code, may_change=self.sender.may_rename_products)
        return KnownProduct(event.product_code, name, name_before=name.name)

    def make_products(self, *, now: datetime) -> None:
        """Insert the products that the batch adds; one that somebody else has added meanwhile is taken as it is."""
        new = {sku: product for sku, product in self.products.items() if product.pk is None}
        if not new:
            return
        Product.objects.bulk_create(
            [Product(sku=sku, name=product.said.name) for sku, product in sorted(new.items())], ignore_conflicts=True
        )
        for skus in in_chunks(new):
            for sku, pk in Product.objects.filter(sku__in=skus).values_list("sku", "pk"):
                new[sku].pk = pk

    def save_names(self, *, now: datetime) -> None:
        """Store the names that events changed."""
        renamed = [
            Product(pk=product.pk, name=product.said.name, updated_at=now)
            for product in self.products.values()
            if product.said.name != product.name_before
        ]
        if renamed:
            Product.objects.bulk_update(sorted(renamed, key=lambda product: product.pk), ["name", "updated_at"])


def store_code(event: StockEvent, stream: str) -> str:
    """The code of the store that an event names, or that its stream stands for."""
    return event.store_code or store_of_stream(stream)


def find_places(records: Iterable[Received], *, sender: Sender) -> Places:
    """The stores (of the sender's scope) and products that these records name, by two queries."""
    placed = [(record.event, record.stream) for record in records if record.event is not None]
    places = Places(sender)
    if not placed:
        return places
    for codes in in_chunks({store_code(event, stream) for event, stream in placed}):
        for store in Store.objects.visible_to(sender.scope).filter(code__in=codes):
            places.stores[store.code] = store
    for skus in in_chunks({event.product_code for event, _ in placed}):
        for sku, pk, name in Product.objects.filter(sku__in=skus).values_list("sku", "pk", "name"):
            said = ProductName(name, may_change=sender.may_rename_products)
            places.products[sku] = KnownProduct(sku, said, pk, name_before=name)
    return places
