"""A forecast made on demand as plain words and numbers: the one answer of the API, the Celery task and the Lambda call.

Light: it is read where there is no numeric stack.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from forecasting.models import ProductDemandForecast

CONFIDENCE_LEVEL = 0.95


def generated_answer(row: ProductDemandForecast) -> dict[str, Any]:
    """The inputs, what is served over the whole period, and each model asked for with its daily path (PA-4)."""
    named: dict[str, Any] = row.daily["models"]
    return {
        "product_id": row.product.sku,
        "store_id": row.store.code,
        "forecast_period": row.forecast_period,
        "models": list(named),
        "forecast_date": row.forecast_date.isoformat(),
        "historical_data_points": row.historical_data_points,
        "served_model": row.model,
        "served_reason": row.daily["reason"],
        "served_forecast": row.ensemble_forecast,
        "confidence_level": CONFIDENCE_LEVEL,
        "confidence_interval_lower": row.confidence_interval_lower,
        "confidence_interval_upper": row.confidence_interval_upper,
        "accuracy_score": row.forecast_accuracy_score,
        "forecasts": {model: _model_answer(row, path) for model, path in named.items()},
    }


def _model_answer(row: ProductDemandForecast, path: dict[str, Any]) -> dict[str, Any]:
    columns = zip(path["mean"], path["lower"], path["upper"], strict=True)
    return {
        "total": path["total"],
        "confidence_interval_lower": path["total_lower"],
        "confidence_interval_upper": path["total_upper"],
        "accuracy_score": path["accuracy_score"],
        "daily": [
            {
                "date": (row.forecast_date + timedelta(days=day)).isoformat(),
                "forecast": mean,
                "confidence_interval_lower": lower,
                "confidence_interval_upper": upper,
            }
            for day, (mean, lower, upper) in enumerate(columns)
        ],
    }
