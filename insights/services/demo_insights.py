"""Does what was learned find what the demo planted? Elasticities, churners and segments, measured from the demo's sales."""

from __future__ import annotations

from datetime import date

import numpy as np

from insights.calc.customers.churn import train_churn
from insights.calc.customers.days import TooFewCustomersError, summarise
from insights.calc.customers.features import customer_features
from insights.calc.customers.judging import auc
from insights.calc.pricing.elasticity import estimate
from insights.calc.pricing.panel import make_panel
from insights.frames.customers import CustomerFrame, load_customer_days
from insights.frames.prices import load_daily_prices
from inventory.models import Customer, Product, Store
from inventory.services.demo.truth import Truth, read_truth
from inventory.services.demo.verification import Verdict

LEAST_AUC = 0.8
STATED_RATE = 0.95
LEAST_DAYS = 300  # of a demo from which something is claimed
LEAST_MEASURED = 30


def verify_insights() -> list[Verdict]:
    """Learned from the ledger as it is, up to the demo's last day. A short demo: nothing is claimed."""
    truth = read_truth()
    first, last = (date.fromisoformat(truth.document[name]) for name in ("first_day", "last_day"))
    if (last - first).days + 1 < LEAST_DAYS:
        return [Verdict("elasticities", []), Verdict("churners", []), Verdict("segments", [])]
    currency = Store.objects.get(code=truth.document["stores"][0]["code"]).currency
    frame = load_customer_days(currency=currency, until=last, most_days=(last - first).days + 1)
    if frame is None:
        return [Verdict("churners", ["no customer of the demo is in the ledger"])]
    return [
        Verdict("elasticities", _elasticities(truth, currency, first, last)),
        Verdict("churners", _churners(truth, frame, last)),
        Verdict("segments", _segments(frame, last)),
    ]


def _elasticities(truth: Truth, currency: str, first: date, last: date) -> list[str]:
    """The planted ones lie within the 95 % intervals as often as that says, to four standard errors of the share."""
    planted = {entry["sku"]: entry["elasticity"] for entry in truth.document["products"]}
    products = {row.pk: row for row in Product.objects.filter(sku__in=planted)}
    category_of = {pk: row.category for pk, row in products.items()}
    frame = load_daily_prices(currency=currency, category_of=category_of, first=first, last=last)
    found = estimate(make_panel(frame.days), items=len(frame.product_ids))
    measured = [place for place, why in enumerate(found.refusal) if not why]
    if len(measured) < LEAST_MEASURED:
        return [f"{len(measured)} products could be measured, fewer than {LEAST_MEASURED}"]
    true = np.array([planted[products[frame.product_ids[place]].sku] for place in measured])
    inside = float(np.mean((true >= found.lower[measured]) & (true <= found.upper[measured])))
    least = STATED_RATE - 4 * float(np.sqrt(STATED_RATE * (1 - STATED_RATE) / len(measured)))
    if inside < least:
        return [
            f"{inside:.0%} of {len(measured)} planted elasticities lie within their 95 % intervals, under {least:.0%}"
        ]
    return []


def _churners(truth: Truth, frame: CustomerFrame, last: date) -> list[str]:
    """Planted churners score over those who still come, with an AUC of 0.8 or more."""
    try:
        training = train_churn(frame.days, first_day=frame.first_day.toordinal(), end_day=last.toordinal())
    except TooFewCustomersError as error:
        return [str(error)]
    features = customer_features(frame.days, end_day=last.toordinal())
    probability = training.model.probability(features)
    planted = truth.document["customers"]
    ids = dict(Customer.objects.filter(code__in=planted["code"]).values_list("code", "pk"))
    churners = {ids.get(planted["code"][place]) for place in planted["churners"]}
    stayed = {ids.get(code) for code, day in zip(planted["code"], planted["lost_day"], strict=True) if day < 0}
    scored = frame.days.customer_ids[features.summary.place].tolist()
    known = np.array([one in churners or one in stayed for one in scored])
    is_churner = np.array([float(one in churners) for one in scored])
    found = auc(probability[known], is_churner[known])
    return [] if found >= LEAST_AUC else [f"AUC {found:.3f} of planted churners, under {LEAST_AUC}"]


def _segments(frame: CustomerFrame, last: date) -> list[str]:
    """Some number of segments passes every gate, and the best segment buys more often than the worst."""
    # scikit-learn: the statistical tier, which lacks it, verifies short demos.
    from insights.calc.customers.clustering import best_of, cluster_all

    summary = summarise(frame.days, end_day=last.toordinal())
    found = best_of(
        cluster_all(recency_days=summary.days_since_last, frequency=summary.purchase_days, monetary=summary.total_money)
    )
    if found is None:
        return ["no number of segments is stable"]
    return [] if found.centres[0, 1] > found.centres[-1, 1] else ["the best segment buys no more than the worst"]
