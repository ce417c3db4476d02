"""The models that are trained on all series at once: how each is trained, written down and read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from forecasting.calc.arrays import Floats, Ints
from forecasting.calc.boosting import GRADIENT_BOOSTING, BoostingConfig, TrainedBoosting, train_boosting
from forecasting.calc.boosting_text import FORMAT, boosting_document, read_boosting
from forecasting.calc.direct_features import History


class Trained(Protocol):
    """Answers any panel from its backtest's origins and its end, from each by a model that had not seen past it."""

    @property
    def is_trained(self) -> bool: ...

    def paths(self, history: History, origins: Ints, periods: int) -> Floats: ...


Document = dict[str, Any]


@dataclass(frozen=True)
class GlobalModel:
    """``parameters`` decide, with the data and the seed, what is learned: other ones make another model."""

    train: Callable[[History, Ints, int, int], Trained]
    write: Callable[[Any], Document]
    read: Callable[[Document], Trained]
    features: Callable[[Any], dict[str, float]]
    parameters: Document


def _train_boosting(history: History, origins: Ints, periods: int, seed: int) -> TrainedBoosting:
    return train_boosting(history, origins, periods, BoostingConfig(seed=seed))


def _boosting_gains(trained: TrainedBoosting) -> dict[str, float]:
    return trained.final.gains()


GLOBAL_MODELS = {
    GRADIENT_BOOSTING: GlobalModel(
        train=_train_boosting,
        write=boosting_document,
        read=read_boosting,
        features=_boosting_gains,
        parameters={"format": FORMAT, **asdict(BoostingConfig())},
    ),
}
