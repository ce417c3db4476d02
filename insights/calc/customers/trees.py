"""LightGBM for rows of customers: a boosted classifier and a random forest, kept as LightGBM's own text.

LightGBM rather than scikit-learn's trees: it is there for forecasts already, and its models are text, so that
loading one runs no code (scikit-learn's would need skops or a pickle).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from insights.calc.customers.days import Floats


class TreesMissingError(ImportError):
    """LightGBM is not installed, or cannot be loaded here."""


class OtherColumnsError(ValueError):
    """A model was trained on other columns than it is now given."""


_COMMON: dict[str, Any] = {"deterministic": True, "force_row_wise": True, "verbosity": -1}
CLASSIFIER = {
    **_COMMON,
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 8,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
}
FOREST = {
    **_COMMON,
    "objective": "regression",
    "boosting": "rf",
    "num_leaves": 63,
    "min_data_in_leaf": 25,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.632,
    "bagging_freq": 1,
}
CLASSIFIER_ROUNDS = 100
FOREST_TREES = 200
ROWS_FOR_THREADS = 50_000


def train_trees(
    rows: Floats,
    target: Floats,
    names: Sequence[str],
    *,
    kind: dict[str, Any],
    rounds: int,
    seed: int,
    start: Floats | None = None,
) -> Any:
    """A LightGBM booster. ``start`` are log-odds to improve on, which its predictions then leave out.

    Raises ``TreesMissingError``.
    """
    lightgbm = _lightgbm()
    data = lightgbm.Dataset(rows, target, feature_name=list(names), init_score=start, params={"verbosity": -1})
    threads = 2 if len(rows) > ROWS_FOR_THREADS else 1  # below, threads wait for each other longer than they work
    return lightgbm.train({**kind, "seed": seed, "num_threads": threads}, data, rounds)


def read_trees(text: str, names: Sequence[str]) -> Any:
    """A booster from its text. Raises ``OtherColumnsError`` where it looks at other columns, ``ValueError`` for no model."""
    lightgbm = _lightgbm()
    try:
        booster = lightgbm.Booster(model_str=text)
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(f"this is no LightGBM model: {error}") from error
    if booster.feature_name() != list(names):
        raise OtherColumnsError("the model was trained on other columns than this version makes")
    return booster


def permutation_importance(
    predict: Any, loss: Any, rows: Floats, target: Floats, names: Sequence[str], *, seed: int
) -> dict[str, float]:
    """How much the held-out loss rises when one column is shuffled, greatest first; at most 20,000 rows are looked at."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(rows))[:20_000]
    rows, target = rows[chosen], target[chosen]
    base = loss(predict(rows), target)
    rises = {}
    for column, name in enumerate(names):
        shuffled = rows.copy()
        shuffled[:, column] = random.permutation(shuffled[:, column])
        rises[name] = round(float(loss(predict(shuffled), target) - base), 6)
    return dict(sorted(rises.items(), key=lambda one: -one[1]))


def _lightgbm() -> Any:
    try:
        import lightgbm  # the extra "boosting", and half a second to import
    except (ImportError, OSError) as error:  # OSError: the system lacks the OpenMP library libgomp
        raise TreesMissingError(f"this needs LightGBM (the extra “boosting”) and libgomp: {error}") from error
    return lightgbm
