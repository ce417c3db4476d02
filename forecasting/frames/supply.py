"""Who delivers a product, and how fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from inventory.models import SupplierItem


@dataclass(frozen=True)
class Source:
    """The supplier that a product would be ordered from: times in days, pack and minimum order in units."""

    supplier_id: int
    supplier_name: str
    unit_cost: Decimal
    lead_time_days: float
    lead_time_sd_days: float
    review_days: int
    pack_size: int
    minimum_order_quantity: int


def load_sources(product_ids: Sequence[int]) -> dict[int, Source]:
    """The best source of each product by its id: the preferred, then the cheapest, of active suppliers. One query."""
    sources: dict[int, Source] = {}
    items = SupplierItem.objects.filter(product_id__in=product_ids, supplier__is_active=True).best_first()
    for product_id, *values, lead_time, lead_time_sd, review, pack, least in items.values_list(
        "product_id",
        "supplier_id",
        "supplier__name",
        "unit_cost",
        "lead_time_days",
        "lead_time_sd_days",
        "supplier__review_period_days",
        "pack_size",
        "minimum_order_quantity",
    ):
        if product_id not in sources:
            supplier_id, supplier_name, unit_cost = values
            sources[product_id] = Source(
                supplier_id=supplier_id,
                supplier_name=supplier_name,
                unit_cost=unit_cost,
                lead_time_days=float(lead_time),
                lead_time_sd_days=float(lead_time_sd),
                review_days=review,
                pack_size=pack,
                minimum_order_quantity=least,
            )
    return sources
