"""Reading what the analyses of customers and prices said: light, no training, no numeric library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Avg, Count, Sum

from insights.models import CustomerScore, CustomerSegment, DemandAnalysis, PriceElasticity
from inventory.models import Customer, DailySales, InventoryTransaction
from inventory.querysets.scope import StoreScope
from inventory.services.errors import Unknown

Kind = DemandAnalysis.Kind
JOB_OF = {Kind.CUSTOMERS: "Analyse customers", Kind.PRICES: "Measure price elasticities"}
MOST_AGE_DAYS = 35


class AnalysisUnavailable(Exception):
    """There is no analysis to answer from, or it is past its age; the message names the job to run."""

    def __init__(self, message: str, *, is_stale: bool) -> None:
        super().__init__(message)
        self.is_stale = is_stale


def current_analysis(kind: Kind, *, currency: str = "", now: datetime) -> DemandAnalysis:
    """The newest analysis; of several currencies the one with most customers or products, unless one is named.

    Raises ``AnalysisUnavailable`` where none is there, where it was made over 35 days ago, and where sales of over 35 days
    have come since.
    """
    own = DemandAnalysis.objects.of_kind(kind)
    own = own.filter(currency=currency) if currency else own
    newest: dict[str, DemandAnalysis] = {}
    for row in own.newest_first():
        newest.setdefault(row.currency, row)
    run = f"Run the job “{JOB_OF[kind]}” (manage.py train_demand_insights --only {kind.value})."
    if not newest:
        where = f" in {currency}" if currency else ""
        raise AnalysisUnavailable(f"Nothing has been learned of {kind.value}{where} yet. {run}", is_stale=False)
    found = max(newest.values(), key=lambda row: row.subjects)
    if now - found.created_at > timedelta(days=MOST_AGE_DAYS):
        raise AnalysisUnavailable(
            f"The analysis of {kind.value} was made on {found.created_at:%Y-%m-%d}, over {MOST_AGE_DAYS} days ago. {run}",
            is_stale=True,
        )
    until = found.as_of_date + timedelta(days=MOST_AGE_DAYS)
    if _goes_on(kind, currency=found.currency, until=until):
        raise AnalysisUnavailable(
            f"The analysis of {kind.value} ends on {found.as_of_date}, and sales go on for over {MOST_AGE_DAYS} days more."
            f" {run}",
            is_stale=True,
        )
    return found


def _goes_on(kind: Kind, *, currency: str, until: date) -> bool:
    """Whether there is something to learn from after ``until``: by the index of days, which has none then as a rule.

    Sales of nobody known are nothing to learn of customers from, and would keep their analysis stale for good.
    """
    rows: Any = DailySales.objects.filter(units__gt=0)
    if kind == Kind.CUSTOMERS:
        named = {"customer__isnull": False, "customer__forgotten_at__isnull": True, "total__isnull": False}
        rows = InventoryTransaction.objects.filter(movement_type=InventoryTransaction.Type.SALE, **named)
    return bool(rows.filter(business_date__gt=until, store__currency=currency).exists())


@dataclass(frozen=True)
class Segments:
    """One way of segmenting; ``quality`` is None for the rules."""

    method: str
    n_clusters: int
    reason: str
    quality: dict[str, Any] | None
    rows: list[dict[str, Any]]
    migration: dict[str, Any]


SEGMENT_COLUMNS = (
    "name customers revenue revenue_share mean_recency_days mean_purchase_days mean_revenue median_recency_days "
    "median_purchase_days median_revenue"
).split()


def read_segments(analysis: DemandAnalysis, *, n_clusters: int | None, scope: StoreScope) -> Segments:
    """The served segments, or those of ``n_clusters``. Raises ``ValidationError`` where that number was not tried.

    Whoever sees some stores alone is told of the served segments of the customers at home there.
    """
    told = analysis.results["segments"]
    served: int = told["served_n_clusters"]
    wanted = served if n_clusters is None else n_clusters
    tried = {one["n_clusters"]: one for one in told["clusterings"]}
    if wanted and wanted not in tried:
        known = f"from {min(tried)} to {max(tried)}" if tried else "none: there are too few customers"
        raise ValidationError({"n_clusters": f"This number was not tried; the analysis tried {known}."})
    if not scope.all_stores and wanted != served:
        raise ValidationError({"n_clusters": f"Of some stores alone only the served segments ({served}) are known."})
    if scope.all_stores:
        rows = list(analysis.segments.filter(n_clusters=wanted).order_by("position").values(*SEGMENT_COLUMNS))
    else:
        rows = _of_scope(analysis, scope)
    whole = sum(row["customers"] for row in rows) or 1
    for row in rows:
        row["customer_share"] = row["customers"] / whole
    return Segments(
        method=CustomerSegment.Method.K_MEANS if wanted else CustomerSegment.Method.RFM_RULES,
        n_clusters=wanted,
        reason=told["reason"] if wanted == served else "",
        quality=tried.get(wanted),
        rows=rows,
        migration=told.get("migration", {}) if scope.all_stores and wanted == served else {},
    )


def _of_scope(analysis: DemandAnalysis, scope: StoreScope) -> list[dict[str, Any]]:
    own = CustomerScore.objects.of_analysis(analysis).visible_to(scope).order_by().values("segment")
    found = own.annotate(
        customers=Count("pk"),
        total=Sum("revenue"),
        mean_recency_days=Avg("recency_days"),
        mean_purchase_days=Avg("purchase_days"),
    ).order_by("-total")
    rows = list(found)
    whole = sum(row["total"] for row in rows)
    return [
        {
            **{name: row.get(name) for name in SEGMENT_COLUMNS},
            "name": row["segment"],
            "revenue": row["total"],
            "mean_revenue": row["total"] / row["customers"],
            "revenue_share": row["total"] / whole if whole else 0.0,
        }
        for row in rows
    ]


@dataclass(frozen=True)
class ScorePage:
    """Rows of scores with their customers; ``unknown`` are codes that were asked for and have no score that may be seen."""

    total: int
    rows: list[CustomerScore]
    unknown: list[str]


def read_scores(
    analysis: DemandAnalysis,
    *,
    customer_codes: Sequence[str] | None,
    scope: StoreScope,
    limit: int,
    offset: int,
    by: str,
) -> ScorePage:
    """Scores of the customers named, in their order; or a page of all, the greatest ``by`` first.

    Raises ``Unknown`` where none of those named may be seen.
    """
    own = CustomerScore.objects.of_analysis(analysis).visible_to(scope)
    if customer_codes is None:
        rows = own.order_by(f"-{by}", "pk").select_related("customer")[offset : offset + limit]
        total = analysis.subjects if scope.all_stores else own.count()
        return ScorePage(total, list(rows), [])
    ids = dict(Customer.objects.filter(code__in=customer_codes).values_list("code", "pk"))
    found = {row.customer_id: row for row in own.filter(customer_id__in=ids.values()).select_related("customer")}
    known = [code for code in dict.fromkeys(customer_codes) if ids.get(code) in found]
    unknown = [code for code in dict.fromkeys(customer_codes) if code not in known]
    if not known:
        raise Unknown({"customer_ids": ["None of these customers has a score that you may see."]})
    return ScorePage(len(known), [found[ids[code]] for code in known], unknown)


def read_at_risk(
    analysis: DemandAnalysis, *, threshold: float, limit: int, scope: StoreScope
) -> tuple[int, list[CustomerScore]]:
    """How many are at or over the threshold, and the first ``limit`` of them, most money at stake first."""
    own = CustomerScore.objects.of_analysis(analysis).visible_to(scope).at_risk(threshold)
    return own.count(), list(own.select_related("customer", "home_store")[:limit])


def read_elasticities(
    analysis: DemandAnalysis, *, product: Any = None, category: str | None = None
) -> list[PriceElasticity]:
    """One product's; or a category's own row and then its products'; or every category's.

    Raises ``Unknown`` where the product or category was never sold in the analysis' days.
    """
    own = analysis.elasticities.select_related("product")
    if product is not None:
        rows = list(own.filter(product=product))
    elif category is not None:
        rows = sorted(own.filter(category=category), key=lambda row: (row.product_id is not None, str(row.product)))
    else:
        return list(own.filter(product__isnull=True).order_by("category"))
    if not rows:
        field = "product_id" if product is not None else "category"
        raise Unknown({field: ["Nothing of this was sold in the days that were analysed."]})
    return rows
