"""Segments of one analysis: every number of segments that was tried, the rules of RFM, and which of them is served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from insights.calc.customers.clustering import Clustering, best_of, cluster_all, matched_to
from insights.calc.customers.days import Floats, Ints, PurchaseSummary, TooFewCustomersError, summarise
from insights.calc.customers.naming import name_segments
from insights.calc.customers.rfm import SEGMENTS, RfmScores, score_rfm
from insights.frames.customers import CustomerFrame
from insights.models import CustomerSegment, DemandAnalysis

SAME_WITHIN = 0.35  # deviations: a segment that moved by less keeps the name that it had


@dataclass(frozen=True)
class Segmentation:
    """``summary`` of M customers; ``served_names`` M; ``segments`` the unsaved rows; ``told`` what is said of the whole."""

    summary: PurchaseSummary
    scores: RfmScores
    served_names: list[str]
    segments: list[CustomerSegment]
    told: dict[str, Any]


def segment_customers(frame: CustomerFrame, *, earlier: DemandAnalysis | None) -> Segmentation:
    """Raises ``TooFewCustomersError`` where nobody bought anything; too few for K-means leaves the rules."""
    summary = summarise(frame.days, end_day=frame.last_day.toordinal())
    values = np.column_stack([summary.days_since_last, summary.purchase_days, summary.total_money])
    scores = score_rfm(
        recency_days=values[:, 0], frequency=values[:, 1], monetary=values[:, 2], offset=np.array([1.0, 1.0, 0.0])
    )
    reason = ""
    try:
        clusterings = cluster_all(recency_days=values[:, 0], frequency=values[:, 1], monetary=values[:, 2])
    except TooFewCustomersError as error:
        clusterings, reason = [], str(error)
    best = best_of(clusterings)
    if best is None and not reason:
        reason = "no number of segments is stable with every segment at 5 % or more: the rules of RFM are served"
    segments = _rule_rows(scores.segment, values, is_served=best is None)
    names_of: dict[int, list[str]] = {}
    for one in clusterings:
        names_of[one.k] = _names(one, values, earlier)
        segments += _cluster_rows(one, values, names_of[one.k], is_served=one is best)
    served = [SEGMENTS[place] for place in scores.segment.tolist()]
    if best is not None:
        served = [names_of[best.k][place] for place in best.label.tolist()]
    told = {
        "served": CustomerSegment.Method.K_MEANS if best else CustomerSegment.Method.RFM_RULES,
        "served_n_clusters": best.k if best else 0,
        "reason": reason,
        "clusterings": [_told(one) for one in clusterings],
    }
    return Segmentation(summary, scores, served, segments, told)


def _told(one: Clustering) -> dict[str, Any]:
    return {
        "n_clusters": one.k,
        "silhouette": round(one.silhouette, 4),
        "stability": round(one.stability, 4),
        "least_share": round(one.least_share, 4),
        "passes": one.passes,
        "why_not": one.why_not,
    }


def _names(one: Clustering, values: Floats, earlier: DemandAnalysis | None) -> list[str]:
    """From the segments' own numbers; one that hardly moved since the analysis before keeps the name that it had."""
    names = name_segments(one.centres, np.median(values, axis=0))
    before = list(earlier.segments.filter(n_clusters=one.k).order_by("position")) if earlier else []
    if not before:
        return names
    known = np.array([row.scaled_centre for row in before])
    for place, match in enumerate(matched_to(known, one.scaled_centres)):
        if match is None or before[match].name in names:
            continue
        if np.linalg.norm(known[match] - one.scaled_centres[place]) <= SAME_WITHIN:
            names[place] = before[match].name
    return names


def _cluster_rows(one: Clustering, values: Floats, names: list[str], *, is_served: bool) -> list[CustomerSegment]:
    rows = []
    for place, name in enumerate(names):
        row = _row(values, one.label == place, name)
        row.method, row.n_clusters, row.position = CustomerSegment.Method.K_MEANS, one.k, place
        row.is_served = is_served
        row.scaled_centre = one.scaled_centres[place].round(6).tolist()
        rows.append(row)
    return rows


def _rule_rows(segment: Ints, values: Floats, *, is_served: bool) -> list[CustomerSegment]:
    rows = []
    for place, name in enumerate(SEGMENTS):
        members = segment == place
        if members.any():
            row = _row(values, members, name)
            row.method, row.n_clusters, row.position = CustomerSegment.Method.RFM_RULES, 0, place
            row.is_served = is_served
            rows.append(row)
    return rows


def _row(values: Floats, members: Any, name: str) -> CustomerSegment:
    own = values[members]
    means, medians = own.mean(axis=0).tolist(), np.median(own, axis=0).tolist()
    whole = float(values[:, 2].sum())
    revenue = float(own[:, 2].sum())
    return CustomerSegment(
        name=name[:100],
        customers=len(own),
        revenue=revenue,
        revenue_share=revenue / whole if whole else 0.0,
        mean_recency_days=means[0],
        mean_purchase_days=means[1],
        mean_revenue=means[2],
        median_recency_days=medians[0],
        median_purchase_days=medians[1],
        median_revenue=medians[2],
    )
