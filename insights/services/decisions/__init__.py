"""Approve, change, reject and snooze recommendations of orders, transfers and excess: one winner each, kept with who, when, why and what was shown.

Every decision is a conditional UPDATE on status and version whose count is checked. An approval adds its line to the
draft purchase order of the supplier and store in the same transaction; one over the limit of whoever decides becomes
a proposal, which a second person approves.
"""

from insights.services.decisions.deciding import (
    approve,
    approve_many,
    decide_many,
    pack_rule,
    reject,
    reject_many,
    snooze,
    snooze_many,
)
from insights.services.decisions.excess import EXCESS
from insights.services.decisions.history import Event, history
from insights.services.decisions.kinds import Kind
from insights.services.decisions.limits import Limits, limits_of
from insights.services.decisions.orders import ORDERS
from insights.services.decisions.snoozing import BY_ITSELF, bring_back, let_lapse
from insights.services.decisions.staleness import numbers_age_days, staleness_warning
from insights.services.decisions.transfers import TRANSFERS
from insights.services.decisions.wishes import (
    LONGEST_REASON,
    LONGEST_SNOOZE_DAYS,
    MOST_AT_ONCE,
    NO_SUPPLIER,
    Outcome,
    Result,
    Wish,
)

__all__ = [
    "BY_ITSELF",
    "EXCESS",
    "LONGEST_REASON",
    "LONGEST_SNOOZE_DAYS",
    "MOST_AT_ONCE",
    "NO_SUPPLIER",
    "ORDERS",
    "TRANSFERS",
    "Event",
    "Kind",
    "Limits",
    "Outcome",
    "Result",
    "Wish",
    "approve",
    "approve_many",
    "bring_back",
    "decide_many",
    "history",
    "let_lapse",
    "limits_of",
    "numbers_age_days",
    "pack_rule",
    "reject",
    "reject_many",
    "snooze",
    "snooze_many",
    "staleness_warning",
]
