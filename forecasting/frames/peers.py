"""The products whose sales help to forecast one product in one store."""

from __future__ import annotations

from django.db.models import Case, Value, When

from inventory.models import Product, StockLevel


def load_peer_ids(*, store_id: int, product: Product, most: int) -> list[int]:
    """Up to ``most`` other products on sale in the store, those of the same category first. One query."""
    same_first = Case(When(product__category=product.category, then=Value(0)), default=Value(1))
    levels = StockLevel.objects.at(store_id).on_sale().exclude(product=product)
    return list(levels.order_by(same_first, "product_id").values_list("product_id", flat=True)[:most])
