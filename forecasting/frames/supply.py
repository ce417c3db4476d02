"""Who delivers a product, and how fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from inventory.calc.order_days import read_weekdays
from inventory.models import SupplierItem

STATED, MEASURED = "stated", "measured"


@dataclass(frozen=True)
class Source:
    """The supplier that a product would be ordered from: times in days, pack and minimum order in units.

    ``lead_time_source`` says whether the lead time is what people *stated* or what the last year's deliveries
    *measured*; ``lead_time_shares`` are then the whole days that deliveries take, with shares adding up to 1
    (empty where it is stated: only its mean and deviation are known). ``order_weekdays`` are those on which the supplier takes
    orders, Monday 0; empty: any.
    """

    supplier_id: int
    supplier_name: str
    unit_cost: Decimal
    lead_time_days: float
    lead_time_sd_days: float
    review_days: int
    pack_size: int
    minimum_order_quantity: int
    lead_time_source: str = STATED
    lead_time_shares: tuple[tuple[int, float], ...] = ()
    order_weekdays: tuple[int, ...] = ()


def load_sources(product_ids: Sequence[int]) -> dict[int, Source]:
    """The best source of each product by its id: the preferred, then the cheapest, of active suppliers. One query.

    A lead time is the measured one wherever the night's measurement found deliveries enough (``inventory.services.
    lead_times``), which draws it to the stated one while there are few.
    """
    sources: dict[int, Source] = {}
    items = SupplierItem.objects.filter(product_id__in=product_ids, supplier__is_active=True).best_first()
    for product_id, supplier_id, supplier_name, *values in items.values_list(
        "product_id",
        "supplier_id",
        "supplier__name",
        "unit_cost",
        "supplier__review_period_days",
        "supplier__order_weekdays",
        "pack_size",
        "minimum_order_quantity",
        "lead_time_days",
        "lead_time_sd_days",
        "measured_lead_time_days",
        "measured_lead_time_sd_days",
        "observed_lead_times",
    ):
        if product_id in sources:
            continue
        unit_cost, review, weekdays, pack, least, stated_mean, stated_sd, mean, sd, shares = values
        is_measured = mean is not None and sd is not None
        sources[product_id] = Source(
            supplier_id=supplier_id,
            supplier_name=supplier_name,
            unit_cost=unit_cost,
            lead_time_days=float(mean if is_measured else stated_mean),
            lead_time_sd_days=float(sd if is_measured else stated_sd),
            review_days=review,
            pack_size=pack,
            minimum_order_quantity=least,
            lead_time_source=MEASURED if is_measured else STATED,
            lead_time_shares=tuple((int(days), float(share)) for days, share in shares) if is_measured else (),
            order_weekdays=read_weekdays(weekdays),
        )
    return sources
