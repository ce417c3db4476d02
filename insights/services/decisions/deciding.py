"""The services: one decision that raises what is wrong, or many that name what was left alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, ValidationError

from insights.models import Decision, DecisionReason
from insights.services.decisions.judging import Desk, Verdict, judge
from insights.services.decisions.kinds import Kind
from insights.services.decisions.limits import Limits, limits_of
from insights.services.decisions.orders import ORDERS
from insights.services.decisions.rows import lock_recommendations, who_decided
from insights.services.decisions.wishes import MOST_AT_ONCE, Action, Outcome, Refusal, Result, Wish
from insights.services.decisions.writing import write
from inventory.calc.packs import PackRule
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Conflict, Unknown
from inventory.services.locking import in_one_transaction

REFUSALS = (ValidationError, PermissionDenied, Conflict)
NOT_HERE = "It does not exist, or its store is not one of yours."


@in_one_transaction
def decide_many(
    *, wishes: Sequence[Wish], actor: User, now: datetime, scope: StoreScope, kind: Kind = ORDERS
) -> list[Result]:
    """Do what can be done, in a number of queries that does not grow with the wishes; one result a wish, in their order.

    Raises ``ValidationError`` (field ``recommendation_ids``) for none, too many, or a recommendation named twice.
    """
    ids = [wish.recommendation_id for wish in wishes]
    _check_ids(ids)
    is_buying = any(wish.action == Action.APPROVE for wish in wishes)
    limits = limits_of(actor, now=now, lock=True) if is_buying else Limits()
    rows = lock_recommendations(kind, ids)
    verdicts: dict[int, Verdict] = {}
    refusals: dict[int, Refusal] = {}
    desk = _desk(
        list(rows.values()),
        wishes,
        kind=kind,
        scope=scope,
        actor=actor,
        now=now,
        limits=limits,
        rules=kind.rules(list(rows.values())) if is_buying else {},
    )
    for wish in wishes:
        pk = wish.recommendation_id
        row = rows.get(pk)
        if row is None or not scope.allows(row.store_id):
            refusals[pk] = Unknown({"id": [NOT_HERE]})
            continue
        try:
            verdicts[pk] = judge(row, wish, desk)
        except REFUSALS as refusal:
            refusals[pk] = refusal
    written = write(kind, list(verdicts.values()), actor=actor, now=now, scope=scope) if verdicts else {}
    return [Result(pk, decision=written.get(pk), refusal=refusals.get(pk)) for pk in ids]


def approve(
    *,
    recommendation_id: int,
    actor: User,
    now: datetime,
    quantity: int | None = None,
    reason: str = "",
    reason_code: str = "",
    version: int | None = None,
    scope: StoreScope,
    kind: Kind = ORDERS,
) -> Decision:
    """Approve one recommendation, with the recommended or another quantity, and set going what it says: an order goes on
    the draft order, a transfer on the draft transfer, an excess stops orders or moves.

    Over the person's limit it becomes a proposal (action ``propose``) that a second person has to approve. Raises
    ``Conflict`` naming who decided first, ``ValidationError`` for a quantity that the supplier does not deliver (it
    names those next to it), a large change without a reason or a missing supplier, ``PermissionDenied`` for another's
    store or one's own proposal.
    """
    wish = Wish(recommendation_id, Action.APPROVE, quantity, None, reason, reason_code, None, version)
    return _decide(wish, actor=actor, now=now, scope=scope, kind=kind)


def reject(
    *,
    recommendation_id: int,
    actor: User,
    now: datetime,
    reason: str = "",
    reason_code: str = "",
    version: int | None = None,
    scope: StoreScope,
    kind: Kind = ORDERS,
) -> Decision:
    """Reject one recommendation and say why. Raises as ``approve`` does, and ``ValidationError`` without a reason."""
    wish = Wish(recommendation_id, Action.REJECT, reason=reason, reason_code=reason_code, version=version)
    return _decide(wish, actor=actor, now=now, scope=scope, kind=kind)


def snooze(
    *,
    recommendation_id: int,
    until: date | None,
    actor: User,
    now: datetime,
    reason: str = "",
    reason_code: str = "",
    version: int | None = None,
    scope: StoreScope,
    kind: Kind = ORDERS,
) -> Decision:
    """Put one recommendation off until a day, on which it comes back by itself. Raises as ``approve`` does."""
    wish = Wish(recommendation_id, Action.SNOOZE, reason=reason, reason_code=reason_code, until=until, version=version)
    return _decide(wish, actor=actor, now=now, scope=scope, kind=kind)


def approve_many(
    *,
    recommendation_ids: Sequence[int],
    actor: User,
    now: datetime,
    scope: StoreScope,
    reason: str = "",
    reason_code: str = "",
    percent: int | None = None,
    kind: Kind = ORDERS,
) -> Outcome:
    """Approve many as recommended, or ``percent`` of that in whole packs; skip what cannot be."""
    wishes = _for_all(recommendation_ids, Action.APPROVE, reason, reason_code, percent=percent)
    return Outcome.of(decide_many(wishes=wishes, actor=actor, now=now, scope=scope, kind=kind))


def reject_many(
    *,
    recommendation_ids: Sequence[int],
    actor: User,
    now: datetime,
    scope: StoreScope,
    reason: str = "",
    reason_code: str = "",
    kind: Kind = ORDERS,
) -> Outcome:
    """Reject many for one reason; skip what somebody else has decided."""
    if not (reason.strip() or reason_code):
        raise ValidationError({"reason": "Say why it is rejected."})
    wishes = _for_all(recommendation_ids, Action.REJECT, reason, reason_code)
    return Outcome.of(decide_many(wishes=wishes, actor=actor, now=now, scope=scope, kind=kind))


def snooze_many(
    *,
    recommendation_ids: Sequence[int],
    until: date | None,
    actor: User,
    now: datetime,
    scope: StoreScope,
    reason: str = "",
    reason_code: str = "",
    kind: Kind = ORDERS,
) -> Outcome:
    """Put many off until one day; skip what somebody else has decided."""
    wishes = _for_all(recommendation_ids, Action.SNOOZE, reason, reason_code, until=until)
    return Outcome.of(decide_many(wishes=wishes, actor=actor, now=now, scope=scope, kind=kind))


def pack_rule(row: Any, *, kind: Kind = ORDERS) -> PackRule:
    """The packs in which this recommendation's quantity can be decided, for the form that edits it."""
    return kind.rules([row])[row.pk]


def _decide(wish: Wish, *, actor: User, now: datetime, scope: StoreScope, kind: Kind) -> Decision:
    [result] = decide_many(wishes=[wish], actor=actor, now=now, scope=scope, kind=kind)
    if isinstance(result.refusal, Unknown):
        raise PermissionDenied("This recommendation belongs to a store that is not one of yours.")
    if result.decision is None:
        raise result.refusal or AssertionError("a wish is granted or refused")
    return result.decision


def _for_all(ids: Sequence[int], action: Action, reason: str, reason_code: str, **more: Any) -> list[Wish]:
    """The same wish for all of them, each once."""
    return [Wish(pk, action, reason=reason, reason_code=reason_code, **more) for pk in sorted(set(ids))]


def _check_ids(ids: Sequence[int]) -> None:
    if not ids:
        raise ValidationError({"recommendation_ids": "Choose at least one recommendation."})
    if len(ids) > MOST_AT_ONCE:
        raise ValidationError({"recommendation_ids": f"Decide at most {MOST_AT_ONCE:,} at once, not {len(ids):,}."})
    if len(set(ids)) < len(ids):
        twice = sorted({pk for pk in ids if ids.count(pk) > 1})[:5]
        raise ValidationError({"recommendation_ids": f"Named twice: {', '.join(map(str, twice))}."})


def _desk(rows: list[Any], wishes: Sequence[Wish], *, kind: Kind, **more: Any) -> Desk:
    reasons: dict[tuple[str, str], DecisionReason] = {}
    if any(wish.reason_code for wish in wishes):
        offered = DecisionReason.objects.filter(is_active=True)
        reasons = {(reason.kind, reason.code): reason for reason in offered}
    closed = [row for row in rows if not row.is_open]
    return Desk(kind=kind, reasons=reasons, told=who_decided(kind, closed) if closed else {}, **more)
