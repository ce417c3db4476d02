"""The company's choices as the policy takes them: the goal, and the matrix of fill rates. Free of NumPy."""

from __future__ import annotations

from django.conf import settings

from insights.calc.replenishment.config import PolicyConfig
from insights.calc.replenishment.service_classes import FILL_RATES
from insights.models import ServiceTarget


def company_policy(*, goal: str = "") -> PolicyConfig:
    """``goal`` for this call, else ``POLICY_GOAL``. One query; a class without a row has the default.

    Raises ``ValueError`` for a goal that is not known.
    """
    rates = {row.name: row.fill_rate for row in ServiceTarget.objects.all()}
    return PolicyConfig(goal=goal or settings.POLICY_GOAL, fill_rates={**FILL_RATES, **rates})
