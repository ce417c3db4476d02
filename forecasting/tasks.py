"""Forecasting's background work: one product's forecast, made apart from the request that wants it (PA-4); holidays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from celery import shared_task

from forecasting.calc.config import DEFAULT_MODELS
from forecasting.services import holiday_loading
from forecasting.services.answers import generated_answer
from invencare.lib import clock
from inventory.models import Product, Store


@shared_task(name="forecasting.generate_forecast", acks_late=True)
def generate_forecast(
    product_id: str, store_id: str, forecast_period: int = 30, models: Sequence[str] = DEFAULT_MODELS
) -> dict[str, Any]:
    """Forecast the product (SKU) in the store (code). Safe to deliver twice: the second writes over the first.

    The message was sent by this site: who may ask was decided where it was sent.
    """
    # Numeric: at the top it would load numpy into the web process, which finds every app's tasks.
    from forecasting.services.on_demand import generate_forecast as generate

    row = generate(
        store=Store.objects.get(code=store_id),
        product=Product.objects.get(sku=product_id),
        horizon_days=forecast_period,
        models=models,
        now=clock.now(),
    )
    return generated_answer(row)


@shared_task(name="forecasting.load_holidays")
def load_holidays() -> str:
    """The public holidays of every store's country up to next year. Safe to run twice: what is there stays."""
    now = clock.now()
    first_year, last_year = holiday_loading.usual_years(now.date())
    return holiday_loading.load_for_stores(first_year=first_year, last_year=last_year, now=now).sentence()
