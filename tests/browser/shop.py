"""What the browser tests find on the site: recent sales, a forecast, and proposals to decide."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from analytics.models import ProductClass
from analytics.services.metrics import refresh_metrics
from forecasting.models import DemandForecastTotal, ProductDemandForecast
from insights.models import AnalysisRun
from invencare.lib import clock
from inventory.models import Store
from inventory.services.alerts import NewAlert, open_alerts
from tests.cast import Cast, movement, record, set_bounds
from tests.forecasting.measured import backtest
from tests.insights.proposals import recommend

DAYS = 30


def open_shop(cast: Cast) -> None:
    """As of today: pages read the real clock."""
    now = clock.now()
    today = clock.business_date(now, cast.north.zone)
    rows = []
    for store in (cast.north, cast.south):
        rows.append(movement(store, cast.steady, "count", 200, day=today - timedelta(days=DAYS + 1)))
        rows += [
            movement(store, cast.steady, "sale", 3 + i % 4, day=today - timedelta(days=i), unit_price=Decimal("5.00"))
            for i in range(DAYS, 0, -1)
        ]
    record(*rows, now=now)
    refresh_metrics(now=now)
    for store in (cast.north, cast.south):
        set_bounds(store, cast.steady, minimum=10, maximum=300)
        recommend(store, cast.steady, cast.supplier, urgency_level="critical", recommendation_date=today)
        ProductDemandForecast.objects.create(
            store=store,
            product=cast.steady,
            forecast_date=today,
            forecast_period=14,
            ensemble_forecast=63.0,
            model="naive",
            daily={
                "mean": [4.5] * 14,
                "quantiles": {"0.1": [2.0] * 14, "0.9": [7.0] * 14},
                "intervals": {"0.8": [[2.0] * 14, [7.0] * 14], "0.95": [[1.0] * 14, [9.0] * 14]},
            },
            created_at=now,
        )
        backtest(store, cast.steady, "ensemble", error=30, day=today, is_chosen=True, coverage_80=0.8)
        backtest(store, cast.steady, "seasonal_naive", error=50, day=today, rank=2)
    for level, store in (("store", cast.north), ("store", cast.south), ("company", None)):
        DemandForecastTotal.objects.create(
            level=level,
            key=str(store.pk) if store else "",
            store=store,
            forecast_date=today,
            forecast_period=14,
            series=1 if store else 2,
            expected_units=63.0,
            daily={"mean": [4.5] * 14, "intervals": {"0.95": [[1.0] * 14, [9.0] * 14]}},
            horizon={"mean": 63.0, "intervals": {"0.95": [40.0, 90.0]}},
            created_at=now,
        )
    for store, abc, xyz in ((cast.north, "A", "X"), (cast.south, "B", "")):
        ProductClass.objects.create(store=store, product=cast.steady, abc_class=abc, xyz_class=xyz)
    open_alerts([_alert(cast.north, 120), _alert(cast.south, 30)], now=now)
    AnalysisRun.objects.create(
        kind="nightly",
        business_date=today - timedelta(days=1),
        status="done",
        series_total=2,
        series_done=2,
        created_at=now,
        finished_at=now,
    )


def _alert(store: Store, money: int) -> NewAlert:
    return NewAlert(
        kind="order_overdue",
        severity="high",
        message=f"An order for {store.name} is late",
        cause_key=f"late:{store.code}",
        store_id=store.pk,
        money=Decimal(money),
        currency=store.currency,
    )
