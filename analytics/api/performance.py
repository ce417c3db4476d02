"""PA-1 behind its doors: from checked input to the row, the same for the REST call and the Lambda call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from analytics.models import ProductPerformance
from invencare.lib import clock
from inventory.api.errors import NotHere
from inventory.api.views.base import known_row
from inventory.models import Product, Store
from inventory.querysets.scope import StoreScope


def analyse_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> ProductPerformance:
    """Analyse what ``PerformanceQuerySerializer`` has checked, up to the last complete day of a store of the actor's."""
    store = known_row(Store.objects.visible_to(scope), field="store_id", code=query["store_id"])
    product = known_row(Product.objects.all(), field="product_id", sku=query["product_id"])
    try:  # numeric: at the top it would load numpy into every web process
        from analytics.services.performance import analyse_performance
    except ModuleNotFoundError as error:
        raise NotHere from error
    (row,) = analyse_performance(
        store=store,
        product_ids=[product.pk],
        analysis_date=clock.business_date(now, store.zone) - timedelta(days=1),
        period_days=query["analysis_period"],
        now=now,
    )
    row.store, row.product = store, product
    return row
