"""What orders and transfers share: documents that go from state to state, one conditional UPDATE a step."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any, TypeVar

from django.conf import settings
from django.db.models import F, TextField, Value
from django.db.models.functions import Concat

from inventory.models import PurchaseOrder, StockTransfer
from inventory.services.errors import Conflict

Document = TypeVar("Document", PurchaseOrder, StockTransfer)


def move_document(
    document: Document, *, verb: str, come_from: Sequence[str], version: int | None, note: str, **changes: Any
) -> Document:
    """Write ``changes`` if the document is still in one of ``come_from`` and, where given, at ``version``.

    Returns the document as it is now. Raises ``Conflict`` with what it is now when somebody else was first.
    """
    rows = type(document)._default_manager.filter(pk=document.pk, status__in=come_from)
    if version is not None:
        rows = rows.filter(version=version)
    if not rows.update(version=F("version") + 1, notes=appended(note), **changes):
        document.refresh_from_db(fields=["status", "version", "notes"])
        raise Conflict(_why_not(document, verb=verb, come_from=come_from))
    document.refresh_from_db(fields=["status", "version", "notes", *changes])
    return document


def appended(note: str) -> Concat:
    """``notes`` with one more line, added by the database so that two writers keep both lines."""
    return Concat(F("notes"), Value(f"{note}\n"), output_field=TextField())


def last_note(document: PurchaseOrder | StockTransfer) -> str:
    return document.notes.strip().rpartition("\n")[2]


def effect_key(document: PurchaseOrder | StockTransfer, effect: str, key: str, line_id: int | str) -> str:
    """A key of bounded length that is the request's own: effect, document, request, line."""
    return f"{effect}:{document.pk}:{hashlib.sha256(key.encode()).hexdigest()[:32]}:{line_id}"


def accepted_units(ordered_units: int) -> int:
    """The most that a line of ``ordered_units`` may receive in all: with a tolerance of 0.1, 13 of 12 ordered."""
    tolerance: float = settings.OVER_DELIVERY_TOLERANCE
    return ordered_units + math.floor(ordered_units * tolerance + 1e-9)


def _why_not(document: PurchaseOrder | StockTransfer, *, verb: str, come_from: Sequence[str]) -> str:
    if document.status in come_from:
        return f"{document.number} was changed since you opened it; look at it again before it is {verb}."
    labels = dict(type(document).Status.choices)
    wanted = " or ".join(labels[status].lower() for status in come_from)
    kind = str(document._meta.verbose_name_plural).rpartition(" ")[2]
    message = f"{document.number} is {document.get_status_display().lower()}; only {wanted} {kind} can be {verb}."
    return f"{message} {last_note(document)}".strip()
