"""PA-1's answer as plain words and numbers, for the Celery task and the Lambda call; light, like the row it is made of."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from analytics.models import ProductPerformance

FIELDS = (
    "period_type total_sales_volume total_sales_revenue average_sale_price sales_velocity inventory_turnover "
    "days_inventory_outstanding average_stock_units stock_out_days sell_through gross_margin gross_margin_return "
    "lost_units lost_revenue stock_value last_sale_on movement current_stock minimum_stock maximum_stock stock_status "
    "stock_risk margin_class performance_score score_parts transaction_count analysis_date"
).split()


def performance_answer(row: ProductPerformance) -> dict[str, Any]:
    """The inputs and the figures, by the API's names. Money is a number here, as the contract has it; dates are text."""
    return {
        "product_id": row.product.sku,
        "store_id": row.store.code,
        "analysis_period": row.period_days,
        "product_name": row.product.name,
        "category": row.product.category,
        "store_name": row.store.name,
        "abc_classification": row.abc_class,
        **{name: _plain(getattr(row, name)) for name in FIELDS},
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else value
