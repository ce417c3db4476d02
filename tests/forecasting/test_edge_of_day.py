"""Two stores in different zones, and sales at the edge of their days."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from forecasting.services.on_demand import generate_forecast
from inventory.models import DailySales
from inventory.querysets.scope import EVERY_STORE
from inventory.services.business_days import last_complete_day
from inventory.services.reported_movements import ReportedMovement, record_reported
from tests.cast import TODAY, Cast, sell_daily

YESTERDAY = TODAY - timedelta(days=1)
# In winter Athens is two hours ahead of London: 00:30 on the 16th there is 22:30 on the 15th here.
EDGE = datetime.fromisoformat("2026-03-15T22:30:00+00:00")


def report(cast: Cast, *sales: tuple[str, datetime, int]) -> None:
    rows = [ReportedMovement(store, cast.steady.sku, "sale", units, occurred_at=at) for store, at, units in sales]
    record_reported(
        reported=rows, scope=EVERY_STORE, recorded_by="till", idempotency_key="edge", now=EDGE + timedelta(hours=3)
    )


def test_a_sale_falls_on_the_day_that_its_own_stores_clock_shows(cast: Cast) -> None:
    hour = timedelta(hours=1)
    report(
        cast,
        ("N1", EDGE, 1),  # 22:30 in London
        ("N1", EDGE + hour, 2),  # 23:30
        ("N1", EDGE + 2 * hour, 4),  # 00:30 of the next day
        ("S1", EDGE - hour, 8),  # 23:30 in Athens
        ("S1", EDGE, 16),  # 00:30 of the next day, at the same instant as London's first
    )
    sold = DailySales.objects.filter(product=cast.steady).order_by("store__code", "business_date")
    assert list(sold.values_list("store__code", "business_date", "units")) == [
        ("N1", YESTERDAY, 3),
        ("N1", TODAY, 4),
        ("S1", YESTERDAY, 8),
        ("S1", TODAY, 16),
    ]


def test_a_forecast_begins_on_the_day_of_its_own_store(cast: Cast) -> None:
    for store in (cast.north, cast.south):
        sell_daily(store, cast.steady, [5] * 28, last_day=YESTERDAY)
    north, south = (
        generate_forecast(store=store, product=cast.steady, horizon_days=7, now=EDGE)
        for store in (cast.north, cast.south)
    )
    assert (north.forecast_date, south.forecast_date) == (YESTERDAY, TODAY)
    with pytest.raises(ValidationError, match="today is 2026-03-15 there"):
        generate_forecast(store=cast.north, product=cast.steady, forecast_date=TODAY, now=EDGE)


def test_a_night_waits_until_the_day_is_over_in_every_store(cast: Cast) -> None:
    assert last_complete_day(now=EDGE) == YESTERDAY - timedelta(days=1)
    assert last_complete_day(now=EDGE + timedelta(hours=2)) == YESTERDAY
