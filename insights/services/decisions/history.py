"""Everything that happened to one recommendation, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from insights.models import Decision, ReorderRecommendation

Status = ReorderRecommendation.Status


@dataclass(frozen=True)
class Event:
    """One step: what it was, by whom, and what it changed from and to. ``at`` is None for the night that recommended."""

    action: str
    words: str
    at: datetime | None
    day: date
    by: str
    status_before: str
    status_after: str
    quantity_before: int | None
    quantity_after: int | None
    decision: Decision | None = None
    shown: dict[str, Any] = field(default_factory=dict)


def history(row: Any) -> Sequence[Event]:
    """The night's recommendation, every decision, and that the row expired, where it did. One query."""
    is_order = isinstance(row, ReorderRecommendation)
    recommended = row.recommended_order_quantity if is_order else row.recommended_quantity
    events = [
        Event(
            "recommend",
            "Recommended",
            None,
            row.recommendation_date,
            "the nightly run",
            "",
            "pending",
            None,
            recommended,
        )
    ]
    on_the_table = recommended
    for decision in row.decisions.select_related("reason_code").order_by("pk"):
        after = on_the_table if decision.quantity is None else decision.quantity
        events.append(
            Event(
                action=decision.action,
                words=_words(decision),
                at=decision.decided_at,
                day=decision.decided_at.astimezone(row.store.zone).date(),
                by=decision.decided_by_name,
                status_before=decision.status_before,
                status_after=decision.status_after,
                quantity_before=on_the_table,
                quantity_after=after,
                decision=decision,
                shown=decision.shown,
            )
        )
        on_the_table = after
    if row.status == Status.EXPIRED and events[-1].status_after != Status.EXPIRED:
        local = row.updated_at.astimezone(row.store.zone).date()
        last = events[-1].status_after
        events.append(
            Event("expire", "Expired", row.updated_at, local, "the nightly run", last, "expired", on_the_table, None)
        )
    return events


def _words(decision: Decision) -> str:
    if decision.action == Decision.Action.APPROVE and decision.proposed_by_name:
        return f"Approved what {decision.proposed_by_name} proposed"
    return {
        Decision.Action.APPROVE: "Approved",
        Decision.Action.PROPOSE: "Proposed, for a second person",
        Decision.Action.REJECT: "Rejected",
        Decision.Action.SNOOZE: f"Snoozed until {decision.snoozed_until}",
        Decision.Action.RETURN: "Came back",
        Decision.Action.EXPIRE: "Lapsed without a second person",
    }[Decision.Action(decision.action)]
