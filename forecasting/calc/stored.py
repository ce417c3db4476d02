"""Trained global models as plain numbers and text, to be kept in a database. No pickle: what is read runs nothing."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from forecasting.calc.boosting import GradientBoosting, load_lightgbm
from forecasting.calc.recurrent import Recurrent
from forecasting.calc.recurrent_network import Network
from forecasting.calc.refitted import Refitted
from forecasting.calc.sales_history import PLANS

# Raised when a number in the document, or what a feature means, is another than before: older rows are trained anew.
FORMAT = 2

Document = dict[str, Any]


def boosting_document(trained: Refitted) -> Document:
    """Everything that ``paths`` needs, as JSON takes it: the trees in LightGBM's own text."""
    return _document(trained, _trees)


def read_boosting(document: Document) -> Refitted:
    """The trained models of a document; they answer exactly what those that were written did.

    Raises ``BoostingMissingError`` without LightGBM, and ``ValueError`` for a document of another format.
    """
    load_lightgbm()
    return _refitted(document, _read_trees)


def recurrent_document(trained: Refitted) -> Document:
    """Everything that ``paths`` needs, as JSON takes it: weights as base64 of little-endian float32."""
    return _document(trained, _weights)


def read_recurrent(document: Document) -> Refitted:
    """As ``read_boosting``; needs NumPy alone. Raises ``ValueError`` for a document of another format."""
    return _refitted(document, _read_weights)


def _document(trained: Refitted, write: Any) -> Document:
    """The final model is the last of ``models``."""
    return {
        "format": FORMAT,
        "first_day": trained.first_day,
        "plans": trained.plans,
        "panel_sums": trained.panel_sums.tolist(),
        "models": [write(model) for model in trained.models],
    }


def _refitted(document: Document, read: Any) -> Refitted:
    if document["format"] != FORMAT:
        raise ValueError(
            f"it was trained on other columns: it has format {document['format']}, this version reads format {FORMAT}; "
            "the next training replaces it"
        )
    unknown = sorted(set(document["plans"]) - set(PLANS))
    if unknown:
        raise ValueError(f"it was trained on columns that are not known here: {', '.join(unknown)}")
    *earlier, final = (read(model) for model in document["models"])
    sums, plans = np.array(document["panel_sums"]), tuple(document["plans"])
    return Refitted(final, tuple(earlier), sums, document["first_day"], plans)


def _trees(model: GradientBoosting) -> Document:
    return {
        "learned_before_day": model.learned_before_day_,
        "is_yearly": model.is_yearly_,
        "trees": None if model.booster_ is None else model.booster_.model_to_string(),
    }


def _read_trees(document: Document) -> GradientBoosting:
    model = GradientBoosting()
    model.learned_before_day_ = document["learned_before_day"]
    model.is_yearly_ = document["is_yearly"]
    trees = document["trees"]
    model.booster_ = None if trees is None else load_lightgbm().Booster(model_str=trees)
    return model


def _weights(model: Recurrent) -> Document:
    network = model.network_
    return {
        "learned_before_day": model.learned_before_day_,
        "is_yearly": model.is_yearly_,
        "feature_names": model.feature_names_,
        "network": None if network is None else {name: _array(values) for name, values in vars(network).items()},
    }


def _read_weights(document: Document) -> Recurrent:
    model = Recurrent()
    model.learned_before_day_ = document["learned_before_day"]
    model.is_yearly_ = document["is_yearly"]
    model.feature_names_ = document["feature_names"]
    network = document["network"]
    model.network_ = None if network is None else Network(**{name: _values(one) for name, one in network.items()})
    return model


def _array(values: Any) -> Document:
    return {"shape": list(values.shape), "float32": base64.b64encode(values.astype("<f4").tobytes()).decode()}


def _values(document: Document) -> Any:
    flat = np.frombuffer(base64.b64decode(document["float32"]), dtype="<f4")
    return flat.reshape(document["shape"]).astype(np.float32)
