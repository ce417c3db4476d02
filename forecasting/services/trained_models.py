"""Trained models in the database: kept once, found by day, loaded once per process."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from forecasting.calc.refitted import Refitted
from forecasting.models import TrainedModel
from forecasting.services.global_models import GLOBAL_MODELS
from forecasting.services.model_health import MOST_AGE_DAYS

KIND = TrainedModel.Kind.DEMAND
KEPT_VERSIONS = 7
LOADED_AT_ONCE = 4


class UnreadableModel(Exception):
    """A stored model is gone, damaged, or was written by another version of this software."""


@dataclass(frozen=True)
class ModelKey:
    """Names one stored model for good: a number may be given again in another database, its checksum is not."""

    name: str
    id: int
    checksum: str


@dataclass(frozen=True)
class Stored:
    """A stored model, and why it serves nobody where it is not promoted."""

    key: ModelKey
    refusal: str = ""


@dataclass(frozen=True)
class Training:
    """What a model was trained on and how, beside the model itself."""

    name: str
    first_day: date
    last_day: date
    horizon_days: int
    seed: int
    code_version: str

    @property
    def parameters(self) -> dict[str, Any]:
        return {**GLOBAL_MODELS[self.name].parameters, "horizon_days": self.horizon_days, "seed": self.seed}

    @property
    def recipe(self) -> str:
        return hashlib.sha256(json.dumps(self.parameters, sort_keys=True).encode()).hexdigest()


def find_trained(training: Training) -> Stored | None:
    """The model of exactly this training, where it has been done before."""
    known = TrainedModel.objects.named(KIND, training.name).filter(
        trained_until=training.last_day, recipe=training.recipe
    )
    found = known.values_list("pk", "checksum", "is_promoted", "promotion_reason").first()
    if found is None:
        return None
    pk, checksum, is_promoted, reason = found
    return Stored(ModelKey(training.name, pk, checksum), "" if is_promoted else reason)


def newest_models(names: Sequence[str], *, last_day: date) -> list[ModelKey]:
    """Of each name the newest promoted model that saw nothing after ``last_day`` and is at most a week older. One query
    each."""
    oldest = last_day - timedelta(days=MOST_AGE_DAYS)
    found = []
    for name in names:
        models = TrainedModel.objects.named(KIND, name).promoted().trained_between(oldest, last_day)
        found += [ModelKey(name, *row) for row in models.values_list("pk", "checksum")[:1]]
    return found


def why_untrained(name: str, *, last_day: date) -> str:
    """Why ``newest_models`` finds none of this name, for people. Three queries."""
    missing = GLOBAL_MODELS[name].missing()
    if missing:
        return missing
    rows = TrainedModel.objects.named(KIND, name)
    oldest = last_day - timedelta(days=MOST_AGE_DAYS)
    refused = rows.filter(is_promoted=False).trained_between(oldest, last_day).defer("payload").first()
    if refused is not None:
        return f"version {refused.version} of {refused.trained_until} was not promoted: {refused.promotion_reason}"
    newest = rows.filter(trained_until__lte=last_day).aggregate(day=Max("trained_until"))["day"]
    if newest is not None:
        return f"last trained until {newest}, more than a week before the last day that is known, {last_day}"
    if rows.exists():
        return f"trained on days after {last_day} alone, of which a forecast as of then must know nothing"
    return "never trained on this site; the nightly run does it"


def keep(trained: Refitted, training: Training, *, metrics: dict[str, Any], refusal: str = "", now: datetime) -> Stored:
    """Store a model as its name's next version and delete the oldest ones. Of two that were trained alike, the first stays.

    With a ``refusal`` it is stored with its numbers and not promoted.
    """
    model = GLOBAL_MODELS[training.name]
    payload = zlib.compress(json.dumps(model.write(trained), separators=(",", ":")).encode())
    try:
        with transaction.atomic():
            row = TrainedModel.objects.create(
                kind=KIND,
                name=training.name,
                version=_next_version(training.name),
                trained_from=training.first_day,
                trained_until=training.last_day,
                recipe=training.recipe,
                parameters=training.parameters,
                features=model.features(trained),
                metrics=metrics,
                is_promoted=not refusal,
                promotion_reason=refusal,
                seed=training.seed,
                code_version=training.code_version,
                payload=payload,
                size_bytes=len(payload),
                checksum=hashlib.sha256(payload).hexdigest(),
                created_at=now,
            )
            _prune(training.name)
    except IntegrityError:  # another worker stored the same training at the same moment
        found = find_trained(training)
        if found is None:
            raise
        return found
    return Stored(ModelKey(training.name, row.pk, row.checksum), refusal)


def load(key: ModelKey) -> Refitted:
    """The model, kept in this process. Raises ``UnreadableModel``, and ``ImportError`` where its library is missing."""
    return _loaded(key)


@lru_cache(maxsize=LOADED_AT_ONCE)
def _loaded(key: ModelKey) -> Refitted:
    row = TrainedModel.objects.filter(pk=key.id).values_list("payload", "checksum").first()
    if row is None:
        raise UnreadableModel(f"the stored model {key.name} {key.id} is no longer there")
    payload = bytes(row[0])
    if hashlib.sha256(payload).hexdigest() != key.checksum:
        raise UnreadableModel(f"the stored model {key.name} {key.id} is damaged: its checksum differs")
    try:
        return GLOBAL_MODELS[key.name].read(json.loads(zlib.decompress(payload)))
    except (ValueError, KeyError) as error:
        raise UnreadableModel(f"the stored model {key.name} {key.id} cannot be read: {error}") from error


def _next_version(name: str) -> int:
    newest: int | None = TrainedModel.objects.named(KIND, name).aggregate(newest=Max("version"))["newest"]
    return (newest or 0) + 1


def _prune(name: str) -> None:
    kept = TrainedModel.objects.named(KIND, name).order_by("-version").values_list("pk", flat=True)[:KEPT_VERSIONS]
    TrainedModel.objects.named(KIND, name).exclude(pk__in=list(kept)).delete()
