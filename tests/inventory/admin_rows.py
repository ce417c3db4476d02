"""Rows of every model that the admin lists, half of them in each of the cast's two stores."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Group, User
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from analytics.models import Anomaly, ClassMove, CompanyClass, ProductClass, ProductPerformance, SalesTrend
from forecasting.models import (
    CalendarEvent,
    DemandForecastTotal,
    ForecastAccuracy,
    ForecastOverride,
    ForecastRun,
    PlannedPrice,
    ProductDemandForecast,
    TrainedModel,
)
from insights.models import (
    AnalysisRun,
    AnalysisRunChunk,
    CustomerScore,
    Decision,
    DecisionLimit,
    DecisionReason,
    DecisionValue,
    DemandAnalysis,
    ExcessRecommendation,
    PriceElasticity,
    ReorderRecommendation,
    TransferRecommendation,
)
from inventory.models import (
    Alert,
    ApiKey,
    CalendarFeed,
    Company,
    Customer,
    DailySales,
    InventoryTransaction,
    Product,
    PurchaseOrder,
    PurchaseOrderLine,
    Receipt,
    SalesFile,
    StockEvent,
    StockLevel,
    StockTransfer,
    StockTransferLine,
    Store,
    StoreMembership,
    StreamShard,
    Supplier,
    SupplierItem,
    WebhookDelivery,
    WebhookEndpoint,
)
from tests.cast import NOW, TODAY, Cast


def make_rows(cast: Cast, count: int) -> None:
    """``count`` rows (two at least) of each model; whatever belongs to a store names it: ``North`` or ``South``."""
    Company.objects.create(name="Our company")
    for i in range(count):
        _make_one_of_each(cast, i)


def _make_one_of_each(cast: Cast, i: int) -> None:
    store = (cast.north, cast.south)[i % 2]
    supplier = Supplier.objects.create(code=f"SUP-{i}", name=f"Supplier {i}")
    product = Product.objects.create(sku=f"P-{i}", name=f"Product {i}", category=f"Category {i % 3}", unit_cost=2)
    SupplierItem.objects.create(supplier=supplier, product=product, unit_cost=2)
    Customer.objects.create(code=f"C-{i}")
    _make_stock_rows(store, product, i)
    _make_order_rows(cast, store, supplier, product, i)
    _make_analysis_rows(cast, store, supplier, product, i)
    _make_moves(cast, store, product, i)
    _make_demand_insights(store, product, i)
    _make_people_and_schedules(cast, store, i)


def _make_stock_rows(store: Store, product: Product, i: int) -> None:
    StockLevel.objects.create(store=store, product=product, on_hand_units=i, minimum_units=1, maximum_units=90)
    InventoryTransaction.objects.create(
        store=store,
        product=product,
        movement_type="sale",
        quantity=1,
        stock_change=-1,
        before_units=i + 1,
        after_units=i,
        unit_price=5,
        total=5,
        occurred_at=NOW,
        business_date=TODAY,
        source="test",
        reference=f"secret of {store.name}",
        idempotency_key=f"row:{i}",
        recorded_at=NOW,
    )
    DailySales.objects.create(store=store, product=product, business_date=TODAY, units=1, revenue=5, transactions=1)
    Alert.objects.create(
        kind="out_of_stock",
        severity="critical",
        store=store,
        product=product,
        message=f"{store.name} is out of P-{i}",
        cause_key=f"row:{i}",
        open_key=f"row:{i}",
        opened_at=NOW,
    )
    StockEvent.objects.create(
        identity=f"row:{i}",
        event_type="sale",
        outcome="rejected",
        reason=f"wrong in {store.name}",
        store=store,
        product=product,
        received_at=NOW,
        source="stream",
        payload=f'"secret of {store.name}"',
    )
    StreamShard.objects.create(stream="stock", shard_id=f"shard-{i}")
    endpoint = WebhookEndpoint.objects.create(
        name=f"Hook {i}", address="https://hooks.example.com/", salt=f"{i:048}", created_at=NOW
    )
    alert = Alert.objects.get(cause_key=f"row:{i}")
    WebhookDelivery.objects.create(endpoint=endpoint, alert=alert, event="alert.opened", body="{}", next_attempt_at=NOW)
    SalesFile.objects.create(name=f"sales of {store.name} {i}.csv", checksum=f"{i:064d}", store=store)


def _make_order_rows(cast: Cast, store: Store, supplier: Supplier, product: Product, i: int) -> None:
    order = PurchaseOrder.objects.create(number=f"PO-{store.name}-{i}", supplier=supplier, store=store, status="sent")
    line = PurchaseOrderLine.objects.create(purchase_order=order, product=product, ordered_units=6, unit_cost=2)
    Receipt.objects.create(line=line, units=1, received_on=TODAY, idempotency_key=f"row:{i}")
    transfer = StockTransfer.objects.create(
        number=f"TR-{i}", from_store=store, to_store=cast.south if store == cast.north else cast.north
    )
    StockTransferLine.objects.create(transfer=transfer, product=product, units=3)


def _make_analysis_rows(cast: Cast, store: Store, supplier: Supplier, product: Product, i: int) -> None:
    ProductPerformance.objects.create(
        store=store,
        product=product,
        analysis_date=TODAY,
        period_type="monthly",
        period_days=30,
        total_sales_volume=1,
        total_sales_revenue=5,
        current_stock=i,
        stock_value=2 * i,
        movement="slow",
        minimum_stock=1,
        maximum_stock=90,
        stock_status="Normal",
        stock_risk="Low",
        performance_score=50,
        transaction_count=1,
        updated_at=NOW,
    )
    ProductClass.objects.create(store=store, product=product, abc_class="A", abc_on=TODAY, xyz_class="X")
    ClassMove.objects.create(store=store, product=product, scheme="abc", moved_on=TODAY, from_class="B", to_class="A")
    CompanyClass.objects.create(product=product, currency="GBP", abc_on=TODAY, units=1, revenue=5, abc_class="A")
    figures = {"actual": 1, "expected": 5, "lower": 3, "upper": 7, "deviations": -6, "money": -20, "money_size": 20}
    Anomaly.objects.create(
        business_date=TODAY,
        level="store",
        store=store,
        currency=store.currency,
        scope_key=f"row {i}",
        metric="units",
        kind="day",
        updated_at=NOW,
        **figures,
    )
    SalesTrend.objects.create(
        business_date=TODAY,
        level="store",
        store=store,
        currency=store.currency,
        scope_key=f"row {i}",
        metric="units",
        window_days=28,
        known_days=28,
        mean_per_day=5,
        slope_per_day=0.1,
        slope_low=0,
        slope_high=0.2,
        tau=0.3,
        p_value=0.04,
        verdict="rising",
        updated_at=NOW,
    )
    ForecastRun.objects.create(forecast_date=TODAY, horizon_days=2, started_at=NOW)
    ProductDemandForecast.objects.create(
        store=store,
        product=product,
        forecast_date=TODAY,
        forecast_period=2,
        ensemble_forecast=3,
        model="naive",
        daily={"mean": [1.0, 2.0], "quantiles": {"0.1": [0.0, 0.0], "0.9": [3.0, 4.0]}},
        created_at=NOW,
    )
    ForecastAccuracy.objects.create(store=store, product=product, model="naive", forecast_date=TODAY, wape=0.2)
    _make_plans(store, product, i)
    recommendation = ReorderRecommendation.objects.create(
        store=store,
        product=product,
        supplier=supplier,
        recommendation_date=TODAY,
        current_stock=i,
        minimum_stock=1,
        maximum_stock=90,
        recommended_order_quantity=12,
        unit_cost=Decimal(2),
        urgency_level="critical",
        urgency_rank=0,
        updated_at=NOW,
    )
    decision = Decision.objects.create(
        recommendation=recommendation,
        action="reject",
        recommended_quantity=12,
        reason=f"not needed in {store.name}",
        decided_by=cast.buyer,
        decided_by_name="bo",
        decided_at=NOW,
    )
    DecisionValue.objects.create(
        decision=decision,
        kind="rejected",
        store=store,
        product=product,
        supplier=supplier,
        first_day=TODAY - timedelta(days=20),
        last_day=TODAY - timedelta(days=6),
        evaluated_at=NOW,
        **dict.fromkeys(
            [
                *("demand_units", "estimated_units", "needed_units", "decided_units", "recommended_units"),
                *("lost_units", "lost_units_recommended", "lost_units_none"),
                *("stockout_days", "stockout_days_recommended", "stockout_days_none"),
                *("excess_units", "excess_units_recommended", "excess_units_none"),
                *("cost", "cost_recommended", "cost_none", "value", "value_of_ordering"),
                "forecast_value_added_units",
            ],
            1,
        ),
    )
    run = AnalysisRun.objects.create(
        kind="nightly",
        business_date=TODAY - timedelta(days=i + 1),
        status="partial",
        series_total=2,
        series_done=1,
        series_failed=1,
        failures=[{"store": store.code, "product": product.sku, "step": "forecast", "message": f"at {store.name}"}],
        created_at=NOW,
        started_at=NOW,
        finished_at=NOW,
    )
    AnalysisRunChunk.objects.create(run=run, position=0, store=store, product_ids=[product.pk])


def _make_moves(cast: Cast, store: Store, product: Product, i: int) -> None:
    TransferRecommendation.objects.create(
        product=product,
        from_store=store,
        to_store=cast.south if store == cast.north else cast.north,
        recommendation_date=TODAY,
        recommended_quantity=3,
        sender_stock=40,
        receiver_stock=i,
        transfer_days=1,
        supplier_days=5,
        gain=9,
        loss=1,
        cost=2,
        net_gain=6,
        stockout_probability=0.7,
        updated_at=NOW,
    )
    ExcessRecommendation.objects.create(
        product=product,
        store=store,
        action="stop_ordering",
        stop_until=TODAY + timedelta(days=30),
        recommendation_date=TODAY,
        recommended_quantity=20,
        current_stock=40,
        wanted_units=20,
        tied_up_value=40,
        value_at_stake=8,
        updated_at=NOW,
    )


def _make_demand_insights(store: Store, product: Product, i: int) -> None:
    """All of one analysis, which the lists show; and a model for each of the rows."""
    analyses = {
        kind: DemandAnalysis.objects.get_or_create(
            kind=kind,
            currency=store.currency,
            as_of_date=TODAY,
            defaults={"first_date": TODAY - timedelta(days=300), "created_at": NOW},
        )[0]
        for kind in DemandAnalysis.Kind.values
    }
    CustomerScore.objects.create(
        analysis=analyses["customers"],
        customer=Customer.objects.get(code=f"C-{i}"),
        home_store=store,
        last_purchase=TODAY,
        recency_days=1,
        purchase_days=5,
        revenue=50,
        r_score=5,
        f_score=5,
        m_score=5,
        segment="Regulars",
        rfm_segment="champions",
        clv=30,
        churn_probability=0.2,
        money_at_stake=6,
    )
    PriceElasticity.objects.create(
        analysis=analyses["prices"], product=product, category=product.category, verdict="elastic", elasticity=-2
    )
    TrainedModel.objects.create(
        kind="demand",
        name="gradient_boosting",
        version=i + 1,
        trained_from=TODAY - timedelta(days=300),
        trained_until=TODAY,
        recipe=f"{i:064}",
        payload=b"",
        size_bytes=0,
        checksum="0" * 64,
        created_at=NOW,
    )


def _make_plans(store: Store, product: Product, i: int) -> None:
    days = {"first_day": TODAY, "last_day": TODAY}
    event = CalendarEvent.objects.create(
        name=f"Fair of {store.name} {i}", kind="other", created_at=NOW, updated_at=NOW, **days
    )
    event.stores.add(store)
    event.products.add(product)
    PlannedPrice.objects.create(product=product, store=store, price=4, created_at=NOW, **days)
    ForecastOverride.objects.create(
        store=store,
        product=product,
        action="set",
        amount=5,
        reason=f"known in {store.name}",
        created_by_name="bo",
        created_at=NOW,
        **days,
    )
    _make_total("store_category", f"{store.pk}:{i}", store=store, category=product.category)
    _make_total("product", str(product.pk), product=product)


def _make_total(level: str, key: str, **of: Any) -> None:
    DemandForecastTotal.objects.create(
        level=level,
        key=key,
        **of,
        forecast_date=TODAY,
        forecast_period=2,
        series=1,
        expected_units=3,
        daily={"mean": [1.0, 2.0], "intervals": {"0.95": [[0.0, 0.0], [3.0, 4.0]]}},
        horizon={"mean": 3.0, "intervals": {"0.95": [0.0, 7.0]}},
        created_at=NOW,
    )


def _make_people_and_schedules(cast: Cast, store: Store, i: int) -> None:
    user = User.objects.create(username=f"user-{i}", is_staff=True)
    role = Group.objects.create(name=f"Role {i}")
    user.groups.add(role)
    DecisionLimit.objects.create(role=role, most_per_decision=100 * i)
    DecisionReason.objects.create(kind="change", code=f"row-{i}", label=f"Reason {i}")
    StoreMembership.objects.create(user=user, store=store)
    CalendarFeed.objects.create(owner=cast.buyer, name=f"Calendar {i}", secret=f"{i:032}", created_at=NOW)
    key, _ = ApiKey.objects.create_key(name=f"Key {i}", owner=cast.buyer, scopes=["stock:read"])
    key.stores.add(store)
    interval = IntervalSchedule.objects.create(every=i + 1, period="hours")
    PeriodicTask.objects.create(name=f"Task {i}", task="some.task", interval=interval)
    CrontabSchedule.objects.create(minute=str(i))
    ClockedSchedule.objects.create(clocked_time=NOW + timedelta(days=i))
    SolarSchedule.objects.create(event="sunrise", latitude=i, longitude=i)
