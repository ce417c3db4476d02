"""What somebody wants done with recommendations, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError

from insights.models import Decision
from inventory.services.errors import Conflict, Unknown

MOST_AT_ONCE = 5_000
LONGEST_REASON = 500
LONGEST_SNOOZE_DAYS = 90
LARGEST_KEY = 2**63 - 1
"""A key over this is no row's, and more than a database can compare."""
NO_SUPPLIER = "It has no supplier; give the product one, and the next nightly run can propose an order."

Action = Decision.Action
Refusal = ValidationError | PermissionDenied | Conflict | Unknown


@dataclass(frozen=True)
class Wish:
    """One recommendation and what to do with it: approve, reject or snooze.

    ``quantity`` is the order in units; left out, ``percent`` of the recommended one in whole packs, or as recommended
    (as proposed, where a proposal waits). ``reason_code`` names a row of ``DecisionReason``, ``reason`` is free text.
    ``until`` is the day on which a snoozed one comes back. ``version`` is the one that was looked at.
    """

    recommendation_id: int
    action: str
    quantity: int | None = None
    percent: int | None = None
    reason: str = ""
    reason_code: str = ""
    until: date | None = None
    version: int | None = None


@dataclass(frozen=True)
class Result:
    """What became of one wish: the decision, or why there is none."""

    recommendation_id: int
    decision: Decision | None = None
    refusal: Refusal | None = None

    @property
    def outcome(self) -> str:
        """approved, proposed, rejected, snoozed or refused."""
        return self.decision.status_after if self.decision else "refused"

    @property
    def why(self) -> str:
        """Why it was refused, in one line; empty when it was done."""
        if isinstance(self.refusal, ValidationError):
            return " ".join(self.refusal.messages)
        return str(self.refusal or "")


@dataclass(frozen=True)
class Outcome:
    """What a bulk decision did, by recommendation id: done, waiting for a second person, left alone with the reason."""

    done: list[int] = field(default_factory=list)
    proposed: list[int] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, results: Sequence[Result]) -> Outcome:
        outcome = cls()
        for result in sorted(results, key=lambda result: result.recommendation_id):
            if result.decision is None:
                outcome.skipped.append((result.recommendation_id, result.why))
            elif result.decision.action == Action.PROPOSE:
                outcome.proposed.append(result.recommendation_id)
            else:
                outcome.done.append(result.recommendation_id)
        return outcome
