"""Analytics' background work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from celery import shared_task

from analytics.services.anomaly_alerts import follow_anomalies as follow
from analytics.services.answers import performance_answer
from analytics.services.metrics import refresh_metrics as refresh
from invencare.lib import clock
from inventory.models import Product, Store


@shared_task(name="analytics.refresh_metrics")
def refresh_metrics() -> int:
    """Bring the sums over days up to date; the number of days. Two at once do no harm: one waits for the other."""
    return refresh(now=clock.now())


@shared_task(name="analytics.analyse_performance", acks_late=True)
def analyse_performance(product_id: str, store_id: str, analysis_period: int = 30) -> dict[str, Any]:
    """PA-1 for the product (SKU) in the store (code), up to the store's last complete day. Safe to deliver twice.

    The message was sent by this site: who may ask was decided where it was sent.
    """
    # Numeric: at the top it would load numpy into the web process, which finds every app's tasks.
    from analytics.services.performance import analyse_performance as analyse

    store = Store.objects.get(code=store_id)
    product = Product.objects.get(sku=product_id)
    now = clock.now()
    (row,) = analyse(
        store=store,
        product_ids=[product.pk],
        analysis_date=clock.business_date(now, store.zone) - timedelta(days=1),
        period_days=analysis_period,
        now=now,
    )
    row.store, row.product = store, product
    return performance_answer(row)


@shared_task(name="analytics.follow_anomalies", acks_late=True)
def follow_anomalies() -> int:
    """Open and close the alerts of unusual sales. Safe to run twice."""
    return follow(now=clock.now())
