"""Decisions planted in the demo's past, good ones and bad ones, with their truth beside.

The simulation knows what was wanted, also what no shelf could serve. So each planted decision is one on an order that
the chain really placed (or, for rejections, did not need or badly needed), against a recommendation that was better or
worse. The truth is the same replay with the true demand; the site's valuation sees the ledger alone.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from forecasting.calc.protection import lead_days, protection_days
from insights.calc.decision_value import DAYS_OF_A_YEAR, Floats, Periods, needed_units, replay
from insights.models import Decision, DecisionReason, DecisionValue, ReorderRecommendation
from insights.services.decision_value import HISTORY_DAYS, value_decisions
from invencare.lib import clock
from inventory.calc.simulation.simulate import Simulation
from inventory.models import Product, PurchaseOrderLine, Store, SupplierItem
from inventory.services.demo.keys import order_number
from inventory.services.demo.marker import read_marker
from inventory.services.demo.money import money
from inventory.services.demo.seeding import simulate_marked
from inventory.services.demo.verification import Verdict

EACH = 6
"""Planted decisions of each kind, where the past has that many."""
EACH_PRODUCT = 2
CLEAR_MONEY = 0.10
"""A decision that was worth less than this either way is not planted: nobody could tell its sign."""
LEFT = "Robin Vale"
"""A colleague whose account is gone; the name stays on what they decided."""
PLANTED = "planted in the demo’s past"
FORMAT = 1


@dataclass(frozen=True)
class Planted:
    """One planted decision and its truth; ``value`` in money is the replay's with the true demand."""

    kind: str
    store: str
    sku: str
    day: str
    recommended: int
    decided: int
    person: str
    reason: str
    is_good: bool
    value: float


@dataclass(frozen=True)
class _Case:
    """A day of one series in the simulation, with the order line that was placed on it, if any."""

    store: int
    product: int
    day: int
    days: int
    order: int | None
    ordered: int
    delivered: dict[int, float]


def plant_decisions(*, now: datetime) -> int:
    """Write the demo's decisions with their values and the truth; the number added, 0 the second time.

    Raises ``Conflict`` where there is no complete demo.
    """
    marker = read_marker()
    if marker and marker.fingerprint == _read_truth().get("fingerprint") and _planted_rows().exists():
        return 0
    simulation = simulate_marked()
    planted = list(choose(simulation))
    added = _write(simulation, planted)
    value_decisions(now=now)
    _write_truth(simulation, [fact for fact, _ in planted])
    return added


def truth_path() -> Path:
    return settings.VAR_DIR / "demo_decisions.json"


def verify_decisions() -> Verdict:
    """Whether every planted decision has a value of the sign that the truth has."""
    truth = _read_truth()
    if not truth:
        return Verdict(
            "decisions", ["the truth file of the planted decisions is missing: manage.py seed_demo writes it"]
        )
    rows = DecisionValue.objects.filter(decision__recommendation__notes=PLANTED)
    columns = ("store__code", "product__sku", "decision__recommendation__recommendation_date", "value")
    found = {(store, sku, day.isoformat()): value for store, sku, day, value in rows.values_list(*columns)}
    differences = []
    for fact in truth["decisions"]:
        value = found.get((fact["store"], fact["sku"], fact["day"]))
        if value is None:
            differences.append(f"{fact['kind']} of {fact['store']} {fact['sku']} on {fact['day']} has no value")
        elif (value > 0) != fact["is_good"] or value == 0:
            differences.append(
                f"{fact['kind']} of {fact['store']} {fact['sku']} on {fact['day']}: worth {fact['value']} in truth, "
                f"{value} by the ledger"
            )
    return Verdict("decisions", differences)


def _planted_rows() -> Any:
    return ReorderRecommendation.objects.filter(notes=PLANTED)


def _read_truth() -> dict[str, Any]:
    """The document; empty where it is missing or torn."""
    try:
        document = json.loads(truth_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def choose(simulation: Simulation) -> Iterator[tuple[Planted, _Case]]:
    """The clearest of each kind: of each product at most ``EACH_PRODUCT``, each series once, no day of a series twice."""
    taken: set[tuple[int, int, int]] = set()
    orders = _Played(simulation, list(_order_cases(simulation)))
    rejections = _Played(simulation, list(_rejection_cases(simulation)))
    for kind, played, recommend in (
        ("good_raise", orders, _too_little),
        ("bad_cut", orders, _what_was_needed),
        ("good_cut", orders, _far_too_much),
        ("bad_raise", orders, _enough),
        ("bad_rejection", rejections, _what_was_needed),
        ("good_rejection", rejections, _not_needed),
    ):
        yield from _clearest(simulation, kind, played, recommend, taken)


class _Played:
    """The cases with the order that each needed, all at once: [N] arrays of units."""

    def __init__(self, simulation: Simulation, cases: list[_Case]) -> None:
        self.cases = cases
        self.periods = _periods(simulation, cases)
        self.ordered = np.array([case.ordered for case in cases], dtype=float)
        self.pack = np.array([simulation.catalogue.products[case.product].pack_size for case in cases], dtype=float)
        self.needed = needed_units(self.periods)

    def in_packs(self, units: Floats) -> Floats:
        return np.asarray(self.pack * np.ceil(units / self.pack))


def _clearest(
    simulation: Simulation,
    kind: str,
    played: _Played,
    recommend: Callable[[_Played], Floats],
    taken: set[tuple[int, int, int]],
) -> Iterator[tuple[Planted, _Case]]:
    if not played.cases:
        return
    recommended = recommend(played)
    cost = replay(played.periods, np.stack([played.ordered, recommended], axis=1)).cost
    value = np.round(cost[:, 1] - cost[:, 0], 2)
    is_good = kind.startswith("good")
    fits = (recommended > 0) & (recommended != played.ordered) & ((value if is_good else -value) >= CLEAR_MONEY)
    series: set[tuple[int, int]] = set()
    of_product: Counter[int] = Counter()
    for place in sorted(np.flatnonzero(fits).tolist(), key=lambda i: (-abs(value[i]), i)):
        case = played.cases[place]
        key = (case.store, case.product, case.day)
        if key in taken or key[:2] in series or of_product[case.product] == EACH_PRODUCT or len(series) == EACH:
            continue
        taken.add(key)
        series.add(key[:2])
        of_product[case.product] += 1
        yield _fact(simulation, kind, case, int(recommended[place]), float(value[place])), case


def _order_cases(simulation: Simulation) -> Iterator[_Case]:
    """Order lines that were delivered in full, long enough ago for their covered days to be over."""
    stock, catalogue = simulation.stock, simulation.catalogue
    arrivals: dict[tuple[int, int], dict[int, float]] = {}
    for delivery in stock.deliveries:
        order = stock.orders[delivery.order]
        parts = arrivals.setdefault((delivery.order, delivery.line), {})
        day = delivery.day - order.day
        parts[day] = parts.get(day, 0.0) + delivery.units / order.lines[delivery.line].units
    for number, order in enumerate(stock.orders):
        lead, covered = _terms(simulation, order.lines[0].product)
        for place, line in enumerate(order.lines):
            delivered = arrivals.get((number, place), {})
            if line.received_units < line.units or catalogue.products[line.product].kind == "new":
                continue
            days = max(covered, min(delivered) + max(covered - lead, 1))
            if _is_inside(simulation, order.day, days):
                yield _Case(order.store, line.product, order.day, days, number, line.units, delivered)


def _rejection_cases(simulation: Simulation) -> Iterator[_Case]:
    """Every second week of every series, as if an order had been recommended and nobody placed it."""
    stores, products, days_total = simulation.shape
    for store in range(stores):
        for product in range(products):
            if simulation.catalogue.products[product].kind == "new":
                continue
            lead, covered = _terms(simulation, product)
            days = max(covered, lead + 1)
            for day in range(0, days_total, 14):
                if _is_inside(simulation, day, days):
                    yield _Case(store, product, day, days, None, 0, {lead: 1.0})


def _is_inside(simulation: Simulation, day: int, days: int) -> bool:
    """Enough history before, the covered days over before the end, and not around the day without till reports."""
    silent = simulation.demand.silent_day
    return day >= 28 and day + days <= simulation.shape[2] - 1 and not day - 1 <= silent <= day + days


def _terms(simulation: Simulation, product: int) -> tuple[int, int]:
    """Lead time and covered days, as the database knows them."""
    supplier = simulation.catalogue.suppliers[simulation.catalogue.products[product].supplier]
    lead_time = float(supplier.lead_time_days)
    days = protection_days(lead_time_days=lead_time, review_days=supplier.review_period_days)
    return lead_days(lead_time), days


def _periods(simulation: Simulation, cases: Sequence[_Case]) -> Periods:
    """The covered days of every case with the true demand."""
    stock, wanted = simulation.stock, simulation.demand.units
    others = stock.received + stock.returned - stock.written_off - stock.shrunk
    shape = (len(cases), max((case.days for case in cases), default=0))
    demand, other, delivered = np.zeros((3, *shape))
    opening, rate = np.zeros((2, len(cases)))
    for i, case in enumerate(cases):
        series, end = (case.store, case.product), case.day + case.days
        opening[i] = stock.closing[(*series, case.day - 1)]
        demand[i, : case.days] = wanted[series][case.day : end]
        other[i, : case.days] = others[series][case.day : end]
        rate[i] = wanted[series][max(case.day - HISTORY_DAYS, 0) : end].mean()
        for day, share in case.delivered.items():
            if day < case.days:
                delivered[i, day] = share
    ordered = np.array([case.ordered for case in cases], dtype=float)
    products = [simulation.catalogue.products[case.product] for case in cases]
    prices = simulation.demand.list_price_cents[[case.product for case in cases], -1] / 100
    costs = np.array([product.cost_cents for product in products]) / 100
    return Periods(
        opening_units=opening,
        demand_units=demand,
        other_units=other - ordered[:, None] * delivered,
        delivered_share=delivered,
        days=np.array([case.days for case in cases], dtype=np.int64),
        unit_cost=costs,
        unit_margin=np.maximum(prices - costs, 0.0),
        holding_per_day=costs * settings.HOLDING_COST_PER_YEAR / DAYS_OF_A_YEAR,
        rate_per_day=rate,
        shelf_life_days=np.array([float(product.shelf_life_days or 0) for product in products]),
    )


def _what_was_needed(played: _Played) -> Floats:
    """The right order, where that is clearly more than was ordered."""
    units = played.in_packs(played.needed)
    return np.where(units >= np.maximum(1.5 * played.ordered, played.ordered + 3), units, 0.0)


def _too_little(played: _Played) -> Floats:
    """Half of what was ordered, where the order was needed to the end."""
    units = played.in_packs(played.ordered / 2)
    return np.where((played.needed >= 0.9 * played.ordered) & (units <= played.needed - 3), units, 0.0)


def _far_too_much(played: _Played) -> Floats:
    """Four times what was ordered, where that was enough."""
    return np.where(played.needed <= 0.8 * played.ordered, 4 * played.ordered, 0.0)


def _enough(played: _Played) -> Floats:
    """A third of what was ordered, where hardly anything was needed."""
    units = played.in_packs(played.ordered / 3)
    return np.where((played.needed <= 0.5 * units) & (units < played.ordered), units, 0.0)


def _not_needed(played: _Played) -> Floats:
    """Some packs, where nothing was needed."""
    return np.where(played.needed <= 0, 4 * played.pack, 0.0)


_REASONS = {
    "good_raise": "change.local_knowledge",
    "bad_raise": "change.promotion",
    "good_cut": "change.demand_falls",
    "bad_cut": "change.space_or_budget",
    "good_rejection": "reject.enough_stock",
    "bad_rejection": "reject.forecast_wrong",
}


def _fact(simulation: Simulation, kind: str, case: _Case, recommended: int, value: float) -> Planted:
    """Who was it? The buyer decides well, a colleague who has left did not; the first store's manager does both."""
    person = "manager" if case.store == 0 else "buyer" if kind.startswith("good") else LEFT
    return Planted(
        kind=kind,
        store=simulation.catalogue.stores[case.store].code,
        sku=simulation.catalogue.products[case.product].sku,
        day=simulation.date_of(case.day).isoformat(),
        recommended=recommended,
        decided=case.ordered,
        person=person,
        reason=_REASONS[kind],
        is_good=kind.startswith("good"),
        value=value,
    )


@transaction.atomic
def _write(simulation: Simulation, planted: list[tuple[Planted, _Case]]) -> int:
    stores = {store.code: store for store in Store.objects.all()}
    products = {product.sku: product for product in Product.objects.all()}
    suppliers = dict(SupplierItem.objects.filter(is_preferred=True).values_list("product_id", "supplier_id"))
    known = set(_planted_rows().values_list("store__code", "product__sku", "recommendation_date"))
    people = {user.username: user for user in User.objects.filter(username__in=["buyer", "manager"])}
    reasons = {f"{reason.kind}.{reason.code}": reason for reason in DecisionReason.objects.all()}
    lines = _lines(simulation, planted)
    added = 0
    for fact, case in planted:
        day = simulation.date_of(case.day)
        if (fact.store, fact.sku, day) in known:
            continue
        product, store = products[fact.sku], stores[fact.store]
        row = ReorderRecommendation.objects.create(
            **_columns(simulation, fact, case),
            product=product,
            store=store,
            supplier_id=suppliers[product.pk],
            recommendation_date=day,
            purchase_order_line_id=lines.get((case.order, product.pk)),
            updated_at=clock.midday(day, store.zone),
        )
        Decision.objects.create(
            recommendation=row,
            action=Decision.Action.APPROVE if fact.decided else Decision.Action.REJECT,
            status_before="pending",
            status_after=row.status,
            quantity=fact.decided or None,
            recommended_quantity=fact.recommended,
            value=row.unit_cost * fact.decided,
            reason_code=reasons.get(fact.reason),
            reason=PLANTED,
            decided_by=people.get(fact.person),
            decided_by_name=fact.person,
            decided_at=clock.midday(day, store.zone) - timedelta(hours=2),
        )
        added += 1
    return added


def _columns(simulation: Simulation, fact: Planted, case: _Case) -> dict[str, Any]:
    stock, series = simulation.stock, (case.store, case.product)
    periods = _periods(simulation, [case])
    nothing = replay(periods, np.zeros((1, 1)))
    at_risk = Decimal(repr(float(nothing.lost_units[0, 0] * periods.unit_margin[0]))).quantize(Decimal("0.01"))
    is_urgent = nothing.stockout_days[0, 0] > 0
    return {
        "current_stock": int(stock.closing[(*series, case.day - 1)]),
        "minimum_stock": int(stock.minimum[series]),
        "maximum_stock": int(stock.maximum[series]),
        "recommended_order_quantity": fact.recommended,
        "approved_quantity": fact.decided or None,
        "unit_cost": money(simulation.catalogue.products[case.product].cost_cents),
        "money_at_risk": at_risk,
        "urgency_level": "high" if is_urgent else "medium",
        "urgency_rank": 1 if is_urgent else 2,
        "status": "approved" if fact.decided else "rejected",
        "version": 2,
        "notes": PLANTED,
    }


def _lines(simulation: Simulation, planted: list[tuple[Planted, _Case]]) -> dict[tuple[int | None, int], int]:
    """The order lines by the order's place in the simulation and the product's key."""
    place_of = {order_number(case.order): case.order for _, case in planted if case.order is not None}
    rows = PurchaseOrderLine.objects.filter(purchase_order__number__in=place_of)
    return {
        (place_of[number], product_id): pk
        for number, product_id, pk in rows.values_list("purchase_order__number", "product_id", "pk")
    }


def _write_truth(simulation: Simulation, facts: list[Planted]) -> None:
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    document = {
        "format": FORMAT,
        "fingerprint": simulation.fingerprint(),
        "decisions": [asdict(fact) for fact in facts],
    }
    unfinished = truth_path().with_suffix(".part")
    unfinished.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")
    unfinished.replace(truth_path())
