"""One row per customer out of what the models said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from insights.calc.customers.days import Floats, Ints
from insights.calc.customers.lifetime_training import LifetimeTraining
from insights.calc.customers.rfm import SEGMENTS
from insights.frames.customers import CustomerFrame
from insights.models import CustomerScore
from insights.services.customer_segmentation import Segmentation

Risk = CustomerScore.Risk
RISKS = ((0.85, Risk.CRITICAL), (0.6, Risk.HIGH), (0.3, Risk.MEDIUM), (0.0, Risk.LOW))


@dataclass(frozen=True)
class ChurnScores:
    """M entries in the order of ``place``, which is that of every summary."""

    place: Ints
    probability: Floats
    window_days: Floats


def risk_of(probability: float) -> str:
    return next(level for least, level in RISKS if probability >= least)


def score_rows(
    frame: CustomerFrame, segmentation: Segmentation, lifetimes: LifetimeTraining | None, churn: ChurnScores | None
) -> list[CustomerScore]:
    """Unsaved, without their analysis. All parts summarise the same customers in the same order."""
    summary, scores = segmentation.summary, segmentation.scores
    customer = frame.days.customer_ids[summary.place].tolist()
    store = frame.home_store[summary.place].tolist()
    last = frame.last_day.toordinal()
    value: Any = lifetimes.lifetimes if lifetimes else None
    rows = []
    for place, customer_id in enumerate(customer):
        days_ago = int(summary.days_since_last[place])
        row = CustomerScore(
            customer_id=customer_id,
            home_store_id=store[place],
            last_purchase=date.fromordinal(last - days_ago),
            recency_days=days_ago,
            purchase_days=int(summary.purchase_days[place]),
            revenue=float(summary.total_money[place]),
            r_score=int(scores.recency[place]),
            f_score=int(scores.frequency[place]),
            m_score=int(scores.monetary[place]),
            segment=segmentation.served_names[place][:100],
            rfm_segment=SEGMENTS[int(scores.segment[place])],
        )
        if value is not None:
            _add_value(row, value, place)
        if churn is not None:
            _add_churn(row, churn, place)
        rows.append(row)
    return rows


def _add_value(row: CustomerScore, value: Any, place: int) -> None:
    row.clv = _finite(value.value[place])
    row.clv_lower, row.clv_upper = _finite(value.lower[place]), _finite(value.upper[place])
    row.clv_parametric = _finite(value.parametric[place])
    row.clv_forest = None if value.forest is None else _finite(value.forest[place])
    row.value_if_stays = _finite(value.value_if_stays[place])
    row.probability_alive = _finite(value.probability_alive[place])
    row.expected_purchases = _finite(value.expected_purchases[place])


def _add_churn(row: CustomerScore, churn: ChurnScores, place: int) -> None:
    probability = float(churn.probability[place])
    row.churn_probability = probability
    row.churn_window_days = int(churn.window_days[place])
    row.risk_level = risk_of(probability)
    if row.value_if_stays is not None:
        row.money_at_stake = probability * max(row.value_if_stays, 0.0)


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None
