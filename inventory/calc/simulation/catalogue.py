"""Stores, suppliers, products and who delivers what: the names of ``assortment`` with drawn numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.calc.simulation.assortment import (
    CATEGORIES,
    PRODUCTS,
    STORES,
    SUPPLIERS,
    CategoryEntry,
    ProductEntry,
    StoreEntry,
    SupplierEntry,
)
from inventory.calc.simulation.config import DemoConfig

KINDS = ("steady", "slow", "new", "dead", "growing", "fading")
TREND_PER_YEAR = {"growing": 0.45, "fading": -0.55}


@dataclass(frozen=True)
class SimulatedProduct:
    """One product with its planted numbers; rates are units a day in an average store at the reference price."""

    sku: str
    name: str
    category: int
    kind: str
    price_cents: int
    cost_cents: int
    barcode: str
    pack_size: int
    minimum_order_quantity: int
    shelf_life_days: int | None
    demand_per_day: float
    elasticity: float  # positive: demand falls with price ** -elasticity
    trend_per_year: float
    supplier: int
    lead_time_days: float
    lead_time_sd_days: float
    # The dearer second source, where there is one: supplier and its cost.
    second_supplier: int | None
    second_cost_cents: int


@dataclass(frozen=True)
class Catalogue:
    stores: tuple[StoreEntry, ...]
    suppliers: tuple[SupplierEntry, ...]
    categories: tuple[CategoryEntry, ...]
    products: tuple[SimulatedProduct, ...]

    def index_of_kind(self, kind: str) -> int:
        """The first product of a kind; raises ``StopIteration`` where there is none."""
        return next(i for i, product in enumerate(self.products) if product.kind == kind)


def draw_catalogue(config: DemoConfig, rng: np.random.Generator) -> Catalogue:
    """The chain of ``config``: the first stores and suppliers of the lists, and products of every kind."""
    suppliers = SUPPLIERS[: config.suppliers]
    products = [
        _draw_product(entry, category, position, suppliers, rng)
        for category, position, entry in _chosen(config.products)
    ]
    return Catalogue(STORES[: config.stores], suppliers, CATEGORIES, tuple(products))


def _chosen(count: int) -> list[tuple[int, int, ProductEntry]]:
    """``count`` entries as (category, position in it, entry), by category; the rare kinds are always among them."""
    by_position = [
        (category, position, PRODUCTS[CATEGORIES[category].name][position])
        for position in range(len(PRODUCTS["Coffee"]))
        for category in range(len(CATEGORIES))
    ]
    rare = [next(row for row in by_position if row[2].kind == kind) for kind in ("new", "dead", "slow")]
    common = [row for row in by_position if row not in rare]
    return sorted(rare + common[: count - len(rare)])


def _draw_product(
    entry: ProductEntry, category: int, position: int, suppliers: tuple[SupplierEntry, ...], rng: np.random.Generator
) -> SimulatedProduct:
    habits = CATEGORIES[category]
    is_slow = entry.kind == "slow"
    price_cents = round(entry.price * 100)
    cost_cents = round(price_cents * (1 - habits.margin * rng.uniform(0.85, 1.15)))
    supplier = _supplier_of(category, position, len(suppliers))
    delivers = suppliers[supplier]
    pack = max(1, habits.pack_size // 6) if is_slow else habits.pack_size
    has_second = rng.random() < 0.3
    return SimulatedProduct(
        sku=f"{habits.name[:3].upper()}-{100 * (category + 1) + position + 1}",
        name=entry.name,
        category=category,
        kind=entry.kind,
        price_cents=price_cents,
        cost_cents=cost_cents,
        barcode=_ean13(f"84{10000 + category:05d}{10000 + position * 137:05d}"),
        pack_size=pack,
        minimum_order_quantity=pack * (1 if is_slow else int(rng.choice([1, 1, 2]))),
        shelf_life_days=habits.shelf_life_days,
        demand_per_day=_draw_rate(entry, rng),
        elasticity=round(float(np.clip(rng.normal(habits.elasticity, 0.35), 0.4, 3.0)), 2),
        trend_per_year=TREND_PER_YEAR.get(entry.kind, round(float(rng.uniform(-0.12, 0.18)), 3)),
        supplier=supplier,
        lead_time_days=delivers.lead_time_days,
        lead_time_sd_days=delivers.lead_time_sd_days,
        second_supplier=(supplier + 1 + int(rng.integers(len(suppliers) - 1))) % len(suppliers) if has_second else None,
        second_cost_cents=round(cost_cents * rng.uniform(1.04, 1.15)),
    )


def _draw_rate(entry: ProductEntry, rng: np.random.Generator) -> float:
    """Units a day: cheap things sell more; slow movers sell a few times a month."""
    if entry.kind == "slow":
        return float(rng.uniform(0.04, 0.22))
    return float(np.clip(7.0 * entry.price**-0.6 * rng.lognormal(0, 0.45), 0.8, 20.0))


def _supplier_of(category: int, position: int, suppliers: int) -> int:
    """One supplier a category; those past the tenth take every third product of the first categories."""
    second = len(CATEGORIES) + category
    return second if position % 3 == 1 and second < suppliers else category % suppliers


def _ean13(first_twelve: str) -> str:
    """The code with its check digit, e.g. 400638133393 → 4006381333931."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(first_twelve))
    return f"{first_twelve}{-weighted % 10}"
