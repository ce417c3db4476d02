"""What decisions were worth, summed by person, supplier, reason or kind; money is kept apart by currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, Sum

from insights.models import DecisionValue
from inventory.models import Store
from inventory.querysets.scope import StoreScope

CENTS = Decimal("0.01")
GROUPS: dict[str, tuple[str, ...]] = {
    "person": ("decision__decided_by_name",),
    "supplier": ("supplier__code", "supplier__name"),
    "reason": ("decision__reason_code__kind", "decision__reason_code__code", "decision__reason_code__label"),
    "kind": ("kind",),
}
NO_REASON = "no reason chosen"


@dataclass(frozen=True)
class Worth:
    """The sums of one group in one currency. ``value`` is against the recommendation, ``value_of_ordering`` against
    no order; days and units avoided are against the recommendation, and negative where the decision had more."""

    group: str
    label: str
    currency: str
    decisions: int
    better: int
    worse: int
    value: Decimal
    value_of_ordering: Decimal
    lost_units: float
    stockout_days: int
    stockout_days_avoided: int
    stockout_days_avoided_by_ordering: int
    excess_units: float
    excess_units_avoided: float
    forecast_value_added_units: float
    estimated_share: float


def decision_worth(
    *, scope: StoreScope, by: str, first: date, last: date, store: Store | None = None
) -> Sequence[Worth]:
    """The groups of decisions whose covered days ended in the period, the most valuable first. One query."""
    rows = DecisionValue.objects.visible_to(scope).between(first, last)
    if store is not None:
        rows = rows.at(store)
    names = GROUPS[by]
    sums: Any = (
        rows.order_by()
        .values(*names, currency=F("store__currency"))
        .annotate(
            decisions=Count("pk"),
            better=Count("pk", filter=Q(value__gt=0)),
            worse=Count("pk", filter=Q(value__lt=0)),
            **{f"sum_{name}": Sum(name) for name in _SUMMED},
        )
    )
    found = [_worth(by, [row[name] for name in names], row) for row in sums]
    return sorted(found, key=lambda worth: (worth.currency, -worth.value, worth.label))


_SUMMED = (
    "value",
    "value_of_ordering",
    "lost_units",
    "stockout_days",
    "stockout_days_recommended",
    "stockout_days_none",
    "excess_units",
    "excess_units_recommended",
    "forecast_value_added_units",
    "demand_units",
    "estimated_units",
)


def _worth(by: str, names: list[str | None], row: dict[str, Any]) -> Worth:
    of = {name: row[f"sum_{name}"] for name in _SUMMED}
    group, label = _names(by, names)
    return Worth(
        group=group,
        label=label,
        currency=row["currency"],
        decisions=row["decisions"],
        better=row["better"],
        worse=row["worse"],
        # SQLite adds decimals as floating point: cents take that off again.
        value=Decimal(of["value"]).quantize(CENTS),
        value_of_ordering=Decimal(of["value_of_ordering"]).quantize(CENTS),
        lost_units=round(of["lost_units"], 1),
        stockout_days=of["stockout_days"],
        stockout_days_avoided=of["stockout_days_recommended"] - of["stockout_days"],
        stockout_days_avoided_by_ordering=of["stockout_days_none"] - of["stockout_days"],
        excess_units=round(of["excess_units"], 1),
        excess_units_avoided=round(of["excess_units_recommended"] - of["excess_units"], 1),
        forecast_value_added_units=round(of["forecast_value_added_units"], 1),
        estimated_share=round(of["estimated_units"] / of["demand_units"], 4) if of["demand_units"] else 0.0,
    )


def _names(by: str, names: list[str | None]) -> tuple[str, str]:
    """What machines and what people call the group."""
    if by == "person":
        return str(names[0]), str(names[0])
    if by == "kind":
        return str(names[0]), str(DecisionValue.Kind(str(names[0])).label)
    if by == "supplier":
        return (str(names[0]), str(names[1])) if names[0] else ("", "no supplier")
    kind, code, label = names
    return (f"{kind}.{code}", str(label)) if code else ("", NO_REASON)
