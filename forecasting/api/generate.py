"""PA-4 behind its doors: from checked input to the answer, the same for the REST call and the Lambda call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import exceptions, status

from forecasting.services.answers import generated_answer
from forecasting.services.errors import InsufficientHistory, ModelUnavailable
from inventory.api.errors import NotHere
from inventory.api.views.base import known_row
from inventory.models import Product, Store
from inventory.querysets.scope import StoreScope


class InsufficientHistoryError(exceptions.APIException):
    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = "Insufficient historical data"
    default_code = "insufficient_history"


def generate_for(query: Mapping[str, Any], *, scope: StoreScope, now: datetime) -> dict[str, Any]:
    """Make the forecast that ``GenerateSerializer`` has checked, for a store of the actor's."""
    store = known_row(Store.objects.visible_to(scope), field="store_id", code=query["store_id"])
    product = known_row(Product.objects.all(), field="product_id", sku=query["product_id"])
    try:  # numeric: at the top it would load numpy into every web process
        from forecasting.services.on_demand import generate_forecast
    except ModuleNotFoundError as error:
        raise NotHere from error
    try:
        row = generate_forecast(
            store=store,
            product=product,
            horizon_days=query["forecast_period"],
            models=query["models"],
            forecast_date=query.get("forecast_date"),
            now=now,
        )
    except InsufficientHistory as refusal:
        raise InsufficientHistoryError from refusal
    except ModelUnavailable as refusal:
        raise exceptions.ValidationError({"models": [str(refusal)]}) from refusal
    row.store, row.product = store, product
    return generated_answer(row)
