"""Trained models of customers in ``trained_models``: plain JSON with its checksum, loaded once per process."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import Max

from forecasting.models import TrainedModel
from forecasting.services.trained_models import KEPT_VERSIONS, UnreadableModel

KIND = TrainedModel.Kind.CUSTOMERS
LOADED_AT_ONCE = 8


@dataclass(frozen=True)
class CustomerModel:
    """What is known of a stored model without reading it. ``name`` is the model's and the currency's."""

    id: int
    name: str
    version: int
    trained_until: date
    metrics: dict[str, Any]
    checksum: str


def model_name(model: str, currency: str) -> str:
    return f"{model} {currency}"


def newest_model(name: str) -> CustomerModel | None:
    """The one in service."""
    row = TrainedModel.objects.named(KIND, name).defer("payload").order_by("-version").first()
    if row is None:
        return None
    return CustomerModel(row.pk, row.name, row.version, row.trained_until, row.metrics, row.checksum)


def keep_model(
    name: str,
    document: dict[str, Any],
    *,
    first_day: date,
    last_day: date,
    features: list[str],
    metrics: dict[str, Any],
    code_version: str,
    seed: int,
    now: datetime,
) -> None:
    """Store a model as its name's next version, unless exactly this one is there; delete the oldest. In a transaction."""
    payload = zlib.compress(json.dumps(document, separators=(",", ":"), sort_keys=True).encode())
    checksum = hashlib.sha256(payload).hexdigest()
    own = TrainedModel.objects.named(KIND, name)
    if own.filter(trained_until=last_day, recipe=checksum).exists():
        return
    newest: int = own.aggregate(newest=Max("version"))["newest"] or 0
    TrainedModel.objects.create(
        kind=KIND,
        name=name,
        version=newest + 1,
        trained_from=first_day,
        trained_until=last_day,
        recipe=checksum,
        features={"names": features},
        metrics=metrics,
        seed=seed,
        code_version=code_version,
        payload=payload,
        size_bytes=len(payload),
        checksum=checksum,
        created_at=now,
    )
    kept = list(own.order_by("-version").values_list("pk", flat=True)[:KEPT_VERSIONS])
    own.exclude(pk__in=kept).delete()


def load_document(model: CustomerModel) -> dict[str, Any]:
    """The stored JSON, kept in this process. Raises ``UnreadableModel`` where it is gone or damaged."""
    document: dict[str, Any] = _document(model.id, model.checksum)
    return document


@lru_cache(maxsize=LOADED_AT_ONCE)
def _document(model_id: int, checksum: str) -> Any:
    payload = TrainedModel.objects.filter(pk=model_id).values_list("payload", flat=True).first()
    if payload is None:
        raise UnreadableModel(f"the stored model {model_id} is no longer there")
    if hashlib.sha256(bytes(payload)).hexdigest() != checksum:
        raise UnreadableModel(f"the stored model {model_id} is damaged: its checksum differs")
    return json.loads(zlib.decompress(bytes(payload)))
