"""Granted wishes as rows: the recommendations, what they set going, and the decisions that are kept for good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F, Q

from insights.models import Decision
from insights.models.recommendations import OPEN_STATUSES
from insights.services.decisions.judging import Action, Status, Verdict
from insights.services.decisions.kinds import Kind, row_id
from insights.services.decisions.rows import who_decided
from insights.services.decisions.staleness import numbers_age_days
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict
from inventory.services.locking import in_chunks
from inventory.services.people import name_of


def write(
    kind: Kind, verdicts: Sequence[Verdict], *, actor: User, now: datetime, scope: StoreScope
) -> dict[int, Decision]:
    """Write everything that was granted, in a number of queries that does not grow with it; decisions by row id."""
    by_action: dict[tuple[Any, ...], list[Verdict]] = {}
    for verdict in verdicts:
        by_action.setdefault((verdict.action, verdict.until), []).append(verdict)
    before = {verdict.row.pk: verdict.row.status for verdict in verdicts}
    for (action, until), some in sorted(by_action.items(), key=str):
        rows = [verdict.row for verdict in some]
        if action == Action.APPROVE:
            kind.carry_out(some, actor=actor, now=now, scope=scope)
            close(kind, rows, now=now, status=Status.APPROVED)
        elif action == Action.PROPOSE:
            _propose(kind, some)
            close(kind, rows, now=now, status=Status.PROPOSED, proposed_by=actor, proposed_by_name=name_of(actor))
        elif action == Action.SNOOZE:
            close(kind, rows, now=now, status=Status.SNOOZED, snoozed_until=until)
        else:
            close(kind, rows, now=now, status=Status.REJECTED)
    return _keep(kind, verdicts, before, actor=actor, now=now)


def close(kind: Kind, rows: Sequence[Any], *, now: datetime, **changes: Any) -> None:
    """Give the rows their new status, each at the version that was read; all of them or none.

    The row locks make a loss impossible where the engine has them; the count is what holds everywhere.
    """
    for some in in_chunks(rows):
        as_read = Q()
        for version in {row.version for row in some}:
            as_read |= Q(version=version, pk__in=[row.pk for row in some if row.version == version])
        still_open = kind.model.objects.filter(as_read, status__in=OPEN_STATUSES)
        if still_open.update(version=F("version") + 1, updated_at=now, **changes) != len(some):
            raise Conflict(_first_decided(kind, [row.pk for row in some]))


def _first_decided(kind: Kind, ids: Sequence[int]) -> str:
    rows = kind.model.objects.filter(pk__in=ids).select_related(*kind.related)
    decided = [row for row in rows if not row.is_open]
    if not decided:
        return "The numbers changed while you decided: look at them again, then decide."
    return who_decided(kind, decided[:1])[decided[0].pk]


def _propose(kind: Kind, verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        verdict.row.proposed_quantity = verdict.units
    rows = [verdict.row for verdict in verdicts]
    kind.model.objects.bulk_update(rows, ["proposed_quantity"], batch_size=240)


def _keep(
    kind: Kind, verdicts: Sequence[Verdict], before: Mapping[int, str], *, actor: User, now: datetime
) -> dict[int, Decision]:
    decisions = [
        Decision(
            **{kind.link: verdict.row},
            action=verdict.action,
            status_before=before[verdict.row.pk],
            status_after=verdict.status_after,
            quantity=verdict.units,
            recommended_quantity=kind.recommended(verdict.row),
            value=verdict.value,
            reason_code=verdict.reason_code,
            reason=verdict.reason,
            snoozed_until=verdict.until,
            is_over_limit=verdict.is_over_limit,
            proposed_by_id=verdict.proposed_by_id,
            proposed_by_name=verdict.proposed_by_name,
            decided_by=actor,
            decided_by_name=name_of(actor),
            decided_at=now,
            numbers_age_days=numbers_age_days(verdict.row, now=now),
            shown=kind.facts(verdict.row),
        )
        for verdict in verdicts
    ]
    if len(decisions) == 1:
        decisions[0].save(force_insert=True)
    else:
        # MySQL gives bulk inserts no keys; those who need one read it again.
        Decision.objects.bulk_create(decisions, batch_size=500)
    return {row_id(decision): decision for decision in decisions}
