"""RFM scores and K-means segments."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from insights.calc.customers.days import TooFewCustomersError
from insights.calc.customers.rfm import SEGMENTS, score_rfm, segment_of_scores

pytest.importorskip("sklearn", reason="the extra “analysis” is not installed")

from insights.calc.customers.clustering import best_of, cluster_all, matched_to, scaled_rfm
from insights.calc.customers.naming import name_segments


def blobs(*sizes: int, seed: int = 4) -> tuple[np.ndarray, ...]:
    """Customers around well-parted centres of (days ago, purchases, money)."""
    random = np.random.default_rng(seed)
    centres = [(8, 40, 4000), (60, 6, 400), (400, 1, 30)]
    parts = [
        np.exp(np.log(centre) + random.normal(0, 0.12, (size, 3))) for centre, size in zip(centres, sizes, strict=False)
    ]
    rows = np.concatenate(parts)
    return rows[:, 0], rows[:, 1], rows[:, 2]


@pytest.mark.parametrize(
    ("scores", "segment"),
    [
        ((5, 5, 5), "Champions"),
        ((4, 4, 3), "Potential Loyalist"),
        ((2, 4, 3), "Loyal Customers"),
        ((3, 1, 3), "Promising"),
        ((5, 1, 1), "New Customers"),
        ((1, 4, 5), "Can't Lose Them"),
        ((1, 5, 5), "At Risk"),
        ((2, 1, 2), "About To Sleep"),
        ((1, 1, 1), "Lost"),
        ((2, 1, 5), "Others"),
    ],
)
def test_the_first_rule_that_fits_names_the_segment(scores: tuple[int, ...], segment: str) -> None:
    found = segment_of_scores(*(np.array([score]) for score in scores))
    assert SEGMENTS[found[0]] == segment


def test_scores_are_fifths_closed_on_the_left() -> None:
    """Hand-worked: of 1 … 10 the fifths are 2.8, 4.6, 6.4, 8.2; one is added, so that 4, 6, 8, 10 begin a new score."""
    values = np.arange(1.0, 11.0)
    scores = score_rfm(recency_days=values, frequency=values, monetary=values)
    assert scores.frequency_thresholds == pytest.approx([3.8, 5.6, 7.4, 9.2])
    assert scores.frequency.tolist() == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5]
    assert scores.recency.tolist() == [5, 5, 5, 4, 4, 3, 3, 2, 2, 1]


def test_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        score_rfm(recency_days=np.array([np.nan]), frequency=np.ones(1), monetary=np.ones(1))


@pytest.mark.shared_data
def test_all_ten_published_counts(shared_data: Path) -> None:
    """R package rfm, rfm_data_orders as of 2006-12-31."""
    last: dict[str, date] = {}
    count: Counter[str] = Counter()
    money: Counter[str] = Counter()
    with (shared_data / "rfm_orders.csv").open() as file:
        reader = csv.reader(file)
        header = [name.lower() for name in next(reader)]
        who, when, value = (
            next(place for place, name in enumerate(header) if word in name) for word in ("customer", "date", "revenue")
        )
        for row in reader:
            day = date.fromisoformat(row[when][:10])
            last[row[who]] = max(day, last.get(row[who], day))
            count[row[who]] += 1
            money[row[who]] += float(row[value])
    names = sorted(last)
    scores = score_rfm(
        recency_days=np.array([(date(2006, 12, 31) - last[name]).days for name in names], dtype=float),
        frequency=np.array([count[name] for name in names], dtype=float),
        monetary=np.array([money[name] for name in names]),
    )
    assert scores.recency_thresholds == pytest.approx([115, 181, 297.4, 482])
    assert scores.monetary_thresholds == pytest.approx([255.8, 382, 506.4, 666])
    assert Counter(SEGMENTS[place] for place in scores.segment) == {
        "About To Sleep": 102,
        "At Risk": 28,
        "Can't Lose Them": 47,
        "Champions": 35,
        "Lost": 148,
        "Loyal Customers": 170,
        "Need Attention": 10,
        "New Customers": 104,
        "Potential Loyalist": 342,
        "Promising": 9,
    }


def test_three_parted_groups_are_found_and_pass_the_gates() -> None:
    recency, frequency, monetary = blobs(120, 150, 130)
    found = best_of(cluster_all(recency_days=recency, frequency=frequency, monetary=monetary))
    assert found is not None
    assert found.k == 3
    assert found.stability > 0.99
    assert np.bincount(found.label).tolist() == [120, 150, 130]  # the best customers come first


def test_a_formless_cloud_has_unstable_segments_that_say_why_not() -> None:
    random = np.random.default_rng(8)
    values = [np.exp(random.uniform(0, 3, 600)) for _ in range(3)]
    found = cluster_all(recency_days=values[0], frequency=values[1], monetary=values[2])
    failing = [one for one in found if not one.passes]
    assert failing
    assert all("adjusted Rand" in one.why_not or "smallest segment" in one.why_not for one in failing)


def test_a_few_outliers_do_not_make_a_segment() -> None:
    recency, frequency, monetary = blobs(3, 200)
    two = next(
        one
        for one in cluster_all(recency_days=recency, frequency=frequency, monetary=monetary)
        if one.least_share < 0.05
    )
    assert "the smallest segment holds" in two.why_not


def test_too_few_customers_are_refused() -> None:
    with pytest.raises(TooFewCustomersError, match="at least 20"):
        cluster_all(recency_days=np.ones(5), frequency=np.ones(5), monetary=np.ones(5))


def test_money_under_nothing_counts_as_nothing() -> None:
    scaled = scaled_rfm(np.array([1.0, 5.0, 9.0]), np.array([1.0, 2.0, 3.0]), np.array([-50.0, 0.0, 10.0]))
    assert scaled[0, 2] == scaled[1, 2]


def test_segments_keep_their_counterparts_between_runs() -> None:
    before = np.array([[1.0, 0, 0], [-1.0, 0.5, 0.5], [0.0, 2.0, 2.0]])
    now = np.array([[-1.1, 0.4, 0.6], [0.1, 2.1, 1.9], [1.0, 0.1, 0.0], [9.0, 9.0, 9.0]])
    assert matched_to(before, now) == [1, 2, 0, None]


def test_names_come_from_the_numbers_and_are_told_apart() -> None:
    centres = np.array([[10, 12, 2000], [300, 1, 50], [310, 1, 60]], dtype=float)
    first, second, third = name_segments(centres, np.array([60.0, 4.0, 400.0]))
    assert first == "Recent, frequent, high spend"
    assert second.startswith("Lapsed, one-time, low spend (about 1")
    assert second != third
