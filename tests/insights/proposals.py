"""Recommendations for tests, one per product, store and day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from insights.models import ReorderRecommendation
from inventory.models import Product, Store, Supplier
from tests.cast import NOW, TODAY

RANKS = {"critical": 0, "high": 1, "medium": 2, "low": 3}


def recommend(store: Store, product: Product, supplier: Supplier | None, **changes: Any) -> ReorderRecommendation:
    """A pending proposal of 12 units at 3.00; any column can be given."""
    return ReorderRecommendation.objects.create(**_columns(store, product, supplier, **changes))


def recommend_many(store: Store, products: list[Product], supplier: Supplier, **changes: Any) -> list[int]:
    """One proposal per product, in one insert; the ids in the order of the products."""
    rows = [ReorderRecommendation(**_columns(store, product, supplier, **changes)) for product in products]
    ReorderRecommendation.objects.bulk_create(rows)
    found = dict(ReorderRecommendation.objects.filter(store=store).values_list("product_id", "pk"))
    return [found[product.pk] for product in products]


def make_products(count: int, *, prefix: str = "P") -> list[Product]:
    Product.objects.bulk_create(
        Product(sku=f"{prefix}-{i:04}", name=f"Product {i}", category="Bulk", pack_size=6) for i in range(count)
    )
    return list(Product.objects.filter(sku__startswith=f"{prefix}-").order_by("sku"))


def _columns(store: Store, product: Product, supplier: Supplier | None, **changes: Any) -> dict[str, Any]:
    urgency = changes.get("urgency_level", "high")
    return {
        "store": store,
        "product": product,
        "supplier": supplier,
        "recommendation_date": TODAY,
        "current_stock": 4,
        "on_order_units": 0,
        "minimum_stock": 6,
        "maximum_stock": 60,
        "projected_demand_14_days": 21.0,
        "recommended_order_quantity": 12,
        "unit_cost": Decimal("3.00"),
        "money_at_risk": Decimal("40.00"),
        "stockout_probability": 0.7,
        "urgency_level": urgency,
        "urgency_rank": RANKS[urgency],
        "abc_class": "A",
        "dossier": {"review_days": 7},
        "updated_at": NOW,
        **changes,
    }
