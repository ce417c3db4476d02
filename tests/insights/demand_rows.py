"""Analyses of customers and prices as rows, and made-up sales for the training to learn from."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import numpy as np

from insights.models import CustomerScore, CustomerSegment, DemandAnalysis, PriceElasticity
from inventory.models import Customer, DailySales, InventoryTransaction, Product, Store
from tests.cast import NOW, TODAY, Cast
from tests.insights.customers.people import FIRST_DAY, buy_till_they_die

_keys = count(1)

RESULTS: dict[str, Any] = {
    "segments": {
        "served": "k_means",
        "served_n_clusters": 2,
        "reason": "",
        "clusterings": [
            {
                "n_clusters": k,
                "silhouette": 0.5,
                "stability": 0.95,
                "least_share": 0.3,
                "passes": True,
                "why_not": "",
            }
            for k in (2, 3)
        ],
        "migration": {},
    },
    "lifetime": {"served": "bg_nbd", "reason": ""},
    "churn": {"served": "gradient_boosting", "reason": ""},
}


def customer_analysis(*, day: date = TODAY, currency: str = "EUR", **changes: Any) -> DemandAnalysis:
    values = {"subjects": 2, "results": RESULTS, "first_date": day - timedelta(days=400), "created_at": NOW}
    analysis = DemandAnalysis.objects.create(
        kind="customers", currency=currency, as_of_date=day, **{**values, **changes}
    )
    for k in (2, 3):
        CustomerSegment.objects.bulk_create(
            CustomerSegment(
                analysis=analysis,
                method="k_means",
                n_clusters=k,
                position=place,
                name=f"Segment {place} of {k}",
                is_served=k == 2,
                customers=10,
                revenue=100.0,
                revenue_share=1 / k,
                mean_recency_days=20,
                mean_purchase_days=4,
                mean_revenue=10,
                median_recency_days=18,
                median_purchase_days=3,
                median_revenue=9,
                scaled_centre=[0.0, 0.0, 0.0],
            )
            for place in range(k)
        )
    return analysis


def score(analysis: DemandAnalysis, store: Store, code: str, **changes: Any) -> CustomerScore:
    customer, _ = Customer.objects.get_or_create(code=code)
    values: dict[str, Any] = {
        "last_purchase": analysis.as_of_date - timedelta(days=9),
        "recency_days": 9,
        "purchase_days": 5,
        "revenue": 120.0,
        "r_score": 4,
        "f_score": 3,
        "m_score": 3,
        "segment": "Segment 0 of 2",
        "rfm_segment": "Potential Loyalist",
        "clv": 80.0,
        "clv_lower": 0.0,
        "clv_upper": 200.0,
        "clv_parametric": 80.0,
        "value_if_stays": 100.0,
        "probability_alive": 0.8,
        "expected_purchases": 4.0,
        "churn_probability": 0.7,
        "churn_window_days": 40,
        "risk_level": "high",
        "money_at_stake": 70.0,
    }
    return CustomerScore.objects.create(analysis=analysis, customer=customer, home_store=store, **{**values, **changes})


def price_analysis(cast: Cast, **changes: Any) -> DemandAnalysis:
    """The steady product is elastic, the dead one refused, their categories known."""
    values = {"subjects": 2, "results": {}, "first_date": TODAY - timedelta(days=400), "created_at": NOW}
    analysis = DemandAnalysis.objects.create(kind="prices", currency="EUR", as_of_date=TODAY, **{**values, **changes})
    known = {"elasticity": -2.5, "standard_error": 0.2, "lower": -2.9, "upper": -2.1, "verdict": "elastic"}
    PriceElasticity.objects.create(
        analysis=analysis,
        product=cast.steady,
        category="Coffee",
        lowest_price=4.0,
        highest_price=7.0,
        mean_price=5.0,
        units_per_day=12.0,
        observations=60,
        **known,
    )
    PriceElasticity.objects.create(
        analysis=analysis,
        product=cast.dead,
        category="Tools",
        verdict="not_enough_price_variation",
        reason="fewer than 4 distinct prices",
        lowest_price=5.0,
        highest_price=5.0,
    )
    PriceElasticity.objects.create(analysis=analysis, category="Coffee", products=1, **known)
    PriceElasticity.objects.create(analysis=analysis, category="Tools", products=3, **known)
    return analysis


def sell_to_customers(
    cast: Cast, *, customers: int = 500, days: int = 400, seed: int = 5, store: Store | None = None
) -> date:
    """Ledger rows of customers of the BG/NBD story that end yesterday; returns their last day."""
    made, _ = buy_till_they_die(customers=customers, days=days, seed=seed, rate=0.06)
    first = TODAY - timedelta(days=days)
    shift = first.toordinal() - FIRST_DAY
    place = store or cast.south
    Customer.objects.bulk_create(Customer(code=f"C{seed}-{one}") for one in range(customers))
    ids = dict(Customer.objects.filter(code__startswith=f"C{seed}-").values_list("code", "pk"))
    rows = [
        sale(
            place,
            cast.steady,
            date.fromordinal(int(day) + shift),
            float(money),
            customer_id=ids[f"C{seed}-{customer}"],
        )
        for customer, day, money in zip(made.customer, made.day, made.money, strict=True)
    ]
    InventoryTransaction.objects.bulk_create(rows, batch_size=2_000)
    return max(row.business_date for row in rows)


def sale(store: Store, product: Product, day: date, money: float, **changes: Any) -> InventoryTransaction:
    """One unit for ``money``; a negative amount is a return."""
    total = Decimal(str(round(money, 2)))
    values = {
        "movement_type": "sale" if money > 0 else "return",
        "quantity": 1,
        "stock_change": 0,
        "before_units": 0,
        "after_units": 0,
        "unit_price": abs(total),
        "total": total,
        "occurred_at": NOW,
        "business_date": day,
        "source": "test",
        "idempotency_key": f"demand:{next(_keys)}",
        "recorded_at": NOW,
    }
    return InventoryTransaction(store=store, product=product, **{**values, **changes})


def sell_at_prices(
    cast: Cast, *, elasticities: dict[Product, float], days: int = 364, seed: int = 2, stores: int = 2
) -> None:
    """Daily sales whose prices change every two weeks; units are Poisson around 40 a day at a price of 5."""
    random = np.random.default_rng(seed)
    rows = []
    for product, elasticity in elasticities.items():
        prices = 5 * np.exp(random.normal(0, 0.12, days // 14 + 1))
        for store in (cast.south, Store.objects.get_or_create(code="S2", name="South 2")[0])[:stores]:
            for ago in range(days, 0, -1):
                price = float(prices[ago // 14].round(2))
                units = int(random.poisson(40 * (price / 5) ** elasticity))
                rows.append(
                    DailySales(
                        store=store,
                        product=product,
                        business_date=TODAY - timedelta(days=ago),
                        units=units,
                        revenue=Decimal(str(round(units * price, 2))),
                        transactions=units,
                    )
                )
    DailySales.objects.bulk_create(rows, batch_size=2_000)
