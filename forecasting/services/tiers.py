"""Which tier a run forecasts with: the statistical one alone, or with models that were trained on all series; and why.

Light: the web process tells it on pages and in health, and loads nothing numeric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from forecasting.calc.config import GRADIENT_BOOSTING
from forecasting.models import ForecastRun, TrainedModel

FULL_TIER = "full"
STATISTICAL_TIER = "statistical"


class StoredModel(Protocol):
    """One stored model for good: its name, its row and its checksum."""

    @property
    def name(self) -> str: ...
    @property
    def id(self) -> int: ...
    @property
    def checksum(self) -> str: ...


def tier_parameters(models: Sequence[StoredModel], problems: Mapping[str, str]) -> dict[str, object]:
    """What a run's row says about its tier: which, why it is not the full one, and the models that serve it."""
    return {
        "tier": FULL_TIER if any(key.name == GRADIENT_BOOSTING for key in models) else STATISTICAL_TIER,
        "tier_reason": "; ".join(f"{name}: {problem}" for name, problem in problems.items()),
        "trained_models": {key.name: {"id": key.id, "checksum": key.checksum} for key in models},
    }


def tier_sentence(run: ForecastRun) -> str:
    """The run's tier for people, with the models behind it or why there are none. One query where there are any."""
    parameters: dict[str, Any] = run.parameters
    if "tier" not in parameters:
        return "The tier was not recorded."
    stored = [one["id"] for one in parameters.get("trained_models", {}).values()]
    rows = TrainedModel.objects.filter(pk__in=stored).order_by("name").defer("payload") if stored else []
    models = [f"{row.name} version {row.version}, trained until {row.trained_until}" for row in rows]
    said = "; ".join(filter(None, [*models, parameters.get("tier_reason", "")]))
    tier = "Full tier" if parameters["tier"] == FULL_TIER else "Statistical tier alone"
    return f"{tier}: {said}." if said else f"{tier}."
