"""How much money a person may commit alone, and what they have committed today."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Sum
from django.db.models.functions import Coalesce

from insights.models import Decision, DecisionLimit
from invencare.lib import clock
from inventory.services.locking import lock_rows

ANY_VALUE = "insights.decide_any_value"
CENT = Decimal("0.01")


@dataclass
class Limits:
    """One person's limits, in the currency of each store; None is no limit.

    ``committed_today`` is what they approved today, by currency; approvals of the same call add to it.
    ``may_sign_any`` is the right to be the second person for a proposal of any value.
    """

    most_per_decision: Decimal | None = None
    most_per_day: Decimal | None = None
    may_sign_any: bool = False
    committed_today: dict[str, Decimal] = field(default_factory=dict)

    def why_over(self, value: Decimal, currency: str) -> str:
        """Why this order is more than the person may commit alone; empty when it is not."""
        if self.most_per_decision is not None and value > self.most_per_decision:
            return f"{value:,.2f} {currency} is over your limit of {self.most_per_decision:,.2f} for one decision"
        total = self.committed_today.get(currency, Decimal(0)) + value
        if self.most_per_day is not None and total > self.most_per_day:
            return (
                f"with it you would have committed {total:,.2f} {currency} today, over your limit of "
                f"{self.most_per_day:,.2f} for one day"
            )
        return ""

    def may_sign(self, value: Decimal, currency: str) -> bool:
        """Whether the person may be the second one for a proposal of this value."""
        return self.may_sign_any or not self.why_over(value, currency)

    def commit(self, value: Decimal, currency: str) -> None:
        self.committed_today[currency] = self.committed_today.get(currency, Decimal(0)) + value


def limits_of(actor: User, *, now: datetime, lock: bool = False) -> Limits:
    """The limits of the person's roles, the most generous of several; without any, ``DECISION_VALUE_LIMIT``.

    Without a row for any of their roles, those who may decide any value have no limit. ``lock`` makes other decisions
    of the same person wait where a day's sum is kept, so that two at once cannot pass it together.
    """
    rows = list(
        DecisionLimit.objects.filter(role__user=actor).order_by().values_list("most_per_decision", "most_per_day")
    )
    may_any = actor.has_perm(ANY_VALUE)
    if not rows:
        default = None if may_any else Decimal(str(settings.DECISION_VALUE_LIMIT))
        return Limits(most_per_decision=default, may_sign_any=may_any)
    limits = Limits(
        most_per_decision=_most_generous([row[0] for row in rows]),
        most_per_day=_most_generous([row[1] for row in rows]),
        may_sign_any=may_any,
    )
    if limits.most_per_day is not None:
        if lock:
            lock_rows(User, [actor.pk])
        limits.committed_today = _committed_today(actor, now=now)
    return limits


def _most_generous(limits: list[Decimal | None]) -> Decimal | None:
    return None if None in limits else max(limit for limit in limits if limit is not None)


def _committed_today(actor: User, *, now: datetime) -> dict[str, Decimal]:
    """Since midnight of the company's time zone. SQLite adds decimals as floating point: cents take that off again."""
    zone = ZoneInfo(settings.TIME_ZONE)
    today = clock.day_start(clock.business_date(now, zone), zone)
    approved: Any = Decision.objects.filter(decided_by=actor, decided_at__gte=today, action=Decision.Action.APPROVE)
    currency = Coalesce(
        "recommendation__store__currency",
        "transfer_recommendation__from_store__currency",
        "excess_recommendation__store__currency",
    )
    sums = approved.order_by().values_list(currency).annotate(Sum("value"))
    return {currency: Decimal(value).quantize(CENT) for currency, value in sums}
