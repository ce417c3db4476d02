"""What the page of one transfer or one excess shows: its facts, the steps of the arithmetic, and its history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from insights.models import Decision
from insights.services.decisions import BY_ITSELF, Kind, Limits, history, numbers_age_days, staleness_warning

EARLIER_DECISIONS = 5


def proposal_context(
    row: Any, kind: Kind, *, limits: Limits, reader: Any, now: datetime, next_row: Any, same: dict[str, Any]
) -> dict[str, Any]:
    """What both pages have in common; ``same`` is the look-up of earlier rows about the same product and place."""
    units = row.proposed_quantity if row.status == row.Status.PROPOSED else kind.recommended(row)
    why_over = limits.why_over(kind.value(row, units or 0), row.store.currency) if row.is_open else ""
    return {
        "row": row,
        "events": list(reversed(history(row))),
        "earlier": _earlier(row, kind, same),
        "stale": staleness_warning(numbers_age_days(row, now=now)) if row.is_open else "",
        "why_over": why_over,
        "is_own_proposal": row.status == row.Status.PROPOSED and row.proposed_by_id == reader.pk,
        "next_row": next_row,
        "list_page": f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist",
        "row_page": f"admin:{row._meta.app_label}_{row._meta.model_name}_change",
    }


def card(title: str, value: str, note: str = "", *, is_bad: bool = False) -> dict[str, Any]:
    """One fact."""
    return {"title": title, "value": value, "note": note, "is_bad": is_bad}


def _earlier(row: Any, kind: Kind, same: dict[str, Any]) -> list[tuple[Decision, Any]]:
    """The last decisions on other days' rows about the same."""
    about = {f"{kind.link}__{name}": value for name, value in same.items()}
    others = Decision.objects.filter(**about).exclude(**{kind.link: row}).exclude(decided_by_name=BY_ITSELF)
    found = others.select_related(kind.link, "reason_code").defer("shown", f"{kind.link}__dossier")[:EARLIER_DECISIONS]
    return [(decision, decision.row) for decision in found]
