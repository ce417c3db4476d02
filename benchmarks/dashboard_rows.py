"""What the dashboard reads beside sales and stock: the night's totals, and an open alert for every low level."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

HORIZON_DAYS = 28
MOST_ALERTS = 50_000


def make_dashboard_rows(today: Any) -> None:
    """Made once; a kept company has them."""
    from forecasting.models import DemandForecastTotal

    if not DemandForecastTotal.objects.exists():
        _make_totals(today)
        _make_alerts()


def _make_totals(today: Any) -> None:
    from forecasting.models import DemandForecastTotal
    from inventory.models import Store

    mean = [100.0 + day % 7 for day in range(HORIZON_DAYS)]
    band = [[units * 0.8 for units in mean], [units * 1.2 for units in mean]]
    common: dict[str, Any] = {
        "forecast_date": today + timedelta(days=1),
        "forecast_period": HORIZON_DAYS,
        "series": 1,
        "expected_units": sum(mean),
        "daily": {"mean": mean, "intervals": {"0.8": band, "0.95": band}},
        "horizon": {"mean": sum(mean), "intervals": {"0.95": [1.0, 2.0]}},
        "created_at": datetime.now(UTC),
    }
    stores = [DemandForecastTotal(level="store", key=str(pk), store_id=pk, **common) for pk in _ids(Store)]
    DemandForecastTotal.objects.bulk_create(stores, batch_size=500)
    DemandForecastTotal.objects.create(level="company", key="", **common)


def _ids(model: Any) -> list[int]:
    return list(model.objects.order_by("pk").values_list("pk", flat=True))


def _make_alerts() -> None:
    from django.db.models import F

    from inventory.models import Alert, StockLevel
    from inventory.services.locking import in_chunks

    now = datetime.now(UTC)
    low = StockLevel.objects.filter(on_hand_units__lte=F("minimum_units")).order_by("pk")[:MOST_ALERTS]
    for some in in_chunks(low, 2_000):
        Alert.objects.bulk_create(
            Alert(
                kind="below_minimum" if level.on_hand_units else "out_of_stock",
                severity="high" if level.on_hand_units else "critical",
                store_id=level.store_id,
                product_id=level.product_id,
                message=f"Product {level.product_id} at store {level.store_id}: {level.on_hand_units} units on hand",
                cause_key=f"stock:{level.pk}",
                open_key=f"stock:{level.pk}",
                money=level.pk % 997,
                currency="EUR",
                valued_at=now,
                opened_at=now,
            )
            for level in some
        )
