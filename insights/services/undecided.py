"""The night's recommendations, for the products that people have not put off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from insights.calc.replenishment.config import PolicyConfig
from insights.models import ReorderRecommendation
from insights.services.reorder import Recommended, recommend
from inventory.models import Store
from inventory.services.order_stops import stopped_products

Status = ReorderRecommendation.Status


@transaction.atomic(savepoint=False)
def recommend_undecided(
    *,
    store: Store,
    product_ids: Sequence[int],
    recommendation_date: date,
    now: datetime,
    config: PolicyConfig | None = None,
    forecast_date: date | None = None,
) -> Recommended:
    """``recommend`` for all of the products but those whose orders are stopped, or whose recommendation is snoozed past
    the day or proposed.

    The rows are locked in primary-key order as they are read, those that ``recommend`` locks among them, so that a
    snooze comes before or after the rerun, never between.
    """
    mine = ReorderRecommendation.objects.filter(store=store, product_id__in=product_ids)
    may_change = mine.open() | mine.filter(recommendation_date__gte=recommendation_date)
    rows = may_change.select_for_update().order_by("pk").values_list("product_id", "status", "snoozed_until")
    put_off = {
        product_id
        for product_id, status, until in rows
        if status == Status.PROPOSED or (status == Status.SNOOZED and until > recommendation_date)
    }
    put_off |= stopped_products(store_id=store.pk, product_ids=product_ids, day=recommendation_date)
    return recommend(
        store=store,
        product_ids=product_ids,
        recommendation_date=recommendation_date,
        now=now,
        config=config,
        forecast_date=forecast_date,
        put_off=put_off,
    )
