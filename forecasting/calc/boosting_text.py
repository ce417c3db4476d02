"""Trained trees as plain numbers and LightGBM's own text, to be kept in a database. No pickle: text runs nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from forecasting.calc.boosting import GradientBoosting, TrainedBoosting, load_lightgbm

# Raised when a number in the document, or what a feature means, is another than before: older rows are trained anew.
FORMAT = 1


def boosting_document(trained: TrainedBoosting) -> dict[str, Any]:
    """Everything that ``paths`` needs, as JSON takes it. The final model is the last of ``models``."""
    return {
        "format": FORMAT,
        "first_day": trained.first_day,
        "panel_sums": trained.panel_sums.tolist(),
        "models": [_model_document(model) for model in (*trained.earlier, trained.final)],
    }


def read_boosting(document: dict[str, Any]) -> TrainedBoosting:
    """The trained models of a document; they answer exactly what those that were written did.

    Raises ``BoostingMissingError`` without LightGBM, and ``ValueError`` for a document of another format.
    """
    load_lightgbm()
    if document["format"] != FORMAT:
        raise ValueError(f"the document has format {document['format']}, this version reads {FORMAT}")
    *earlier, final = (_read_model(model) for model in document["models"])
    return TrainedBoosting(final, tuple(earlier), np.array(document["panel_sums"]), document["first_day"])


def _model_document(model: GradientBoosting) -> dict[str, Any]:
    return {
        "learned_before_day": model.learned_before_day_,
        "is_yearly": model.is_yearly_,
        "trees": None if model.booster_ is None else model.booster_.model_to_string(),
    }


def _read_model(document: dict[str, Any]) -> GradientBoosting:
    model = GradientBoosting()
    model.learned_before_day_ = document["learned_before_day"]
    model.is_yearly_ = document["is_yearly"]
    trees = document["trees"]
    model.booster_ = None if trees is None else load_lightgbm().Booster(model_str=trees)
    return model
