"""What the pages of customers show, read from the newest analysis of each currency."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from insights.models import CustomerScore, DemandAnalysis
from inventory.querysets.scope import StoreScope

CSV_COLUMNS = (
    "customer_id churn_probability risk_level money_at_stake clv last_purchase purchase_days revenue currency "
    "home_store_id segment"
).split()
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def newest_analyses(kind: DemandAnalysis.Kind) -> list[DemandAnalysis]:
    """One per currency, most customers or products first."""
    newest: dict[str, DemandAnalysis] = {}
    for row in DemandAnalysis.objects.of_kind(kind).newest_first():
        newest.setdefault(row.currency, row)
    return sorted(newest.values(), key=lambda row: -row.subjects)


def score_history(score: CustomerScore) -> Sequence[CustomerScore]:
    """The same customer in every kept analysis of the currency, newest first."""
    own = CustomerScore.objects.filter(customer=score.customer_id, analysis__currency=score.analysis.currency)
    return list(own.select_related("analysis").order_by("-analysis__as_of_date"))


def at_risk_csv(analysis: DemandAnalysis, *, threshold: float, scope: StoreScope) -> Iterator[str]:
    """Lines of CSV, most money at stake first; a code that a spreadsheet would take for a formula is made text."""
    rows = CustomerScore.objects.of_analysis(analysis).visible_to(scope).at_risk(threshold)
    writer = csv.writer(_Line())
    yield writer.writerow(CSV_COLUMNS)
    for row in rows.select_related("customer", "home_store").iterator(chunk_size=2_000):
        yield writer.writerow(
            [
                _text(row.customer.code),
                f"{row.churn_probability:.4f}",
                row.risk_level,
                "" if row.money_at_stake is None else f"{row.money_at_stake:.2f}",
                "" if row.clv is None else f"{row.clv:.2f}",
                row.last_purchase.isoformat(),
                row.purchase_days,
                f"{row.revenue:.2f}",
                analysis.currency,
                _text(row.home_store.code),
                row.segment,
            ]
        )


class _Line:
    """What ``csv.writer`` writes to: gives the line back instead of keeping it."""

    def write(self, line: str) -> Any:
        return line


def _text(code: str) -> str:
    return f"'{code}" if code.startswith(FORMULA_SIGNS) else code
