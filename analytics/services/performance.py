"""Performance of many products of one store (PA-1 to PA-3), written in one step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from analytics.calc.abc import NOT_RANKED, Standing, rank
from analytics.calc.performance import Performance, PeriodFacts, measure, period_type
from analytics.calc.stock_days import closing_stock, days_on_shelf
from analytics.frames.period import LevelNow, PeriodFrame, SalesOfPeriod, load_period
from analytics.models import ProductPerformance
from analytics.services.classes import AbcClasses, keep_abc
from analytics.services.products import require_known_products
from invencare.lib.upsert import upsert
from inventory.models import Store

SECONDS_OF_A_DAY = 86_400
LONGEST_PERIOD_DAYS = 731
MONEY = Decimal("0.0001")


@transaction.atomic
def analyse_performance(
    *,
    store: Store,
    product_ids: Sequence[int],
    analysis_date: date,
    period_days: int = 30,
    now: datetime,
    keeps_classes: bool = False,
) -> list[ProductPerformance]:
    """Measure the ``period_days`` that end with ``analysis_date`` and write one row per product.

    A second call for the same day and period type updates the rows. The number of queries does not grow with the
    products. ``keeps_classes`` makes the ABC classes of this period the products' own: the night's, not those of a
    period that somebody asks about. Raises ``ValidationError`` for a period that is not 1 to 731 days and for unknown products.
    """
    if not 1 <= period_days <= LONGEST_PERIOD_DAYS:
        raise ValidationError({"period_days": f"The period is 1 to {LONGEST_PERIOD_DAYS} days."})
    ids = sorted(set(product_ids))
    if not ids:
        return []
    first_day = analysis_date - timedelta(days=period_days - 1)
    frame = load_period(store_id=store.pk, product_ids=ids, first_day=first_day, last_day=analysis_date)
    require_known_products(ids, frame.sold_before)
    standings = rank({product_id: float(sales.revenue) for product_id, sales in frame.sales.items()})
    by_margin = rank({product_id: float(margin) for product_id, margin in frame.margins().items()})
    rows = []
    for product_id in ids:
        facts = _facts(frame, product_id, standings.get(product_id, NOT_RANKED), first_day, analysis_date)
        row = _row(facts, measure(facts))
        row.product_id, row.store_id = product_id, store.pk
        row.analysis_date, row.updated_at = analysis_date, now
        row.period_type, row.period_days = period_type(period_days), period_days
        row.margin_class = by_margin.get(product_id, NOT_RANKED).abc_class
        row.last_sale_on = frame.last_sales[product_id]
        rows.append(row)
    upsert(rows, key=("product", "store", "analysis_date", "period_type"))
    if keeps_classes:
        classes = {row.product_id: AbcClasses(row.abc_class, row.margin_class) for row in rows}
        keep_abc(classes, store_id=store.pk, last_day=analysis_date)
    return rows


def _facts(frame: PeriodFrame, product_id: int, standing: Standing, first_day: date, last_day: date) -> PeriodFacts:
    sales = frame.sales.get(product_id, SalesOfPeriod())
    level = frame.levels.get(product_id, LevelNow())
    return PeriodFacts(
        days_on_shelf=days_on_shelf(
            first_day=first_day,
            last_day=last_day,
            was_there_before=frame.sold_before[product_id],
            first_sale=sales.first_sale,
            tracked_from=level.tracked_from,
        ),
        sold_units=sales.sold_units,
        returned_units=sales.returned_units,
        revenue=sales.revenue,
        transactions=sales.transactions,
        stock_out_days=sales.out_of_stock_seconds / SECONDS_OF_A_DAY,
        closing_stock=closing_stock(
            on_hand_units=level.on_hand_units,
            changes=frame.stock_changes.get(product_id, {}),
            tracked_from=level.tracked_from,
            first_day=first_day,
            last_day=last_day,
        ),
        on_hand_units=level.on_hand_units,
        minimum_units=level.minimum_units,
        maximum_units=level.maximum_units,
        standing=standing,
        unit_cost=frame.unit_costs[product_id],
        days_since_sale=_days_since(frame.last_sales[product_id], last_day),
        days_tracked=_days_since(level.tracked_from, last_day),
    )


def _days_since(day: date | None, last_day: date) -> int | None:
    return None if day is None else max((last_day - day).days, 0)


def _row(facts: PeriodFacts, performance: Performance) -> ProductPerformance:
    return ProductPerformance(
        total_sales_volume=performance.net_units,
        total_sales_revenue=facts.revenue,
        average_sale_price=_money(performance.average_price),
        sales_velocity=performance.velocity,
        inventory_turnover=performance.turnover,
        days_inventory_outstanding=performance.days_of_stock,
        average_stock_units=performance.average_stock_units,
        stock_out_days=facts.stock_out_days,
        sell_through=performance.sell_through,
        gross_margin=_money(performance.gross_margin),
        gross_margin_return=performance.gross_margin_return,
        lost_units=performance.lost_units,
        lost_revenue=_money(performance.lost_revenue),
        stock_value=_money(performance.stock_value),
        movement=performance.movement,
        current_stock=facts.on_hand_units,
        minimum_stock=facts.minimum_units,
        maximum_stock=facts.maximum_units,
        stock_status=performance.stock_status,
        stock_risk=performance.stock_risk,
        abc_class=facts.standing.abc_class,
        revenue_share=facts.standing.share if facts.standing.abc_class else None,
        performance_score=performance.score,
        score_parts=performance.score_parts,
        transaction_count=facts.transactions,
    )


def _money(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(MONEY)
