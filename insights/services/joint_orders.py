"""What the recommendations of a store share: each supplier's minimum order value, and the money for all of them."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import ExpressionWrapper, F, Q, Sum

from insights.calc.replenishment.config import PolicyConfig
from insights.calc.replenishment.inputs import inputs_from_json
from insights.calc.replenishment.plan import Sharing
from insights.models import ReorderRecommendation
from insights.services import dossier
from insights.services.policy.company import company_policy
from insights.services.policy.planning import Planned, plan_products
from insights.services.policy.proposals import shared_again
from insights.services.undecided import recommend_undecided
from invencare.lib.upsert import upsert
from inventory.models import Product, PurchaseOrder, PurchaseOrderLine, Store, Supplier
from inventory.querysets.purchasing import MONEY

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shared:
    """What one call did, by product id: raised to the supplier's minimum or cut by the budget, and left to wait."""

    changed: list[int]
    waiting: list[int]


@transaction.atomic
def share_orders(
    *,
    store: Store,
    recommendation_date: date,
    now: datetime,
    config: PolicyConfig | None = None,
    budget: float | None = None,
) -> Shared:
    """Raise every supplier's order for the store to its minimum value where that pays, or let it wait and say so.

    Looks at the day's pending rows alone, each from its own dossier, and keeps on it what was decided, so that the row still
    comes to its quantity by itself. What lies in the supplier's open draft counts towards the minimum. With a ``budget`` (money, for
    all rows of the store) the packs that save most per money come first. May be called again: it starts from the rows' inputs.
    """
    config = config or company_policy()
    mine = ReorderRecommendation.objects.pending().filter(store=store, recommendation_date=recommendation_date)
    minimums = _minimums_not_reached(store, mine)
    if budget is None:
        mine = mine.filter(supplier_id__in=minimums)
    rows = {
        row.product_id: row
        for row in mine.select_for_update().order_by("pk")
        if row.dossier.get("version") == dossier.CURRENT and row.dossier["policy"]["goal"] == config.goal
    }
    inputs = {product_id: inputs_from_json(row.dossier["inputs"]) for product_id, row in rows.items()}
    planned = plan_products(inputs, config, Sharing(supplier_minimums=minimums, budget=budget))
    changed = [row for product_id, row in rows.items() if _is_changed(row, planned[product_id])]
    for row in changed:
        before = row.recommended_order_quantity
        shared_again(row, planned[row.product_id], config=config)
        row.version += before != row.recommended_order_quantity
        row.updated_at = now
    upsert(changed, key=("product", "store", "recommendation_date"))
    return Shared(
        changed=[row.product_id for row in changed if row.recommended_order_quantity],
        waiting=[row.product_id for row in rows.values() if not row.recommended_order_quantity],
    )


def share_everywhere(*, recommendation_date: date, now: datetime) -> list[dict[str, Any]]:
    """``share_orders`` for every store with orders from a supplier with a minimum; one failure a store that could not be."""
    pending = ReorderRecommendation.objects.pending().filter(recommendation_date=recommendation_date)
    stores = Store.objects.filter(
        pk__in=pending.filter(supplier__minimum_order_value__gt=0).order_by().values("store_id")
    )
    config = company_policy()
    failures = []
    for store in stores:
        try:
            share_orders(store=store, recommendation_date=recommendation_date, now=now, config=config)
        except OperationalError:  # a deadlock or a lost connection: no store's fault
            raise
        except Exception as error:
            logger.exception("the orders of %s could not be brought to their suppliers' minimums", store)
            failures.append({"store": store.code, "product": "", "step": "joint order", "message": str(error)[:500]})
    return failures


def recommend_ended(*, recommendation_date: date, now: datetime) -> int:
    """Say of every product that is no longer sold what is still on order of it; the number of rows."""
    coming = PurchaseOrderLine.objects.still_to_come()
    ended = coming.filter(product__status=Product.Status.DISCONTINUED) | coming.filter(
        Q(product__stock_levels__store_id=F("purchase_order__store_id"), product__stock_levels__is_on_sale=False)
    )
    by_store: dict[int, list[int]] = {}
    for store_id, product_id in ended.order_by().values_list("purchase_order__store_id", "product_id").distinct():
        by_store.setdefault(store_id, []).append(product_id)
    written = 0
    for store in Store.objects.filter(pk__in=by_store, is_active=True):
        done = recommend_undecided(
            store=store, product_ids=by_store[store.pk], recommendation_date=recommendation_date, now=now
        )
        written += len(done.written)
    return written


def _minimums_not_reached(store: Store, mine: Any) -> dict[int, float]:
    """Money that is missing to each supplier's minimum order, less what lies in its open draft for the store; only of suppliers of
    whom something is ordered, and less than that."""
    minimums = dict(Supplier.objects.filter(minimum_order_value__gt=0).values_list("pk", "minimum_order_value"))
    drafts = PurchaseOrderLine.objects.filter(
        purchase_order__store=store,
        purchase_order__status=PurchaseOrder.Status.DRAFT,
        purchase_order__supplier_id__in=minimums,
    )
    value: Any = ExpressionWrapper(F("ordered_units") * F("unit_cost"), output_field=MONEY)
    drafted = dict(drafts.order_by().values_list("purchase_order__supplier_id").annotate(value=Sum(value)))
    asked: Any = ExpressionWrapper(F("recommended_order_quantity") * F("unit_cost"), output_field=MONEY)
    orders = mine.filter(supplier_id__in=minimums).order_by().values_list("supplier_id").annotate(value=Sum(asked))
    missing = {pk: float(minimums[pk]) - float(drafted.get(pk, 0)) for pk in minimums}
    return {pk: missing[pk] for pk, value in orders if 0 < float(value) < missing[pk]}


def _is_changed(row: ReorderRecommendation, planned: Planned) -> bool:
    return bool(planned.shared or row.dossier["shared"]) or row.recommended_order_quantity != planned.quantity
