"""K-means on recency, frequency and monetary value, and the gates that a number of segments must pass.

Raw values give one cluster of outliers and a flattering silhouette; log(1 + value), scaled, gives segments of use.
A k passes where every segment holds 5 % of the customers and where clusterings of bootstrap samples agree with it
(mean adjusted Rand index ≥ 0.8; Hennig 2007, "Cluster-wise assessment of cluster stability").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from insights.calc.customers.days import Floats, Ints, TooFewCustomersError

LEAST_CUSTOMERS_PER_SEGMENT = 10


@dataclass(frozen=True)
class ClusteringConfig:
    """``judged_rows`` bounds what silhouette and bootstrap look at; the final fit sees every customer."""

    k_from: int = 2
    k_to: int = 10
    least_share: float = 0.05
    least_stability: float = 0.8
    bootstraps: int = 12
    judged_rows: int = 4_000
    starts: int = 4
    seed: int = 11


@dataclass(frozen=True)
class Clustering:
    """One k. ``label`` N places in ``centres`` (k × 3: recency days, frequency, money, as medians of the members)."""

    k: int
    label: Ints
    centres: Floats
    scaled_centres: Floats
    silhouette: float
    stability: float
    least_share: float
    why_not: str

    @property
    def passes(self) -> bool:
        return not self.why_not


def scaled_rfm(recency_days: Floats, frequency: Floats, monetary: Floats) -> Floats:
    """log(1 + value), each column to mean 0 and deviation 1: N × 3. Money under 0 (more returned than bought) is 0.

    A column without any variation is 0: it separates nobody.
    """
    columns = np.log1p(np.maximum(np.column_stack([recency_days, frequency, monetary]), 0.0))
    spread = columns.std(axis=0)
    return np.asarray((columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0))


def cluster_all(
    *, recency_days: Floats, frequency: Floats, monetary: Floats, config: ClusteringConfig | None = None
) -> list[Clustering]:
    """One clustering for each k that the customers are enough for. Raises ``TooFewCustomersError`` below 20."""
    config = config or ClusteringConfig()
    count = len(recency_days)
    most = min(config.k_to, count // LEAST_CUSTOMERS_PER_SEGMENT)
    if most < config.k_from:
        least = config.k_from * LEAST_CUSTOMERS_PER_SEGMENT
        raise TooFewCustomersError(f"segments need at least {least} customers with a purchase; there are {count}")
    raw = np.column_stack([recency_days, frequency, monetary])
    scaled = scaled_rfm(recency_days, frequency, monetary)
    most = min(most, len(np.unique(scaled, axis=0)))
    with threadpool_limits(1):  # many small fits: threads wait for each other longer than they work
        return [_clustered(raw, scaled, k, config) for k in range(config.k_from, most + 1)]


def best_of(clusterings: Sequence[Clustering]) -> Clustering | None:
    """The highest silhouette among those that pass; None: rules are the better segments."""
    passing = [one for one in clusterings if one.passes]
    return max(passing, key=lambda one: one.silhouette, default=None)


def matched_to(earlier: Floats, now: Floats) -> list[int | None]:
    """For each centre of ``now`` (k × 3, scaled) the place of its counterpart in ``earlier``, nearest overall.

    The Hungarian assignment; None where ``earlier`` has fewer, or where the pair lies over 1 deviation apart.
    """
    if not len(earlier):
        return [None] * len(now)
    distance = np.linalg.norm(now[:, None] - earlier[None], axis=2)
    rows, columns = linear_sum_assignment(distance)
    found: list[int | None] = [None] * len(now)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if distance[row, column] <= 1.0:
            found[row] = column
    return found


def _clustered(raw: Floats, scaled: Floats, k: int, config: ClusteringConfig) -> Clustering:
    fitted = _k_means(k, config.seed, config.starts).fit(scaled)
    order = np.argsort(fitted.cluster_centers_ @ np.array([1.0, -1.0, -1.0]))  # the best customers first
    label = np.argsort(order)[fitted.labels_]
    shares = np.bincount(label, minlength=k) / len(label)
    random = np.random.default_rng(config.seed)
    judged = random.choice(len(scaled), min(len(scaled), config.judged_rows), replace=False)
    has_two = len(np.unique(label[judged])) > 1
    silhouette = float(silhouette_score(scaled[judged], label[judged])) if has_two else -1.0
    stability = _stability(scaled, label, k, random, config)
    return Clustering(
        k=k,
        label=label,
        centres=np.array([np.median(raw[label == one], axis=0) for one in range(k)]),
        scaled_centres=fitted.cluster_centers_[order],
        silhouette=silhouette,
        stability=stability,
        least_share=float(shares.min()),
        why_not=_why_not(float(shares.min()), stability, config),
    )


def _stability(scaled: Floats, label: Ints, k: int, random: Any, config: ClusteringConfig) -> float:
    """Mean adjusted Rand index between the clustering and those learned from samples with replacement."""
    size = min(len(scaled), config.judged_rows)
    found = []
    for turn in range(config.bootstraps):
        drawn = random.choice(len(scaled), size)
        other = _k_means(k, config.seed + turn + 1, 2).fit(scaled[drawn])
        judged = np.unique(drawn)
        found.append(adjusted_rand_score(label[judged], other.predict(scaled[judged])))
    return float(np.mean(found))


def _k_means(k: int, seed: int, starts: int) -> Any:
    return KMeans(n_clusters=k, n_init=starts, random_state=seed)


def _why_not(least_share: float, stability: float, config: ClusteringConfig) -> str:
    reasons = []
    if least_share < config.least_share:
        reasons.append(f"the smallest segment holds {least_share:.1%} of the customers, under {config.least_share:.0%}")
    if stability < config.least_stability:
        reasons.append(
            f"resampled customers give other segments (adjusted Rand index {stability:.2f}, under"
            f" {config.least_stability:.1f})"
        )
    return "; ".join(reasons)
