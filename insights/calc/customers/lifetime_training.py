"""Lifetime value of every customer: BG/NBD with Gamma-Gamma and a random forest, judged on a held-out period.

The forest is served where both its errors of the money that was then spent, mean absolute and root mean square, are
smaller; where they disagree BG/NBD stays, whose value can be explained and has an interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from insights.calc.customers.days import (
    CustomerDays,
    Floats,
    PurchaseSummary,
    TooFewCustomersError,
    kept_share,
    sum_by,
    summarise,
)
from insights.calc.customers.features import FEATURES, customer_features
from insights.calc.customers.judging import MoneyReport, judge_money
from insights.calc.customers.lifetime import LifetimeConfig, discounted_purchases, expected_values, value_interval
from insights.calc.customers.purchases import NotConvergedError, PurchaseModel, fit_purchases
from insights.calc.customers.spending import DependentValueError, SpendingModel, fit_spending
from insights.calc.customers.trees import FOREST, FOREST_TREES, TreesMissingError, train_trees

HELD_OUT_SHARE = 0.25
HELD_OUT_DAYS = (28, 182)
FEWEST_FOREST_ROWS = 200
PARAMETRIC, FOREST_NAME = "bg_nbd", "random_forest"


_Fitted = tuple[PurchaseModel, SpendingModel | None, PurchaseSummary]


@dataclass(frozen=True)
class Lifetimes:
    """One entry per customer of ``summary``, in the data's currency over ``config.months``.

    ``value`` is the served one, discounted; ``lower`` and ``upper`` bound the outcome, not the mean: a customer may well
    spend nothing. ``value_if_stays`` is the parametric value of one who is certainly still a customer.
    """

    summary: PurchaseSummary
    probability_alive: Floats
    expected_purchases: Floats
    value_of_purchase: Floats
    parametric: Floats
    forest: Floats | None
    value: Floats
    lower: Floats
    upper: Floats
    value_if_stays: Floats


@dataclass(frozen=True)
class LifetimeTraining:
    """Models and what the held-out period said of each; ``remarks`` say what was refused and why."""

    purchases: PurchaseModel
    spending: SpendingModel | None
    forest: str
    served: str
    held_out_days: int
    reports: dict[str, MoneyReport]
    remarks: list[str]
    lifetimes: Lifetimes


def train_lifetimes(
    days: CustomerDays, *, first_day: int, end_day: int, config: LifetimeConfig | None = None
) -> LifetimeTraining:
    """Raises ``TooFewCustomersError`` where BG/NBD cannot be fitted."""
    config = config or LifetimeConfig()
    held_out = int(np.clip((end_day - first_day + 1) * HELD_OUT_SHARE, *HELD_OUT_DAYS))
    remarks: list[str] = []
    models = _fit(days, end_day, remarks)
    reports = _judge(days, first_day, end_day, held_out, remarks)
    booster = _forest(days, first_day, end_day, held_out, remarks)
    wins = booster is not None and FOREST_NAME in reports and _is_better(reports[FOREST_NAME], reports[PARAMETRIC])
    served = FOREST_NAME if wins else PARAMETRIC
    lifetimes = _valued(days, end_day, held_out, models, booster, served, config)
    text = booster.model_to_string() if booster is not None else ""
    return LifetimeTraining(models[0], models[1], text, served, held_out, reports, remarks, lifetimes)


def _fit(days: CustomerDays, end_day: int, remarks: list[str]) -> _Fitted:
    """The likelier of BG/NBD and MBG/NBD, and Gamma-Gamma unless it refuses."""
    summary = summarise(days, end_day=end_day)
    found = []
    for is_modified in (False, True):
        try:
            found.append(fit_purchases(summary, is_modified=is_modified))
        except NotConvergedError as error:
            remarks.append(str(error))
    if not found:
        raise TooFewCustomersError("lifetime value cannot be fitted: " + "; ".join(remarks))
    spending = None
    try:
        spending = fit_spending(summary.frequency, summary.mean_value)
    except (DependentValueError, TooFewCustomersError) as error:
        remarks.append(f"{error}; each customer’s own mean value is used")
    return max(found, key=lambda model: model.log_likelihood), spending, summary


def _judge(
    days: CustomerDays, first_day: int, end_day: int, held_out: int, remarks: list[str]
) -> dict[str, MoneyReport]:
    """Fit both on what was known ``held_out`` days before the end, and compare with what followed."""
    cut = end_day - held_out
    try:
        known = days.where(days.day <= cut)
        purchases, spending, summary = _fit(known, cut, [])
    except TooFewCustomersError as error:
        remarks.append(f"nothing could be held out: {error}")
        return {}
    actual = _money_between(days, cut, end_day)[summary.place]
    count = purchases.expected_purchases(summary.frequency, summary.recency_weeks, summary.age_weeks, held_out / 7)
    reports = {PARAMETRIC: judge_money(count * expected_values(spending, summary) * kept_share(known), actual)}
    booster = _forest(known, first_day, cut, held_out, [])
    if booster is not None:
        rows = customer_features(known, end_day=cut).rows
        reports[FOREST_NAME] = judge_money(np.maximum(booster.predict(rows), 0.0), actual)
    return reports


def _forest(days: CustomerDays, first_day: int, end_day: int, held_out: int, remarks: list[str]) -> Any:
    """A forest for the money of the ``held_out`` days that follow a cut-off, learned from those before ``end_day``."""
    cut = end_day - held_out
    if cut - first_day < held_out // 2:
        remarks.append("the history is too short for a random forest beside BG/NBD")
        return None
    try:
        features = customer_features(days, end_day=cut)
        target = _money_between(days, cut, end_day)[features.summary.place]
        if len(target) >= FEWEST_FOREST_ROWS:
            return train_trees(features.rows, target, FEATURES, kind=FOREST, rounds=FOREST_TREES, seed=3)
        remarks.append(f"a random forest needs {FEWEST_FOREST_ROWS} customers; there are {len(target)}")
    except (TooFewCustomersError, TreesMissingError) as error:
        remarks.append(f"no random forest: {error}")
    return None


def _is_better(forest: MoneyReport, parametric: MoneyReport) -> bool:
    return forest.rmse < parametric.rmse and forest.mae < parametric.mae


def _money_between(days: CustomerDays, after: int, until: int) -> Floats:
    part = days.between(after + 1, until)
    return sum_by(part.customer, part.value, len(days.customer_ids))


def _valued(
    days: CustomerDays, end_day: int, held_out: int, models: _Fitted, booster: Any, served: str, config: LifetimeConfig
) -> Lifetimes:
    purchases, spending, summary = models
    alive = purchases.probability_alive(summary.frequency, summary.recency_weeks, summary.age_weeks)
    expected = alive * purchases.expected_if_alive(summary.frequency, summary.age_weeks, config.horizon_weeks)
    discounted = discounted_purchases(purchases, summary, config)
    kept = kept_share(days)
    value_of_purchase = expected_values(spending, summary) * kept
    parametric = discounted * value_of_purchase
    discount = np.divide(discounted, expected, out=np.ones_like(expected), where=expected > 1e-12)
    interval = value_interval(purchases, spending, summary, config)
    forest = None
    if booster is not None:
        short = alive * purchases.expected_if_alive(summary.frequency, summary.age_weeks, held_out / 7)
        longer = float(discounted.sum() / short.sum()) if short.sum() > 0 else 0.0
        forest = np.maximum(booster.predict(customer_features(days, end_day=end_day).rows), 0.0) * longer
    return Lifetimes(
        summary=summary,
        probability_alive=alive,
        expected_purchases=expected,
        value_of_purchase=value_of_purchase,
        parametric=parametric,
        forest=forest,
        value=forest if served == FOREST_NAME and forest is not None else parametric,
        lower=interval.lower * discount * kept,
        upper=interval.upper * discount * kept,
        value_if_stays=np.divide(parametric, alive, out=np.zeros_like(parametric), where=alive > 1e-12),
    )
