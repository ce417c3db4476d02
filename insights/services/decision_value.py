"""What decisions were worth: every night, those whose covered days are over, once each, in bulk.

The covered days begin with the day of the decision and last the protection interval (lead time plus review): until the
next order could arrive. An approval is judged by when its order really came and in which parts, a rejection by the
supplier's lead time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from forecasting.calc.demand import observed_demand
from forecasting.calc.protection import ASSUMED_LEAD_TIME_DAYS, ASSUMED_REVIEW_DAYS, lead_days, protection_days
from forecasting.frames.demand import load_daily_demand
from insights.calc.decision_value import (
    DAYS_OF_A_YEAR,
    Floats,
    Periods,
    Replay,
    filled_demand,
    forecast_value_added,
    needed_units,
    replay,
)
from insights.frames.stock_flows import load_stock_flows
from insights.models import Decision, DecisionValue
from invencare.lib import clock
from inventory.models import PurchaseOrder, Receipt, Store, SupplierItem
from inventory.services.locking import in_chunks

CHUNK = 200
HISTORY_DAYS = 91
"""What sold before the period tells how fast a product sells."""
PATIENCE_DAYS = 28
"""How long past the covered days an order that is still open may take before it counts as it is."""
LONGEST_PERIOD_DAYS = 182
CENTS = Decimal("0.01")
Action, Kind = Decision.Action, DecisionValue.Kind
FINAL = (Action.APPROVE, Action.REJECT)
FINISHED = (PurchaseOrder.Status.RECEIVED, PurchaseOrder.Status.CANCELLED)


@dataclass(frozen=True)
class Covered:
    """The days that one decision had to cover; ``delivered`` is the share of the order by day number."""

    decision: Decision
    first_day: date
    days: int
    delivered: Mapping[int, float] = field(default_factory=dict)

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(days=self.days - 1)

    @property
    def decided_units(self) -> int:
        return (self.decision.quantity or 0) if self.decision.action == Action.APPROVE else 0


def value_decisions(*, now: datetime) -> int:
    """Value every decision whose covered days are over and that has no value yet; the number of them.

    Safe to run twice, or two at once: a decision has one value, and the first one stays.
    """
    valued = 0
    for store in Store.objects.order_by("pk"):
        waiting = _waiting(store, now=now)
        for ids in in_chunks(list(waiting.values_list("pk", flat=True)), CHUNK):
            valued += _value_some(store, ids, now=now)
    return valued


def _waiting(store: Store, *, now: datetime) -> QuerySet[Decision]:
    """In the order of time, so that a chunk's periods lie near each other."""
    rows: QuerySet[Decision] = Decision.objects.filter(
        recommendation__store=store, action__in=FINAL, worth__isnull=True, decided_at__lt=now - timedelta(days=1)
    )
    return rows.order_by("decided_at", "pk")


@transaction.atomic
def _value_some(store: Store, ids: Sequence[int], *, now: datetime) -> int:
    """A constant number of queries."""
    rows = Decision.objects.filter(pk__in=ids).defer("shown", "recommendation__dossier")
    decisions = list(
        rows.select_related(
            "recommendation__product", "recommendation__supplier", "recommendation__purchase_order_line__purchase_order"
        ).order_by("decided_at", "pk")
    )
    today = clock.business_date(now, store.zone)
    periods = [period for period in _covered(decisions, store, today=today) if period.last_day < today]
    if not periods:
        return 0
    values = _valued(periods, store, now=now)
    known = set(DecisionValue.objects.filter(decision__in=ids).values_list("decision_id", flat=True))
    DecisionValue.objects.bulk_create(values, ignore_conflicts=True)
    return len([value for value in values if value.decision_id not in known])


def _covered(decisions: Sequence[Decision], store: Store, *, today: date) -> Iterator[Covered]:
    """The covered days of each decision whose order is no longer waited for."""
    terms = {
        (item.supplier_id, item.product_id): item
        for item in SupplierItem.objects.filter(
            product__in={decision.row.product_id for decision in decisions}
        ).select_related("supplier")
    }
    receipts: dict[int, list[Receipt]] = {}
    lines = {decision.row.purchase_order_line_id for decision in decisions} - {None}
    for receipt in Receipt.objects.filter(line__in=lines).order_by("pk"):
        receipts.setdefault(receipt.line_id, []).append(receipt)
    for decision in decisions:
        row = decision.row
        item = terms.get((row.supplier_id or 0, row.product_id))
        lead_time = float(item.lead_time_days) if item else ASSUMED_LEAD_TIME_DAYS
        review = item.supplier.review_period_days if item else ASSUMED_REVIEW_DAYS
        lead, days = lead_days(lead_time), protection_days(lead_time_days=lead_time, review_days=review)
        first_day = clock.business_date(decision.decided_at, store.zone)
        if decision.action == Action.REJECT:
            yield Covered(decision, first_day, max(days, lead + 1), {lead: 1.0})
            continue
        delivered = _delivered(decision, receipts, first_day)
        if delivered:
            days = max(days, min(delivered) + max(days - lead, 1))
        period = Covered(decision, first_day, min(days, LONGEST_PERIOD_DAYS), delivered)
        if not _is_awaited(decision) or period.last_day + timedelta(days=PATIENCE_DAYS) < today:
            yield period


def _delivered(decision: Decision, receipts: Mapping[int, list[Receipt]], first_day: date) -> dict[int, float]:
    """The share of the order line that came, by day number."""
    line = decision.row.purchase_order_line
    delivered: dict[int, float] = {}
    if line is None:
        return delivered
    for receipt in receipts.get(line.pk, []):
        day = max((receipt.received_on - first_day).days, 0)
        delivered[day] = delivered.get(day, 0.0) + receipt.units / line.ordered_units
    return delivered


def _is_awaited(decision: Decision) -> bool:
    line = decision.row.purchase_order_line
    if line is None or line.purchase_order.status in FINISHED:
        return False
    return bool(line.received_units < line.ordered_units)


def _valued(periods: Sequence[Covered], store: Store, *, now: datetime) -> list[DecisionValue]:
    arrays, estimated = _arrays(periods, store)
    decided = np.array([period.decided_units for period in periods], dtype=np.float64)
    recommended = np.array([period.decision.recommended_quantity for period in periods], dtype=np.float64)
    played = replay(arrays, np.stack([decided, recommended, np.zeros_like(decided)], axis=1))
    needed = needed_units(arrays)
    has_come = (arrays.delivered_share > 0).any(axis=1)
    added = np.where(has_come, forecast_value_added(recommended=recommended, decided=decided, needed=needed), 0.0)
    demand = np.where(np.arange(arrays.demand_units.shape[1]) < arrays.days[:, None], arrays.demand_units, 0.0)
    return [
        DecisionValue(
            decision=period.decision,
            kind=kind_of(period.decision),
            store=store,
            product_id=period.decision.row.product_id,
            supplier_id=period.decision.row.supplier_id,
            first_day=period.first_day,
            last_day=period.last_day,
            demand_units=round(float(demand[i].sum()), 3),
            estimated_units=round(float(estimated[i]), 3),
            needed_units=round(float(needed[i]), 3),
            decided_units=period.decided_units,
            recommended_units=period.decision.recommended_quantity,
            forecast_value_added_units=round(float(added[i]), 3),
            evaluated_at=now,
            **_outcomes(played, i),
        )
        for i, period in enumerate(periods)
    ]


def _outcomes(played: Replay, i: int) -> dict[str, float | int | Decimal]:
    """The columns of the three alternatives: decided, recommended, none."""
    columns: dict[str, float | int | Decimal] = {}
    for k, name in enumerate(("", "_recommended", "_none")):
        columns[f"lost_units{name}"] = round(float(played.lost_units[i, k]), 3)
        columns[f"stockout_days{name}"] = int(played.stockout_days[i, k])
        columns[f"excess_units{name}"] = round(float(played.excess_units[i, k]), 3)
        columns[f"cost{name}"] = Decimal(repr(float(played.cost[i, k]))).quantize(CENTS)
    columns["value"] = columns["cost_recommended"] - columns["cost"]  # type: ignore[operator]
    columns["value_of_ordering"] = columns["cost_none"] - columns["cost"]  # type: ignore[operator]
    return columns


def kind_of(decision: Decision) -> DecisionValue.Kind:
    if decision.action == Action.REJECT:
        return Kind.REJECTED
    if not decision.is_changed:
        return Kind.AS_RECOMMENDED
    return Kind.RAISED if (decision.quantity or 0) > decision.recommended_quantity else Kind.CUT


def _arrays(periods: Sequence[Covered], store: Store) -> tuple[Periods, Floats]:
    """What is played, one row a period, and how much of its demand was estimated [N]."""
    product_ids = [period.decision.row.product_id for period in periods]
    first = min(period.first_day for period in periods)
    last = max(period.last_day for period in periods)
    flows = load_stock_flows(store_id=store.pk, product_ids=product_ids, first_day=first, last_day=last)
    sales = load_daily_demand(
        store_id=store.pk, product_ids=product_ids, last_day=last, days=(last - first).days + 1 + HISTORY_DAYS
    )
    # Returns come back into the stock, as other changes do; what was wanted is what was sold and more.
    wanted = observed_demand(
        sold_units=sales.sold_units,
        returned_units=np.zeros_like(sales.sold_units),
        out_of_stock_share=sales.out_of_stock_share,
        started=sales.started,
    )
    longest = max(period.days for period in periods)
    shape = (len(periods), longest)
    demand, sold = np.full((2, len(periods), HISTORY_DAYS + longest), np.nan)
    opening, other, delivered = np.zeros(len(periods)), np.zeros(shape), np.zeros(shape)
    row_of = {product_id: row for row, product_id in enumerate(flows.product_ids)}
    for i, period in enumerate(periods):
        row, start = row_of[product_ids[i]], (period.first_day - first).days
        end = start + period.days
        demand[i, : HISTORY_DAYS + period.days] = wanted[row, start : HISTORY_DAYS + end]
        sold[i, : HISTORY_DAYS + period.days] = sales.sold_units[row, start : HISTORY_DAYS + end]
        opening[i] = flows.opening_units[row, start]
        other[i, : period.days] = flows.other_units[row, start:end]
        for day, share in period.delivered.items():
            if day < period.days:
                delivered[i, day] = share
                # The ledger has this order's own delivery, too: the alternatives bring theirs.
                other[i, day] -= share * period.decided_units if period.decision.action == Action.APPROVE else 0.0
    weekdays = np.array([(period.first_day - timedelta(days=HISTORY_DAYS)).weekday() for period in periods])
    filled, unseen = filled_demand(demand, np.nan_to_num(sold), first_weekday=weekdays)
    days = np.array([period.days for period in periods])
    inside = np.arange(HISTORY_DAYS + longest) < (HISTORY_DAYS + days)[:, None]
    in_period = inside & (np.arange(HISTORY_DAYS + longest) >= HISTORY_DAYS)
    costs = np.array([float(period.decision.row.unit_cost) for period in periods])
    prices = np.array([float(period.decision.row.product.price) for period in periods])
    return Periods(
        opening_units=opening,
        demand_units=filled[:, HISTORY_DAYS:],
        other_units=other,
        delivered_share=delivered,
        days=days,
        unit_cost=costs,
        unit_margin=np.maximum(prices - costs, 0.0),
        holding_per_day=costs * settings.HOLDING_COST_PER_YEAR / DAYS_OF_A_YEAR,
        rate_per_day=(filled * inside).sum(axis=1) / inside.sum(axis=1),
        shelf_life_days=np.array([float(period.decision.row.product.shelf_life_days or 0) for period in periods]),
    ), (unseen * in_period).sum(axis=1)
