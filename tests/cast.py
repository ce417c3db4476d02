"""The named cast of the tests: people by role, stores, and products that are cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.contrib.auth.models import Group, User

from invencare.lib import clock
from inventory.calc.movements import Movement
from inventory.models import Product, StockLevel, Store, StoreMembership, Supplier, SupplierItem
from inventory.services.ledger import History, Recorded, record_movements

TODAY = date(2026, 3, 16)  # a Monday
NOW = datetime.fromisoformat("2026-03-16T09:00:00+00:00")
PASSWORD = "correct horse battery"

_keys = count(1)


@dataclass(frozen=True)
class Cast:
    """Everybody and everything that most tests need; ``people`` is all six users by role."""

    viewer: User
    store_manager: User
    buyer: User
    analyst: User
    administrator: User
    outsider: User
    north: Store
    south: Store
    supplier: Supplier
    steady: Product
    seasonal: Product
    intermittent: Product
    new: Product
    dead: Product

    @property
    def people(self) -> dict[str, User]:
        return {
            "viewer": self.viewer,
            "store_manager": self.store_manager,
            "buyer": self.buyer,
            "analyst": self.analyst,
            "administrator": self.administrator,
            "outsider": self.outsider,
        }

    @property
    def products(self) -> list[Product]:
        return [self.steady, self.seasonal, self.intermittent, self.new, self.dead]


def make_cast() -> Cast:
    """The store manager works in ``north`` alone; the outsider is staff without any role."""
    north = Store.objects.create(code="N1", name="North", time_zone="Europe/London", currency="GBP")
    south = Store.objects.create(code="S1", name="South", time_zone="Europe/Athens", currency="EUR")
    supplier = Supplier.objects.create(code="ACME", name="Acme Wholesale", email="orders@acme.example")
    products = {
        name: Product.objects.create(
            sku=f"SKU-{name.upper()}",
            name=f"{name.title()} product",
            category=category,
            price=Decimal("5.00"),
            unit_cost=Decimal("3.00"),
            pack_size=6,
        )
        for name, category in [
            ("steady", "Coffee"),
            ("seasonal", "Coffee"),
            ("intermittent", "Tools"),
            ("new", "Tools"),
            ("dead", "Tools"),
        ]
    }
    SupplierItem.objects.bulk_create(
        SupplierItem(
            supplier=supplier,
            product=product,
            unit_cost=Decimal("3.00"),
            lead_time_days=5,
            lead_time_sd_days=1,
            pack_size=6,
            minimum_order_quantity=6,
            is_preferred=True,
        )
        for product in products.values()
    )
    return Cast(
        viewer=make_person("vera", "Viewer"),
        store_manager=make_person("max", "Store manager", stores=[north]),
        buyer=make_person("bo", "Buyer"),
        analyst=make_person("ana", "Analyst"),
        administrator=make_person("ada", "Administrator"),
        outsider=make_person("otto", None),
        north=north,
        south=south,
        supplier=supplier,
        **products,
    )


def make_person(username: str, role: str | None, *, stores: Sequence[Store] = ()) -> User:
    user = User.objects.create_user(username, password=PASSWORD, is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    StoreMembership.objects.bulk_create(StoreMembership(user=user, store=store) for store in stores)
    return user


def movement(store: Store, product: Product, movement_type: str, quantity: int, **changes: Any) -> Movement:
    """One movement at noon (local) of ``day``; give ``day``, ``idempotency_key`` or any field of Movement."""
    day = changes.pop("day", TODAY)
    return Movement(
        store_id=store.pk,
        product_id=product.pk,
        movement_type=movement_type,
        quantity=quantity,
        occurred_at=changes.pop("occurred_at", clock.midday(day, store.zone)),
        business_date=day,
        idempotency_key=changes.pop("idempotency_key", f"test:{next(_keys)}"),
        **changes,
    )


def record(*movements: Movement, history: History = History.NEVER, now: datetime = NOW) -> Recorded:
    return record_movements(movements, source="test", now=now, history=history)


def sell_daily(store: Store, product: Product, units: Sequence[int], *, last_day: date, opening: int = 0) -> None:
    """Sales of ``units[i]`` on consecutive days that end on ``last_day``, after an opening count if given."""
    first = last_day - timedelta(days=len(units) - 1)
    rows = [movement(store, product, "count", opening, day=first - timedelta(days=1))] if opening else []
    rows += [
        movement(store, product, "sale", quantity, day=first + timedelta(days=i), unit_price=Decimal("5.00"))
        for i, quantity in enumerate(units)
        if quantity
    ]
    record(*rows)


def set_bounds(store: Store, product: Product, *, minimum: int, maximum: int) -> StockLevel:
    level, _ = StockLevel.objects.get_or_create(store=store, product=product)
    StockLevel.objects.filter(pk=level.pk).update(minimum_units=minimum, maximum_units=maximum)
    level.refresh_from_db()
    return level
