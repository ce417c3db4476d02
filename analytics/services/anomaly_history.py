"""The figure around an anomaly, day by day; light, for the page that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from analytics.models import (
    Anomaly,
    CategoryDailyMetrics,
    CompanyDailyMetrics,
    ProductDailyMetrics,
    StoreDailyMetrics,
)

BEFORE_DAYS, AFTER_DAYS = 56, 7


@dataclass(frozen=True)
class AnomalyHistory:
    first_day: date
    values: Sequence[float]


def anomaly_history(anomaly: Anomaly) -> AnomalyHistory:
    """Eight weeks up to the anomaly's day and up to a week after, as far as sales go; days without any are 0. One query."""
    first = anomaly.business_date - timedelta(days=BEFORE_DAYS - 1)
    rows = _days_of(anomaly).between(first, anomaly.business_date + timedelta(days=AFTER_DAYS)).order_by()
    by_day = {row["business_date"]: _value(anomaly.metric, row) for row in rows.values()}
    last = max([anomaly.business_date, *by_day])
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    return AnomalyHistory(first, [by_day.get(day, 0.0) for day in days])


def _days_of(anomaly: Anomaly) -> Any:
    in_currency = {"currency": anomaly.currency}
    if anomaly.level == Anomaly.Level.STORE:
        return StoreDailyMetrics.objects.filter(store=anomaly.store)
    if anomaly.level == Anomaly.Level.PRODUCT:
        return ProductDailyMetrics.objects.filter(product=anomaly.product, **in_currency)
    if anomaly.level == Anomaly.Level.CATEGORY:
        return CategoryDailyMetrics.objects.filter(category=anomaly.category, **in_currency)
    return CompanyDailyMetrics.objects.filter(**in_currency)


def _value(metric: str, row: dict[str, Any]) -> float:
    if metric == Anomaly.Metric.UNITS:
        return float(row["units"] - row["returned_units"])
    column = {"revenue": "revenue", "transactions": "transactions", "returns": "returned_units"}[metric]
    return float(row[column])
