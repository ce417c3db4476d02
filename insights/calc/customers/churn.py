"""Churn: the chance that a customer does not come back within what would be usual for them.

At a cut-off every customer has a window of their own: three typical gaps, within bounds. Churned is who buys nothing in it.
Rolling cut-offs lie one longest window apart, so that no label reaches into a later cut-off; features are frozen at their
cut-off; trees learn on the early ones what recency leaves unsaid, are calibrated on the last but one and judged on the last, beside the rule that
looks at recency alone. Only then everything moves one cut-off on for the model that is served. P(alive) of BG/NBD is
no churn score: it is 1 for everybody who bought once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from insights.calc.customers.days import Bools, CustomerDays, Floats, TooFewCustomersError
from insights.calc.customers.features import FEATURES, CustomerFeatures, customer_features
from insights.calc.customers.judging import ScoreReport, brier, judge_scores
from insights.calc.customers.logistic import Logistic, fit_logistic
from insights.calc.customers.trees import (
    CLASSIFIER,
    CLASSIFIER_ROUNDS,
    OtherColumnsError,
    permutation_importance,
    read_trees,
    train_trees,
)

FORMAT = 1
RECENCY = FEATURES.index("days_since_last")


@dataclass(frozen=True)
class ChurnConfig:
    """Windows in days. ``gaps`` typical gaps without a purchase are churn."""

    gaps: float = 3.0
    shortest_window: int = 14
    longest_window: int = 182
    most_cutoffs: int = 5
    windows_of_history: int = 6
    least_rows: int = 200
    least_of_each: int = 25
    seed: int = 17

    def window_cap(self, history_days: int) -> int:
        return int(np.clip(history_days // self.windows_of_history, self.shortest_window, self.longest_window))

    def windows(self, features: CustomerFeatures, cap: int) -> Floats:
        """Each customer's window in whole days."""
        return np.asarray(np.clip(np.rint(self.gaps * features.typical_gap_days), self.shortest_window, cap))


@dataclass(frozen=True)
class ChurnModel:
    """What scores customers: trees with their calibration, or the recency rule where ``trees`` is empty."""

    window_cap: int
    calibration: Logistic
    recency_rule: Logistic
    tree_start: Logistic
    trees: str = ""
    _booster: Any = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        return "gradient_boosting" if self.trees else "recency_rule"

    def probability(self, features: CustomerFeatures) -> Floats:
        if not self.trees:
            return _by_recency(self.recency_rule, features.rows)
        return self.of_rows(features.rows)

    def of_rows(self, rows: Floats) -> Floats:
        """What the trees say: they add to the log-odds that recency gives, and the sum is calibrated."""
        booster = self._booster or read_trees(self.trees, FEATURES)
        return self.calibration.probability(_start(self.tree_start, rows) + booster.predict(rows, raw_score=True))

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "columns": list(FEATURES),
            "window_cap": self.window_cap,
            "calibration": [self.calibration.intercept, self.calibration.slope],
            "recency_rule": [self.recency_rule.intercept, self.recency_rule.slope],
            "tree_start": [self.tree_start.intercept, self.tree_start.slope],
            "trees": self.trees,
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> ChurnModel:
        """Raises ``OtherColumnsError`` where it was trained on other columns, ``ValueError``/``KeyError`` if malformed."""
        if document["format"] != FORMAT or document["columns"] != list(FEATURES):
            raise OtherColumnsError("the model was trained on other columns than this version makes")
        trees = document["trees"]
        return cls(
            int(document["window_cap"]),
            Logistic(*document["calibration"]),
            Logistic(*document["recency_rule"]),
            Logistic(*document["tree_start"]),
            trees,
            read_trees(trees, FEATURES) if trees else None,
        )


@dataclass(frozen=True)
class ChurnTraining:
    """The model to serve, and what the held-out last cut-off said of the trees and of the recency rule."""

    model: ChurnModel
    cutoffs: list[int]
    trees: ScoreReport
    recency_rule: ScoreReport
    trees_of_active: ScoreReport | None
    recency_of_active: ScoreReport | None
    importance: dict[str, float]

    @property
    def trees_win(self) -> bool:
        return self.trees.auc > self.recency_rule.auc and self.trees.brier < self.recency_rule.brier

    @property
    def skill(self) -> float:
        """Share of the recency rule's Brier score that the trees take away."""
        return 1 - self.trees.brier / self.recency_rule.brier if self.recency_rule.brier else 0.0


@dataclass(frozen=True)
class _Cutoff:
    features: CustomerFeatures
    churned: Floats
    active: Bools


def train_churn(
    days: CustomerDays, *, first_day: int, end_day: int, config: ChurnConfig | None = None
) -> ChurnTraining:
    """Learn from the days ``first_day`` to ``end_day``. Raises ``TooFewCustomersError`` with what is missing, and
    ``TreesMissingError`` without LightGBM."""
    config = config or ChurnConfig()
    cap = config.window_cap(end_day - first_day + 1)
    ends = _cutoff_days(first_day, end_day, cap, config)
    cutoffs = [_at(days, day, cap, config) for day in ends]
    train, calibrate, test = cutoffs[:-2], cutoffs[-2], cutoffs[-1]
    for part, name in ((train, "training"), ([calibrate], "calibration"), ([test], "held-out")):
        _check_enough(part, name, config)
    judged = _fitted(train, calibrate, cap, config)
    trees_say, recency_says = judged.probability(test.features), _by_recency(judged.recency_rule, test.features.rows)
    served = _fitted([*train[1:], calibrate] if len(train) > 1 else [calibrate], test, cap, config)
    outcome = ChurnTraining(
        model=served,
        cutoffs=ends,
        trees=judge_scores(trees_say, test.churned),
        recency_rule=judge_scores(recency_says, test.churned),
        trees_of_active=_of_active(trees_say, test),
        recency_of_active=_of_active(recency_says, test),
        importance=permutation_importance(
            judged.of_rows,
            brier,
            test.features.rows,
            test.churned,
            FEATURES,
            seed=config.seed,
        ),
    )
    if outcome.trees_win:
        return outcome
    rule = ChurnModel(cap, served.calibration, served.recency_rule, served.tree_start)
    return ChurnTraining(**{**outcome.__dict__, "model": rule})


def _cutoff_days(first_day: int, end_day: int, cap: int, config: ChurnConfig) -> list[int]:
    ends = [end_day - turn * cap for turn in range(1, config.most_cutoffs + 1)]
    usable = sorted(day for day in ends if day - first_day >= cap)
    if len(usable) < 3:
        least = 4 * config.shortest_window + 1
        raise TooFewCustomersError(
            f"churn needs {least} days of customers' purchases or more; there are {end_day - first_day + 1}"
        )
    return usable


def _at(days: CustomerDays, cutoff: int, cap: int, config: ChurnConfig) -> _Cutoff:
    features = customer_features(days, end_day=cutoff)
    window = config.windows(features, cap)
    later = days.where((days.day > cutoff) & days.is_purchase)
    first = np.full(len(days.customer_ids), np.iinfo(np.int64).max)
    np.minimum.at(first, later.customer, later.day)
    churned = (first[features.summary.place] > cutoff + window).astype(np.float64)
    return _Cutoff(features, churned, features.summary.days_since_last <= window)


def _check_enough(cutoffs: list[_Cutoff], name: str, config: ChurnConfig) -> None:
    churned = np.concatenate([one.churned for one in cutoffs])
    gone, stayed = int(churned.sum()), int((1 - churned).sum())
    if len(churned) < config.least_rows or min(gone, stayed) < config.least_of_each:
        raise TooFewCustomersError(
            f"churn needs {config.least_rows} customers at its {name} cut-offs, {config.least_of_each} of them lost and"
            f" {config.least_of_each} kept; there are {gone} and {stayed}"
        )


def _fitted(train: list[_Cutoff], calibrate: _Cutoff, cap: int, config: ChurnConfig) -> ChurnModel:
    rows = np.concatenate([one.features.rows for one in train])
    churned = np.concatenate([one.churned for one in train])
    tree_start = fit_logistic(_recency(rows), churned)
    booster = train_trees(
        rows,
        churned,
        FEATURES,
        kind=CLASSIFIER,
        rounds=CLASSIFIER_ROUNDS,
        seed=config.seed,
        start=_start(tree_start, rows),
    )
    held = calibrate.features.rows
    calibration = fit_logistic(_start(tree_start, held) + booster.predict(held, raw_score=True), calibrate.churned)
    recency_rule = fit_logistic(_recency(held), calibrate.churned)
    return ChurnModel(cap, calibration, recency_rule, tree_start, booster.model_to_string(), booster)


def _of_active(probability: Floats, test: _Cutoff) -> ScoreReport | None:
    """Of those alone who were still within their window: the harder question."""
    chosen = test.active
    return judge_scores(probability[chosen], test.churned[chosen]) if chosen.any() else None


def _recency(rows: Floats) -> Floats:
    return np.asarray(np.log1p(rows[:, RECENCY]))


def _start(rule: Logistic, rows: Floats) -> Floats:
    return np.asarray(rule.intercept + rule.slope * _recency(rows))


def _by_recency(rule: Logistic, rows: Floats) -> Floats:
    return rule.probability(_recency(rows))
