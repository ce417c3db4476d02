"""Whether the models that each night should train are there, fresh and fit to serve. Light: pages and probes ask."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings

from forecasting.models import TrainedModel
from inventory.services.business_days import last_complete_day

# A model answers from origins that it had not seen, whatever its age; after a week its company has moved on.
MOST_AGE_DAYS = 7


def model_problems(*, now: datetime) -> dict[str, str]:
    """By name of ``NIGHTLY_MODELS`` what is wrong with the model, for people; empty where all is well. One query each, and one
    for the last complete day."""
    last_day = last_complete_day(now=now)
    problems = {}
    for name in settings.NIGHTLY_MODELS:
        rows = TrainedModel.objects.named(TrainedModel.Kind.DEMAND, name).order_by("-trained_until", "-version")
        found = list(rows.values_list("version", "trained_until", "is_promoted", "promotion_reason"))
        problem = _problem(found, last_day - timedelta(days=MOST_AGE_DAYS))
        if problem:
            problems[name] = problem
    return problems


def _problem(found: list[tuple[int, date, bool, str]], oldest: date) -> str:
    """``found`` newest first: version, last day, promoted or not, and why."""
    if not found:
        return "Missing: none has been trained here yet. The nightly analysis trains it; its run says why it did not."
    version, until, is_promoted, reason = found[0]
    if not is_promoted:
        return f"Version {version} of {until} was not promoted: {reason}"
    if until < oldest:
        return f"Stale: last trained until {until}, which is over {MOST_AGE_DAYS} days ago. It serves nobody any more."
    return ""
