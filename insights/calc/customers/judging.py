"""How good scores and forecasts were on held-out data: AUC, Brier, lift, calibration; error of money."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import rankdata

from insights.calc.customers.days import Floats

BINS = 10


@dataclass(frozen=True)
class ScoreReport:
    """``auc`` 0.5 is chance; ``brier`` mean squared error of the probability; ``lift`` churn among the riskiest tenth
    over that of all; ``calibration_error`` mean gap of said and seen, weighted by the bins' sizes."""

    rows: int
    share: float
    auc: float
    brier: float
    lift: float
    calibration_error: float
    calibration: list[dict[str, float]]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def auc(score: Floats, happened: Floats) -> float:
    """The chance that one to whom it happened scores over one to whom it did not; ties count half. 0.5 without both.

    Worked: scores 0.1, 0.4, 0.35, 0.8 of which the last two happened: 3 of 4 pairs are right, 0.75.
    """
    positive = happened > 0
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if not ones or not zeros:
        return 0.5
    ranks = rankdata(score)
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def brier(probability: Floats, happened: Floats) -> float:
    return float(np.mean((probability - happened) ** 2))


def judge_scores(probability: Floats, happened: Floats) -> ScoreReport:
    """Raises ``ValueError`` for no row."""
    if not len(happened):
        raise ValueError("there is no held-out customer to judge by")
    share = float(happened.mean())
    riskiest = np.argsort(-probability, kind="stable")[: max(len(probability) // 10, 1)]
    table = _calibration(probability, happened)
    error = sum(row["customers"] * abs(row["said"] - row["seen"]) for row in table) / len(happened)
    return ScoreReport(
        rows=len(happened),
        share=round(share, 4),
        auc=round(auc(probability, happened), 4),
        brier=round(brier(probability, happened), 5),
        lift=round(float(happened[riskiest].mean()) / share, 3) if share else 0.0,
        calibration_error=round(error, 4),
        calibration=table,
    )


@dataclass(frozen=True)
class MoneyReport:
    """Errors of the money that each customer spent: mean absolute, root mean square, of the total (share), rank order."""

    customers: int
    mae: float
    rmse: float
    total_error: float
    rank_correlation: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def judge_money(expected: Floats, actual: Floats) -> MoneyReport:
    """``total_error``: expected over actual total less 1; 0 where nothing was spent."""
    total = float(actual.sum())
    varies = expected.std() > 0 and actual.std() > 0
    rank = float(np.corrcoef(rankdata(expected), rankdata(actual))[0, 1]) if varies else 0.0
    return MoneyReport(
        customers=len(actual),
        mae=round(float(np.abs(expected - actual).mean()), 4),
        rmse=round(float(np.sqrt(np.mean((expected - actual) ** 2))), 4),
        total_error=round(float(expected.sum()) / total - 1, 4) if total else 0.0,
        rank_correlation=round(rank, 4),
    )


def _calibration(probability: Floats, happened: Floats) -> list[dict[str, float]]:
    bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    return [
        {
            "customers": int((bins == one).sum()),
            "said": round(float(probability[bins == one].mean()), 4),
            "seen": round(float(happened[bins == one].mean()), 4),
        }
        for one in np.unique(bins).tolist()
    ]
