"""What the API tests share: clients of people and of keys, and one row of everything in both stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from rest_framework.test import APIClient

from analytics.models import Anomaly
from forecasting.models import CalendarEvent, DemandForecastTotal, ForecastOverride, ProductDemandForecast
from insights.models import AnalysisRun, ReorderRecommendation
from invencare.lib import clock
from inventory.models import (
    Alert,
    Product,
    PurchaseOrder,
    PurchaseOrderLine,
    SalesFile,
    StockEvent,
    StockLevel,
    StockTransfer,
    StockTransferLine,
    Store,
)
from inventory.services.api_keys import create_key
from tests.cast import NOW, TODAY, Cast, movement, record
from tests.insights.demand_rows import customer_analysis, price_analysis, score
from tests.insights.move_proposals import propose_excess, propose_transfer

ApiPerson = Callable[[User], APIClient]
_keys = count(1)


@pytest.fixture(autouse=True)
def _no_throttle_left() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def person(user: User) -> APIClient:
    """A client with the user's session."""
    client = APIClient()
    client.force_login(user)
    return client


def machine(owner: User, scopes: Iterable[str], *, stores: Iterable[Store] = ()) -> APIClient:
    """A client with a new key of ``owner``."""
    _, plain = create_key(owner=owner, name=f"till {next(_keys)}", scopes=scopes, stores=stores, now=NOW)
    return with_key(plain)


def with_key(plain: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Api-Key {plain}")
    return client


def once() -> dict[str, str]:
    """Headers with a fresh idempotency key."""
    return {"Idempotency-Key": f"test-{next(_keys)}"}


@dataclass(frozen=True)
class World:
    """One row of everything in each store; ``north`` and ``south`` give the rows by name."""

    cast: Cast
    north: dict[str, Any]
    south: dict[str, Any]


@pytest.fixture
def world(cast: Cast) -> World:
    analysis = customer_analysis(created_at=clock.now())
    score(analysis, cast.north, "ann")
    price_analysis(cast, created_at=clock.now())
    return World(cast=cast, north=rows_of(cast, cast.north), south=rows_of(cast, cast.south))


def rows_of(cast: Cast, store: Store) -> dict[str, Any]:
    product = cast.steady
    record(
        movement(store, product, "count", 40, day=TODAY - timedelta(days=3)),
        movement(store, product, "sale", 4, day=TODAY - timedelta(days=2), unit_price=Decimal("5.00")),
    )
    other = cast.south if store == cast.north else cast.north
    draft, approved, sent, partly = (order(cast, store, product, status) for status in _ORDER_STATUSES)
    return {
        "store": store,
        "level": StockLevel.objects.get(store=store, product=product),
        "stock_event": stock_event(store, product),
        "file": SalesFile.objects.create(name="day.csv", checksum=f"{store.pk:064d}", store=store, status="done"),
        "draft": draft,
        "approved": approved,
        "sent": sent,
        "partly": partly,
        "leaving_draft": transfer(store, other, product),
        "leaving_approved": transfer(store, other, product, "approved"),
        "arriving": transfer(other, store, product, "sent"),
        "recommendation": recommendation(cast, store, product),
        "other_recommendation": recommendation(cast, store, cast.seasonal),
        "transfer_proposal": propose_transfer(store, other, product),
        "excess": propose_excess(store, product, "mark_down"),
        "forecast": forecast(store, product),
        "alert": alert(store, product),
        "anomaly": anomaly(store),
        "dismissed_anomaly": anomaly(store, status="dismissed", scope_key=f"{store.pk}-dismissed"),
        "event": event(store, product),
        "override": override(store, product),
        "total": total(store),
        "run": AnalysisRun.objects.create(
            kind="nightly",
            business_date=TODAY - timedelta(days=store.pk),
            status="partial",
            created_at=NOW,
            failures=[{"store": store.code, "product": product.sku, "step": "forecast", "message": "no history"}],
        ),
    }


_ORDER_STATUSES = ("draft", "approved", "sent", "partly_received")


def order(cast: Cast, store: Store, product: Product, status: str = "draft", units: int = 12) -> PurchaseOrder:
    row = PurchaseOrder.objects.create(
        number=f"T-{next(_keys)}", supplier=cast.supplier, store=store, status=status, created_by=cast.buyer
    )
    PurchaseOrderLine.objects.create(
        purchase_order=row,
        product=product,
        ordered_units=units,
        unit_cost=Decimal("3.00"),
        received_units=6 if status == "partly_received" else 0,
    )
    return row


def transfer(from_store: Store, to_store: Store, product: Product, status: str = "draft") -> StockTransfer:
    row = StockTransfer.objects.create(
        number=f"M-{next(_keys)}", from_store=from_store, to_store=to_store, status=status
    )
    StockTransferLine.objects.create(transfer=row, product=product, units=10)
    return row


def recommendation(cast: Cast, store: Store, product: Product, **changes: Any) -> ReorderRecommendation:
    values = {
        "supplier": cast.supplier,
        "recommendation_date": TODAY,
        "current_stock": 36,
        "minimum_stock": 0,
        "maximum_stock": 0,
        "recommended_order_quantity": 24,
        "unit_cost": Decimal("3.00"),
        "money_at_risk": Decimal("80.00"),
        "urgency_level": "high",
        "urgency_rank": 1,
        "dossier": {"policy": {"units": 24}},
        "updated_at": NOW,
    }
    return ReorderRecommendation.objects.create(store=store, product=product, **{**values, **changes})


def anomaly(store: Store, **changes: Any) -> Anomaly:
    values = {
        "business_date": TODAY,
        "level": "store",
        "currency": store.currency,
        "metric": "units",
        "kind": "day",
        "actual": 1,
        "expected": 5,
        "lower": 3,
        "upper": 7,
        "deviations": -6,
        "money": -20,
        "money_size": 20,
        "updated_at": NOW,
    }
    return Anomaly.objects.create(store=store, **{**values, "scope_key": f"{store.pk}", **changes})


def stock_event(store: Store, product: Product) -> StockEvent:
    return StockEvent.objects.create(
        identity=f"e-{next(_keys)}",
        event_type="sale",
        outcome="stale",
        reason="older",
        store=store,
        product=product,
        quantity=1,
        occurred_at=NOW,
        received_at=NOW,
        source="stream",
        payload="{}",
    )


def forecast(store: Store, product: Product) -> ProductDemandForecast:
    return ProductDemandForecast.objects.create(
        store=store,
        product=product,
        forecast_date=TODAY,
        forecast_period=2,
        ensemble_forecast=5.0,
        model="seasonal",
        daily={"mean": [2.0, 3.0], "quantiles": {"0.1": [1.0, 2.0], "0.9": [4.0, 5.0]}},
        created_at=NOW,
    )


def alert(store: Store, product: Product, **changes: Any) -> Alert:
    cause = f"test:{next(_keys)}"
    values: dict[str, Any] = {"kind": "anomaly", "severity": "high", "message": f"{cause} at {store.name}"}
    return Alert.objects.create(
        store=store, product=product, cause_key=cause, open_key=cause, opened_at=NOW, **{**values, **changes}
    )


def event(store: Store, *products: Product, **changes: Any) -> CalendarEvent:
    """An event of one store."""
    values: dict[str, Any] = {"name": "Fair", "kind": "other", "first_day": TODAY, "last_day": TODAY}
    row = CalendarEvent.objects.create(created_at=NOW, updated_at=NOW, **{**values, **changes})
    row.stores.add(store)
    row.products.add(*products)
    return row


def override(store: Store, product: Product, **changes: Any) -> ForecastOverride:
    values: dict[str, Any] = {"first_day": TODAY, "last_day": TODAY, "action": "set", "amount": 9.0, "reason": "a fair"}
    return ForecastOverride.objects.create(
        store=store, product=product, created_by_name="bo", created_at=NOW, **{**values, **changes}
    )


def total(store: Store | None, **changes: Any) -> DemandForecastTotal:
    """A store's total; the company's without a store."""
    values: dict[str, Any] = {
        "level": "store" if store else "company",
        "key": str(store.pk) if store else "",
        "forecast_date": TODAY,
        "forecast_period": 2,
        "series": 3,
        "expected_units": 5.0,
        "daily": {
            "mean": [2.0, 3.0],
            "intervals": {"0.8": [[1.0, 2.0], [3.0, 4.0]], "0.95": [[0.0, 1.0], [4.0, 5.0]]},
        },
        "horizon": {"mean": 5.0, "intervals": {"0.8": [4.0, 6.0], "0.95": [3.0, 7.0]}},
    }
    return DemandForecastTotal.objects.create(store=store, created_at=NOW, **{**values, **changes})
