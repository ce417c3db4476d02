"""Recommendations for many products of one store (PA-7), written beside people who decide at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q

from analytics.services.products import require_known_products
from forecasting.calc.protection import ASSUMED_LEAD_TIME_DAYS, ASSUMED_REVIEW_DAYS, lead_days, protection_days
from insights.calc.policy import FORECAST, NEVER_SOLD, NEW_PRODUCT, URGENCY_RANK, OrderInputs, PolicyConfig, plan_order
from insights.frames.reorder import (
    FirstSales,
    ForecastFacts,
    LevelTerms,
    ProductClass,
    ReorderFrame,
    load_reorder_frame,
)
from insights.models import ReorderRecommendation
from insights.services import dossier
from invencare.lib.upsert import upsert
from inventory.models import Store

CENTS = Decimal("0.01")
Status = ReorderRecommendation.Status
# What a person read before deciding: when one of these changes, the page that they see is out of date.
SHOWN_FIELDS = ("recommended_order_quantity", "supplier_id", "unit_cost", "urgency_level")


@dataclass(frozen=True)
class Recommended:
    """What one call did, by product id: written or refreshed, left to people's decisions, and rows expired."""

    written: list[int] = field(default_factory=list)
    decided: list[int] = field(default_factory=list)
    expired: int = 0


@transaction.atomic
def recommend(
    *,
    store: Store,
    product_ids: Sequence[int],
    recommendation_date: date,
    now: datetime,
    config: PolicyConfig | None = None,
) -> Recommended:
    """Write the day's recommendation of every product that needs an order, from the day's forecast and the stock now.

    Pending rows of the day are refreshed and rows that a person decided are left alone: the rows are locked in
    primary-key order before anything is read, so that a decision, and the order that it makes, comes before or
    after, never between. Pending rows of earlier days expire, and the day's own where nothing is needed any more. A
    product that has a row of a later day is left out: an old day run again changes nothing that is newer. Two calls
    that both add a product's first row of a day end with an ``IntegrityError`` for one of them, who finds the row
    when called again.
    """
    ids = sorted(set(product_ids))
    known = _lock_rows(store, ids, recommendation_date)
    frame = load_reorder_frame(store_id=store.pk, product_ids=ids, recommendation_date=recommendation_date)
    require_known_products(ids, frame.products)
    written = []
    for product_id in ids:
        row = None if product_id in known.closed else _recommendation(frame, product_id, config or PolicyConfig())
        if row is not None:
            row.product_id, row.store_id = product_id, store.pk
            row.recommendation_date, row.updated_at = recommendation_date, now
            row.version = _next_version(known.of_today.get(product_id), row)
            written.append(row)
    _write(written, known)
    stale = known.pending_ids - {
        known.of_today[row.product_id].pk for row in written if row.product_id in known.of_today
    }
    return Recommended(
        written=[row.product_id for row in written], decided=sorted(known.decided), expired=expire(stale, now=now)
    )


def expire(recommendation_ids: Iterable[int], *, now: datetime) -> int:
    """Expire those of the rows that are still pending; the number of them."""
    ids = list(recommendation_ids)
    if not ids:
        return 0
    pending = ReorderRecommendation.objects.pending().filter(pk__in=ids)
    return pending.update(status=Status.EXPIRED, version=F("version") + 1, updated_at=now)


@dataclass(frozen=True)
class _KnownRows:
    """The rows of some products as they were when they were locked, by product id where not said otherwise.

    ``pending_ids`` are primary keys of the day's and of earlier days' pending rows; ``closed`` are the products
    that get no row: a person decided today's, or there is a row of a later day.
    """

    of_today: dict[int, ReorderRecommendation]
    decided: frozenset[int]
    closed: frozenset[int]
    pending_ids: frozenset[int]


def _lock_rows(store: Store, product_ids: Sequence[int], day: date) -> _KnownRows:
    """Lock the rows that may change, and those of the day and later that must not; dossiers stay in the database."""
    candidates = ReorderRecommendation.objects.filter(store=store, product_id__in=product_ids).filter(
        Q(status=Status.PENDING) | Q(recommendation_date__gte=day)
    )
    rows = list(candidates.select_for_update().order_by("pk").defer("dossier", "notes"))
    of_today = {row.product_id: row for row in rows if row.recommendation_date == day}
    decided = {product_id for product_id, row in of_today.items() if row.status in {Status.APPROVED, Status.REJECTED}}
    return _KnownRows(
        of_today=of_today,
        decided=frozenset(decided),
        closed=frozenset(decided | {row.product_id for row in rows if row.recommendation_date > day}),
        pending_ids=frozenset(row.pk for row in rows if row.is_pending and row.recommendation_date <= day),
    )


def _write(rows: Sequence[ReorderRecommendation], known: _KnownRows) -> None:
    """Replace the rows that are there (locked, and not decided) and insert the others.

    Inserts do not replace: a row that came in the meantime is not known to be undecided.
    """
    ReorderRecommendation.objects.bulk_create(row for row in rows if row.product_id not in known.of_today)
    upsert([row for row in rows if row.product_id in known.of_today], key=("product", "store", "recommendation_date"))


def _next_version(known: ReorderRecommendation | None, row: ReorderRecommendation) -> int:
    """One more where the reader's page is out of date; the same where a rerun came to the same answer."""
    if known is None:
        return 1
    is_same = known.status == Status.PENDING and all(
        getattr(known, name) == getattr(row, name) for name in SHOWN_FIELDS
    )
    return known.version if is_same else known.version + 1


def _recommendation(frame: ReorderFrame, product_id: int, config: PolicyConfig) -> ReorderRecommendation | None:
    """An unsaved row, or None where nothing is to be ordered."""
    product = frame.products[product_id]
    level = frame.levels.get(product_id, LevelTerms())
    if not product.is_active or not level.is_on_sale:
        return None
    inputs = _inputs(frame, product_id, level)
    order = plan_order(inputs, config)
    if not order.quantity:
        return None
    source = frame.sources.get(product_id)
    reasons = _reasons(frame, product_id, level)
    return ReorderRecommendation(
        supplier_id=source.supplier_id if source else None,
        current_stock=level.on_hand_units,
        on_order_units=inputs.on_order_units + inputs.in_transit_units,
        minimum_stock=level.minimum_units,
        maximum_stock=level.maximum_units,
        projected_demand_14_days=_projected(frame.forecasts.get(product_id), days=14),
        recommended_order_quantity=order.quantity,
        unit_cost=source.unit_cost if source else product.unit_cost,
        money_at_risk=Decimal(repr(order.money_at_risk)).quantize(CENTS),
        stockout_probability=order.stockout_probability,
        urgency_level=order.urgency,
        urgency_rank=URGENCY_RANK[order.urgency],
        abc_class=inputs.abc_class,
        status=Status.PENDING,
        notes="; ".join(reasons),
        dossier=dossier.build(inputs, order, config=config, facts=_facts(frame, product_id), reasons=reasons),
    )


def _inputs(frame: ReorderFrame, product_id: int, level: LevelTerms) -> OrderInputs:
    product, source = frame.products[product_id], frame.sources.get(product_id)
    forecast = frame.forecasts.get(product_id)
    protection: dict[str, Any] = forecast.protection if forecast else {}
    lead_time = source.lead_time_days if source else ASSUMED_LEAD_TIME_DAYS
    review = source.review_days if source else ASSUMED_REVIEW_DAYS
    days = protection.get("days", protection_days(lead_time_days=lead_time, review_days=review))
    terms = source or product
    first = frame.first_sales.get(product_id, FirstSales())
    without_forecast = NEW_PRODUCT if first.first_sale else NEVER_SOLD
    return OrderInputs(
        on_hand_units=level.on_hand_units,
        is_counted=level.tracked_from is not None,
        on_order_units=frame.on_order_units.get(product_id, 0),
        in_transit_units=frame.in_transit_units.get(product_id, 0),
        minimum_units=level.minimum_units,
        maximum_units=level.maximum_units,
        abc_class=frame.classes.get(product_id, ProductClass()).abc,
        demand_basis=FORECAST if forecast else without_forecast,
        protection_days=days,
        lead_days=protection["lead_time"]["days"] if forecast else lead_days(lead_time),
        lead_time_sd_days=source.lead_time_sd_days if source else 0.0,
        demand_per_day=protection["mean"] / days if forecast else 0.0,
        protection=protection.get("quantiles", {}),
        lead_time=protection["lead_time"]["quantiles"] if forecast else {},
        sold_units=first.sold_units,
        pack_size=terms.pack_size,
        minimum_order_quantity=terms.minimum_order_quantity,
        unit_cost=float(source.unit_cost if source else product.unit_cost),
        unit_price=float(product.price),
    )


def _reasons(frame: ReorderFrame, product_id: int, level: LevelTerms) -> list[str]:
    """What the reader must know beside the arithmetic."""
    reasons = []
    if product_id not in frame.forecasts:
        is_new = product_id in frame.first_sales
        reasons.append("new product: fewer than 7 days of sales" if is_new else "no sales here yet")
    if level.tracked_from is None:
        reasons.append(dossier.NEVER_COUNTED)
    if product_id not in frame.sources:
        reasons.append(dossier.NO_SUPPLIER)
    return reasons


def _facts(frame: ReorderFrame, product_id: int) -> dict[str, Any]:
    """What the explanation names beside the policy's inputs."""
    product, source = frame.products[product_id], frame.sources.get(product_id)
    forecast = frame.forecasts.get(product_id)
    first = frame.first_sales.get(product_id, FirstSales()).first_sale
    return {
        "sku": product.sku,
        "product": product.name,
        "category": product.category,
        "supplier": source.supplier_name if source else "",
        "lead_time_days": source.lead_time_days if source else ASSUMED_LEAD_TIME_DAYS,
        "review_days": source.review_days if source else ASSUMED_REVIEW_DAYS,
        "model": forecast.model if forecast else "",
        "accuracy_score": forecast.accuracy_score if forecast else None,
        "known_days": forecast.known_days if forecast else 0,
        "first_sale": first.isoformat() if first else "",
        "demand_spread": forecast.protection["basis"] if forecast else "",
    }


def _projected(forecast: ForecastFacts | None, *, days: int) -> float | None:
    """Units expected in the first ``days``; None without a forecast that long."""
    if forecast is None or forecast.forecast_period < days:
        return None
    return round(float(sum(forecast.mean_path[:days])), 4)
