"""Whether one wish may be granted, and what exactly that would be. Reads nothing: the desk holds all it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError

from insights.models import Decision, DecisionReason, ReorderRecommendation
from insights.services.decisions.kinds import Kind as Recommended
from insights.services.decisions.limits import Limits
from insights.services.decisions.wishes import LONGEST_REASON, LONGEST_SNOOZE_DAYS, Wish
from invencare.lib import clock
from inventory.calc.packs import PackRule
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict

Action = Decision.Action
Kind = DecisionReason.Kind
Status = ReorderRecommendation.Status
LARGEST_PERCENT = 1_000


@dataclass(frozen=True)
class Desk:
    """What kind of rows lies on it, who decides, with which scope, limits and reasons, and the packs of every row."""

    kind: Recommended
    scope: StoreScope
    actor: User
    now: datetime
    limits: Limits
    rules: Mapping[int, PackRule]
    reasons: Mapping[tuple[str, str], DecisionReason]
    told: Mapping[int, str]
    """For rows that are closed: who decided them."""


@dataclass(frozen=True)
class Verdict:
    """A wish that is granted, as it will be written."""

    row: Any
    action: Action
    status_after: Status
    units: int | None = None
    value: Decimal = Decimal(0)
    reason: str = ""
    reason_code: DecisionReason | None = None
    until: date | None = None
    is_over_limit: bool = False
    proposed_by_id: int | None = None
    proposed_by_name: str = ""


def judge(row: Any, wish: Wish, desk: Desk) -> Verdict:
    """The verdict. Raises ``Conflict``, ``ValidationError`` by field, or ``PermissionDenied``."""
    if not row.is_open:
        raise Conflict(desk.told[row.pk])
    if wish.version is not None and wish.version != row.version:
        raise Conflict("The numbers changed since you opened this page: look at them again, then decide.")
    if len(wish.reason.strip()) > LONGEST_REASON:
        raise ValidationError({"reason": f"Give the reason in at most {LONGEST_REASON} characters."})
    if wish.action == Action.APPROVE:
        return _judge_approval(row, wish, desk)
    if wish.action == Action.REJECT:
        return _judge_rejection(row, wish, desk)
    if wish.action == Action.SNOOZE:
        return _judge_snooze(row, wish, desk)
    raise ValidationError({"action": "Approve, reject or snooze."})


def asks_for_reason(units: int, *, recommended: int) -> bool:
    """Whether the change is larger than ``DECISION_FREE_CHANGE``. With 30 %: 12 may become 9 to 15 without a reason."""
    return abs(units - recommended) > Decimal(str(settings.DECISION_FREE_CHANGE)) * recommended


def _judge_approval(row: Any, wish: Wish, desk: Desk) -> Verdict:
    rule, recommended = desk.rules[row.pk], desk.kind.recommended(row)
    units = _wanted_units(row, wish, rule, recommended)
    desk.kind.check_approval(row, units, scope=desk.scope)
    refusal = rule.refusal(units)
    if refusal:
        raise ValidationError({"quantity": refusal})
    is_proposal = row.status == Status.PROPOSED and units == row.proposed_quantity
    kind = Kind.APPROVE if units == recommended else Kind.CHANGE
    code = _reason_code(kind, wish, desk)
    needs_reason = not is_proposal and asks_for_reason(units, recommended=recommended)
    if needs_reason and not (code or wish.reason.strip()):
        raise ValidationError({"reason": f"Say why: {_change_in_words(recommended, units)}."})
    value, currency = desk.kind.value(row, units), row.store.currency
    why_over = desk.limits.why_over(value, currency)
    verdict = Verdict(
        row=row,
        action=Action.APPROVE,
        status_after=Status.APPROVED,
        units=units,
        value=value,
        reason=wish.reason.strip(),
        reason_code=code,
    )
    if is_proposal and row.proposed_by_id != desk.actor.pk:
        return _signed(verdict, why_over, desk)
    if not why_over:
        desk.limits.commit(value, currency)
        return verdict
    if is_proposal:
        raise PermissionDenied(f"You proposed this yourself and {why_over}: somebody else has to approve it.")
    return replace(verdict, action=Action.PROPOSE, status_after=Status.PROPOSED, is_over_limit=True)


def _signed(verdict: Verdict, why_over: str, desk: Desk) -> Verdict:
    """The second person's approval of what the first proposed."""
    row = verdict.row
    if not desk.limits.may_sign(verdict.value, row.store.currency):
        raise PermissionDenied(
            f"{verdict.units:,} units were proposed by {row.proposed_by_name}, and {why_over}: somebody with a higher "
            "limit has to approve it."
        )
    desk.limits.commit(verdict.value, row.store.currency)
    return replace(
        verdict, is_over_limit=True, proposed_by_id=row.proposed_by_id, proposed_by_name=row.proposed_by_name
    )


def _wanted_units(row: Any, wish: Wish, rule: PackRule, recommended: int) -> int:
    if wish.quantity is not None:
        return wish.quantity
    if wish.percent is not None and wish.percent != 100:
        if not 0 < wish.percent <= LARGEST_PERCENT:
            raise ValidationError({"percent": f"Give 1 to {LARGEST_PERCENT:,} percent, or reject."})
        return rule.nearest(-(-recommended * wish.percent // 100))[-1]
    if row.status == Status.PROPOSED and row.proposed_quantity:
        return int(row.proposed_quantity)
    return recommended


def _change_in_words(recommended: int, units: int) -> str:
    share = abs(units - recommended) / recommended if recommended else 1
    word = "more" if units > recommended else "less"
    free = Decimal(str(settings.DECISION_FREE_CHANGE))
    return (
        f"{units:,} units are {share:.0%} {word} than the recommended {recommended:,}, and over {free:.0%} asks for it"
    )


def _judge_rejection(row: Any, wish: Wish, desk: Desk) -> Verdict:
    code = _reason_code(Kind.REJECT, wish, desk)
    if not (code or wish.reason.strip()):
        raise ValidationError({"reason": "Say why it is rejected."})
    return Verdict(
        row=row,
        action=Action.REJECT,
        status_after=Status.REJECTED,
        reason=wish.reason.strip(),
        reason_code=code,
    )


def _judge_snooze(row: Any, wish: Wish, desk: Desk) -> Verdict:
    today = clock.business_date(desk.now, row.store.zone)
    if wish.until is None:
        raise ValidationError({"until": "Give the day on which it comes back."})
    if not today < wish.until <= today + timedelta(days=LONGEST_SNOOZE_DAYS):
        last = today + timedelta(days=LONGEST_SNOOZE_DAYS)
        raise ValidationError({"until": f"Give a day after today, {today}, and not after {last}."})
    return Verdict(
        row=row,
        action=Action.SNOOZE,
        status_after=Status.SNOOZED,
        reason=wish.reason.strip(),
        reason_code=_reason_code(Kind.SNOOZE, wish, desk),
        until=wish.until,
    )


def _reason_code(kind: Kind, wish: Wish, desk: Desk) -> DecisionReason | None:
    if not wish.reason_code:
        return None
    found = desk.reasons.get((kind, wish.reason_code))
    if found is None and kind == Kind.APPROVE:  # who agrees may have thought of a reason to change it, too
        found = desk.reasons.get((Kind.CHANGE, wish.reason_code))
    if found is None:
        offered = ", ".join(code for of_kind, code in desk.reasons if of_kind == kind)
        raise ValidationError(
            {
                "reason_code": f"“{wish.reason_code[:40]}” is no reason for this decision; use one of: {offered or 'none'}."
            }
        )
    return found
