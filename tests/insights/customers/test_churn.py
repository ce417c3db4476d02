"""Churn scores: labels, leakage, the rule to beat, and the safe format."""

from __future__ import annotations

import json

import numpy as np
import pytest

from insights.calc.customers.churn import ChurnConfig, ChurnModel, ChurnTraining, train_churn
from insights.calc.customers.days import CustomerDays, TooFewCustomersError
from insights.calc.customers.features import FEATURES, customer_features
from insights.calc.customers.judging import auc, judge_money, judge_scores
from insights.calc.customers.logistic import fit_logistic
from insights.calc.customers.trees import OtherColumnsError
from tests.forecasting.libraries import needs_boosting
from tests.insights.customers.people import FIRST_DAY, buy_till_they_die, days_of

Trained = tuple[CustomerDays, np.ndarray, ChurnTraining]


def test_auc_of_a_worked_example() -> None:
    assert auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])) == 0.75
    assert auc(np.array([0.5, 0.5]), np.array([0, 1])) == 0.5


def test_the_report_of_perfect_scores() -> None:
    happened = np.array([1.0] * 10 + [0.0] * 90)
    report = judge_scores(happened, happened)
    assert (report.auc, report.brier, report.lift, report.calibration_error) == (1.0, 0.0, 10.0, 0.0)


def test_money_errors_of_a_worked_example() -> None:
    report = judge_money(np.array([10.0, 20.0]), np.array([13.0, 16.0]))
    assert (report.mae, report.rmse, report.total_error) == (3.5, 3.5355, pytest.approx(30 / 29 - 1, abs=1e-4))


def test_logistic_regression_of_a_worked_example() -> None:
    """P(1) is ¼ at x = 0 and ¾ at x = 1: intercept −ln 3, slope 2 ln 3."""
    x = np.array([0.0] * 4 + [1.0] * 4)
    fitted = fit_logistic(x, np.array([0, 0, 0, 1, 0, 1, 1, 1.0]))
    assert (fitted.intercept, fitted.slope) == pytest.approx((-np.log(3), 2 * np.log(3)), abs=1e-3)


def test_features_of_a_worked_customer() -> None:
    rows = [(0, FIRST_DAY, 10.0), (0, FIRST_DAY + 10, 20.0), (0, FIRST_DAY + 40, 30.0), (1, FIRST_DAY + 5, 7.0)]
    found = customer_features(days_of(rows), end_day=FIRST_DAY + 100)
    row = dict(zip(FEATURES, found.rows[0].tolist(), strict=True))
    # Gaps of 10 and 30; the company's usual gap is 20 (the only customer with any), so that the typical one stays 20.
    assert (row["days_since_last"], row["purchase_days"], row["age_days"]) == (60, 3, pytest.approx(100))
    assert (row["typical_gap_days"], row["last_gap_days"], row["longest_gap_days"]) == (20, 30, 30)
    assert row["lateness"] == 3
    assert (row["purchases_90"], row["money_90"], row["last_value"]) == (1, 30, 30)  # day 10 is 90 days ago: outside


def test_nothing_after_the_cutoff_enters_the_features() -> None:
    days, _ = buy_till_they_die(customers=200, days=300, seed=5)
    cut = FIRST_DAY + 150
    alone = customer_features(days.before(cut + 1), end_day=cut)
    within = customer_features(days, end_day=cut)
    assert np.array_equal(alone.rows, within.rows)


@pytest.fixture(scope="module")
def trained() -> Trained:
    needs_boosting()
    days, left = buy_till_they_die(customers=2000, days=540, seed=21, rate=0.08)
    return days, left, train_churn(days, first_day=FIRST_DAY, end_day=FIRST_DAY + 539)


class TestTraining:
    def test_it_beats_recency_on_the_last_cutoff_and_is_calibrated(self, trained: Trained) -> None:
        _, _, training = trained
        assert training.trees_win
        assert training.model.name == "gradient_boosting"
        assert training.trees.auc > 0.8
        assert training.trees.calibration_error < 0.08

    def test_it_finds_those_who_have_left(self, trained: Trained) -> None:
        days, left, training = trained
        features = customer_features(days, end_day=FIRST_DAY + 539)
        probability = training.model.probability(features)
        assert auc(probability, (left[features.summary.place] >= 0).astype(float)) > 0.8

    def test_the_last_label_ends_with_the_data_and_none_reaches_the_next_cutoff(self, trained: Trained) -> None:
        _, _, training = trained
        cap = training.model.window_cap
        assert training.cutoffs[-1] + cap == FIRST_DAY + 539
        assert set(np.diff(training.cutoffs)) == {cap}

    def test_written_and_read_it_says_the_same(self, trained: Trained) -> None:
        days, _, training = trained
        again = ChurnModel.from_json(json.loads(json.dumps(training.model.as_json())))
        features = customer_features(days, end_day=FIRST_DAY + 500)
        assert again.probability(features) == pytest.approx(training.model.probability(features), abs=1e-12)

    def test_other_columns_are_refused(self, trained: Trained) -> None:
        _, _, training = trained
        with pytest.raises(OtherColumnsError, match="other columns"):
            ChurnModel.from_json({**training.model.as_json(), "columns": ["recency"]})

    def test_reasons_are_of_held_out_data(self, trained: Trained) -> None:
        _, _, training = trained
        assert next(iter(training.importance)) in {"days_since_last", "lateness"}
        assert set(training.importance) == set(FEATURES)

    def test_trees_that_do_not_beat_recency_are_not_served(
        self, trained: Trained, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        days, _, _ = trained
        monkeypatch.setattr(ChurnTraining, "trees_win", property(lambda self: False))
        training = train_churn(days, first_day=FIRST_DAY, end_day=FIRST_DAY + 539)
        assert training.model.name == "recency_rule"
        features = customer_features(days, end_day=FIRST_DAY + 539)
        ranks = np.argsort(training.model.probability(features))
        assert np.all(np.diff(features.summary.days_since_last[ranks]) >= 0)


def test_a_short_history_is_refused_with_what_is_missing() -> None:
    days, _ = buy_till_they_die(customers=300, days=40, seed=2)
    with pytest.raises(TooFewCustomersError, match="days of customers' purchases or more; there are 40"):
        train_churn(days, first_day=FIRST_DAY, end_day=FIRST_DAY + 39)


def test_too_few_customers_are_refused() -> None:
    days, _ = buy_till_they_die(customers=60, days=400, seed=2)
    with pytest.raises(TooFewCustomersError, match="churn needs 200 customers"):
        train_churn(days, first_day=FIRST_DAY, end_day=FIRST_DAY + 399)


def test_windows_follow_the_customers_own_gaps_within_bounds() -> None:
    rows = [(0, FIRST_DAY + 7 * week, 5.0) for week in range(40)] + [
        (1, FIRST_DAY + 90 * turn, 5.0) for turn in range(4)
    ]
    found = customer_features(days_of(rows), end_day=FIRST_DAY + 300)
    weekly, quarterly = ChurnConfig().windows(found, 120).tolist()
    assert 21 <= weekly < 40
    assert quarterly == 120
