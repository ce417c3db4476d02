"""Price elasticities of every product: learned by a task, category by category, kept as rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Max, Min

from forecasting.services.runs import current_version
from insights.calc.pricing.elasticity import (
    TOO_FEW_PRICES,
    TOO_LITTLE_VARIATION,
    Elasticities,
    ElasticityConfig,
    estimate,
)
from insights.calc.pricing.panel import PricePanel, make_panel
from insights.frames.prices import load_daily_prices
from insights.models import DemandAnalysis, PriceElasticity
from inventory.models import DailySales, Product
from inventory.services.business_days import last_complete_day

HISTORY_DAYS = 1096
KEPT_ANALYSES = 5
PRODUCTS_AT_ONCE = 400
ROWS_AT_ONCE = 1_000
Verdict = PriceElasticity.Verdict


@dataclass(frozen=True)
class PriceOutcome:
    """What became of one currency: products measured, and refused."""

    currency: str
    as_of_date: date
    measured: int
    refused: int


def train_prices(*, now: datetime, until: date | None = None) -> list[PriceOutcome]:
    """Measure the elasticities of each currency as of the end of ``until`` (the last complete day). Replaces the day's rows."""
    last = min(until, last_complete_day(now=now)) if until else last_complete_day(now=now)
    found = DailySales.objects.filter(units__gt=0, business_date__lte=last).order_by().values("store__currency")
    bounds = found.annotate(first=Min("business_date"), last=Max("business_date"))
    return [
        _train_currency(row["store__currency"], row["first"], row["last"], now)
        for row in sorted(bounds, key=lambda row: str(row["store__currency"]))
    ]


def _train_currency(currency: str, first: date, last: date, now: datetime) -> PriceOutcome:
    first = max(first, last - timedelta(days=HISTORY_DAYS - 1))
    rows: list[PriceElasticity] = []
    parts: list[dict[str, Any]] = []
    for category_of in _batches(currency, first, last):
        frame = load_daily_prices(currency=currency, category_of=category_of, first=first, last=last)
        panel = make_panel(frame.days)
        found = estimate(panel, items=len(frame.product_ids))
        rows += _product_rows(frame.product_ids, category_of, panel, found)
        rows += _category_rows(frame.categories, panel, found, len(frame.product_ids))
        parts.append(
            {
                "products": len(frame.product_ids),
                "spells": len(panel.item),
                "time_effects": found.slopes.time_effects,
                "promotion_lift": round(found.slopes.promotion_lift, 4),
            }
        )
    results = {"config": asdict(ElasticityConfig()), "batches": parts}
    _write(currency, first, last, rows, results, now)
    products = [row for row in rows if row.product_id]
    refused = sum(bool(row.reason) for row in products)
    return PriceOutcome(currency, last, len(products) - refused, refused)


def _batches(currency: str, first: date, last: date) -> Iterator[dict[int, str]]:
    """Products with their category, whole categories together, some hundreds at once: a bounded panel in memory."""
    sold = DailySales.objects.filter(store__currency=currency).between(first, last).order_by()
    ids = sold.values_list("product_id", flat=True).distinct()
    batch: dict[int, str] = {}
    category_before = None
    for product_id, category in (
        Product.objects.filter(pk__in=ids).order_by("category", "pk").values_list("pk", "category")
    ):
        if len(batch) >= PRODUCTS_AT_ONCE and category != category_before:
            yield batch
            batch = {}
        batch[product_id] = category
        category_before = category
    if batch:
        yield batch


def _product_rows(
    product_ids: tuple[int, ...], category_of: dict[int, str], panel: PricePanel, found: Elasticities
) -> list[PriceElasticity]:
    count = len(product_ids)
    lowest, highest, mean = _prices(panel, count)
    units = np.bincount(panel.item, weights=panel.units, minlength=count)
    per_day = _units_per_day(panel, count)
    rows = []
    for place, product_id in enumerate(product_ids):
        refusal = found.refusal[place]
        row = PriceElasticity(
            product_id=product_id,
            category=category_of[product_id],
            verdict=_verdict(float(found.elasticity[place]), refusal),
            reason=refusal,
            own_elasticity=_finite(found.slopes.slope[place]) if found.slopes.rows[place] else None,
            own_standard_error=_finite(found.slopes.error[place]),
            r2=_finite(found.slopes.r2[place]),
            observations=int(found.slopes.rows[place]),
            distinct_prices=int(found.slopes.distinct_prices[place]),
            price_variation=float(found.slopes.variation[place]),
        )
        if units[place]:
            row.lowest_price, row.highest_price = float(lowest[place]), float(highest[place])
            row.mean_price, row.units_per_day = float(mean[place]), float(per_day[place])
        if not refusal:
            row.elasticity, row.standard_error = _finite(found.elasticity[place]), _finite(found.error[place])
            row.lower, row.upper = _finite(found.lower[place]), _finite(found.upper[place])
        rows.append(row)
    return rows


def _category_rows(names: tuple[str, ...], panel: PricePanel, found: Elasticities, items: int) -> list[PriceElasticity]:
    """The mean elasticity of a category's products; refused where none of them could be measured."""
    rows = []
    measured = np.array([not why for why in found.refusal])
    for code, name in enumerate(names):
        members = panel.category[:items] == code
        mean, error = float(found.category_mean[code]), float(found.category_error[code])
        row = PriceElasticity(
            category=name,
            products=int((members & measured).sum()),
            observations=int(found.slopes.rows[members].sum()),
            verdict=Verdict.REFUSED,
            reason="none of its products could be measured",
        )
        if np.isfinite(mean) and row.products:
            row.verdict, row.reason = _verdict(mean, ""), ""
            row.elasticity, row.standard_error = mean, error
            row.lower, row.upper = mean - 1.96 * error, mean + 1.96 * error
        rows.append(row)
    return rows


def _verdict(elasticity: float, refusal: str) -> str:
    if refusal:
        return Verdict.NOT_ENOUGH if refusal in (TOO_FEW_PRICES, TOO_LITTLE_VARIATION) else Verdict.REFUSED
    return Verdict.ELASTIC if elasticity < -1 else Verdict.INELASTIC


def _prices(panel: PricePanel, count: int) -> tuple[Any, Any, Any]:
    lowest, highest = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(lowest, panel.item, panel.price)
    np.maximum.at(highest, panel.item, panel.price)
    units = np.bincount(panel.item, weights=panel.units, minlength=count)
    money = np.bincount(panel.item, weights=panel.units * panel.price, minlength=count)
    return lowest, highest, money / np.maximum(units, 1e-9)


def _units_per_day(panel: PricePanel, count: int) -> Any:
    """Units sold over the days from each product's first spell to its last."""
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, panel.item, panel.week)
    np.maximum.at(last, panel.item, panel.week)
    units = np.bincount(panel.item, weights=panel.units, minlength=count)
    days = np.where(np.isfinite(first), (last - np.where(np.isfinite(first), first, 0) + 1) * 7, 1)
    return units / days


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None


def _write(
    currency: str, first: date, last: date, rows: list[PriceElasticity], results: dict[str, Any], now: datetime
) -> None:
    kind = DemandAnalysis.Kind.PRICES
    own = DemandAnalysis.objects.of_kind(kind).filter(currency=currency)
    with transaction.atomic():
        own.filter(as_of_date=last).delete()
        analysis = DemandAnalysis.objects.create(
            kind=kind,
            currency=currency,
            as_of_date=last,
            first_date=first,
            subjects=sum(row.product_id is not None for row in rows),
            results=results,
            code_version=current_version(),
            created_at=now,
        )
        for row in rows:
            row.analysis = analysis
        PriceElasticity.objects.bulk_create(rows, batch_size=ROWS_AT_ONCE)
        old = own.newest_first().values_list("pk", flat=True)[KEPT_ANALYSES:]
        own.filter(pk__in=list(old)).delete()
