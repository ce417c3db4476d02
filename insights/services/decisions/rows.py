"""The recommendations that a decision is about: locked, read, and told apart from those that somebody decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from insights.models import Decision, ReorderRecommendation
from insights.services.decisions.kinds import Kind, row_id
from insights.services.decisions.wishes import LARGEST_KEY
from inventory.services.locking import in_chunks, lock_rows

Status = ReorderRecommendation.Status


def lock_recommendations(kind: Kind, ids: Iterable[int]) -> dict[int, Any]:
    """The rows that exist, by id, locked in primary-key order and then read with what decisions need of them."""
    locked = lock_rows(kind.model, [pk for pk in ids if 0 < pk <= LARGEST_KEY])
    rows: dict[int, Any] = {}
    for some in in_chunks(locked):
        found = kind.model.objects.filter(pk__in=some)
        rows |= {row.pk: row for row in found.select_related(*kind.related)}
    return rows


def who_decided(kind: Kind, rows: Sequence[Any]) -> dict[int, str]:
    """For each decided row one sentence: what became of it, by whom and when in the store's time."""
    last: dict[int, Decision] = {}
    for ids in in_chunks(row.pk for row in rows):
        last |= {
            row_id(decision): decision
            for decision in Decision.objects.filter(**{f"{kind.link}__in": ids}).defer("shown").order_by("pk")
        }
    return {row.pk: _sentence(kind, row, last) for row in rows}


def _sentence(kind: Kind, row: Any, last: Mapping[int, Decision]) -> str:
    decision = last.get(row.pk)
    what = kind.words(row)
    if row.status == Status.EXPIRED or decision is None:
        return f"{what} was {row.get_status_display().lower()}; nobody decided it."
    state = row.get_status_display().lower() if not row.is_open else "decided"
    local = decision.decided_at.astimezone(row.store.zone)
    return f"{what} was {state} by {decision.decided_by_name} at {local:%d %b %Y %H:%M %Z}."
