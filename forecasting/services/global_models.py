"""The models that are trained on all series at once: how each is trained, written down and read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from forecasting.calc.arrays import Ints
from forecasting.calc.boosting import (
    BoostingConfig,
    BoostingMissingError,
    GradientBoosting,
    load_lightgbm,
    train_boosting,
)
from forecasting.calc.config import GRADIENT_BOOSTING, LSTM
from forecasting.calc.recurrent import Recurrent, train_recurrent
from forecasting.calc.recurrent_training import NeuralMissingError, RecurrentConfig, load_torch
from forecasting.calc.refitted import Refitted
from forecasting.calc.sales_history import History
from forecasting.calc.stored import (
    FORMAT,
    Document,
    boosting_document,
    read_boosting,
    read_recurrent,
    recurrent_document,
)


@dataclass(frozen=True)
class GlobalModel:
    """``train`` takes the history, the backtest's origins, the periods ahead and a seed; ``parameters`` decide, with these,
    what is learned: other ones make another model. ``features`` says what of. ``missing`` is why it cannot be trained here.
    """

    train: Callable[[History, Ints, int, int], Refitted]
    write: Callable[[Refitted], Document]
    read: Callable[[Document], Refitted]
    features: Callable[[Refitted], Document]
    missing: Callable[[], str]
    parameters: Document


def _train_boosting(history: History, origins: Ints, periods: int, seed: int) -> Refitted:
    return train_boosting(history, origins, periods, BoostingConfig(seed=seed))


def _train_recurrent(history: History, origins: Ints, periods: int, seed: int) -> Refitted:
    return train_recurrent(history, origins, periods, RecurrentConfig(seed=seed))


def _features(trained: Refitted) -> Document:
    """The names of the columns that were learned from; of trees also the share of the gain by column, greatest first."""
    final = trained.final
    if isinstance(final, GradientBoosting):
        return {"names": final.feature_names(), "gains": final.gains()}
    return {"names": final.feature_names_} if isinstance(final, Recurrent) else {}


def _boosting_missing() -> str:
    try:
        load_lightgbm()
    except BoostingMissingError as error:
        return str(error)
    return ""


def _neural_missing() -> str:
    try:
        load_torch()
    except NeuralMissingError as error:
        return str(error)
    return ""


GLOBAL_MODELS = {
    GRADIENT_BOOSTING: GlobalModel(
        train=_train_boosting,
        write=boosting_document,
        read=read_boosting,
        features=_features,
        missing=_boosting_missing,
        parameters={"format": FORMAT, **asdict(BoostingConfig())},
    ),
    LSTM: GlobalModel(
        train=_train_recurrent,
        write=recurrent_document,
        read=read_recurrent,
        features=_features,
        missing=_neural_missing,
        parameters={"format": FORMAT, **asdict(RecurrentConfig())},
    ),
}
