"""The day's trends of company, categories and stores (SP-8), written in one step."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
from django.db import transaction

from analytics.calc.sales_trend import HISTORY_DAYS, SIGNIFICANCE, WINDOWS, daily_trend
from analytics.frames.day_sums import SummedDays, load_summed_days
from analytics.models import SalesTrend

KEPT_DAYS = 400


@transaction.atomic
def refresh_trends(*, business_date: date, now: datetime) -> int:
    """Test every figure over the windows that end on ``business_date``; the number of trends. Replaces the day's rows.

    Reads the daily metrics, which must be up to date, in three queries. Rows over 400 days old are dropped.
    """
    rows = [
        trend
        for summed in load_summed_days(last_day=business_date, days=HISTORY_DAYS)
        for trend in _trends_of(summed, business_date, now)
    ]
    SalesTrend.objects.filter(business_date=business_date).delete()
    SalesTrend.objects.filter(business_date__lt=business_date - timedelta(days=KEPT_DAYS)).delete()
    SalesTrend.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def _trends_of(summed: SummedDays, business_date: date, now: datetime) -> list[SalesTrend]:
    found = []
    for metric, days in (("units", summed.units), ("revenue", summed.revenue)):
        for window in WINDOWS:
            trend = daily_trend(days, window=window)
            if trend is None:
                continue
            found.append(
                SalesTrend(
                    business_date=business_date,
                    level=summed.level,
                    store_id=summed.store_id,
                    category=summed.category,
                    currency=summed.currency,
                    scope_key=_key_of(summed),
                    metric=metric,
                    window_days=window,
                    known_days=int(np.isfinite(days[-window:]).sum()),
                    mean_per_day=float(np.nanmean(days[-window:])),
                    slope_per_day=trend.slope,
                    slope_low=trend.slope_low,
                    slope_high=trend.slope_high,
                    tau=trend.tau,
                    p_value=trend.p,
                    verdict=trend.verdict(SIGNIFICANCE),
                    updated_at=now,
                )
            )
    return found


def _key_of(summed: SummedDays) -> str:
    if summed.store_id is not None:
        return str(summed.store_id)
    return f"{summed.currency} {summed.category}".strip()
