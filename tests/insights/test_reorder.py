from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError

from analytics.services.performance import analyse_performance
from forecasting.services.generate import forecast_series
from insights.models import ReorderRecommendation
from insights.services.decisions import approve, reject
from insights.services.dossier import explain, recompute
from insights.services.reorder import Recommended, recommend
from inventory.models import (
    Product,
    PurchaseOrder,
    PurchaseOrderLine,
    StockLevel,
    StockTransfer,
    StockTransferLine,
    SupplierItem,
)
from inventory.querysets.scope import EVERY_STORE
from inventory.services.errors import Conflict
from inventory.services.ledger import History
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily, set_bounds

YESTERDAY = TODAY - timedelta(days=1)
TOMORROW = TODAY + timedelta(days=1)
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def punctual(cast: Cast) -> None:
    """Deliveries take 5 days exactly, so that orders can be worked out by hand."""
    SupplierItem.objects.update(lead_time_sd_days=0)


def analyse(cast: Cast, *products: Product, day: Any = TODAY, now: Any = NOW) -> Recommended:
    """Forecast and class of the day, then its recommendations."""
    ids = [product.pk for product in products or cast.products]
    analyse_performance(store=cast.north, product_ids=ids, analysis_date=day - timedelta(days=1), now=now)
    forecast_series(store=cast.north, product_ids=ids, forecast_date=day, now=now)
    return recommend(store=cast.north, product_ids=ids, recommendation_date=day, now=now)


def steady_history(cast: Cast, product: Product, *, left: int = 20, per_day: int = 4, days: int = 60) -> None:
    """``per_day`` units sold every day up to yesterday, and ``left`` units in stock after it."""
    sell_daily(cast.north, product, [per_day] * days, last_day=YESTERDAY, opening=per_day * days + left)


def row_of(product: Product, **lookups: Any) -> ReorderRecommendation:
    return ReorderRecommendation.objects.get(product=product, **lookups)


def test_an_order_by_hand(cast: Cast) -> None:
    """4 a day without any spread: 20 on hand last the 5 days until an order comes in, and 28 sell in the 7 after that."""
    steady_history(cast, cast.steady)
    set_bounds(cast.north, cast.steady, minimum=10, maximum=100)

    assert analyse(cast).written == [cast.steady.pk]

    row = row_of(cast.steady)
    steps, result = row.dossier["steps"], row.dossier["result"]
    assert (result["projected_level"], result["demand_cover"], result["demand_protection"]) == (0, 28, 48)
    assert (steps["raw"], steps["pack"], result["binding"]) == (28, 30, "pack size")
    assert row.recommended_order_quantity == 30  # 5 packs of 6
    assert (row.current_stock, row.on_order_units, row.minimum_stock, row.maximum_stock) == (20, 0, 10, 100)
    assert (row.supplier, row.unit_cost, row.abc_class, row.xyz_class) == (cast.supplier, Decimal(3), "A", "X")
    assert row.projected_demand_14_days == 56
    assert (row.money_at_risk, row.stockout_probability) == (56, 1)  # 28 units of 2.00 margin
    assert (row.status, row.version, row.notes, row.updated_at) == ("pending", 1, "", NOW)
    # 20 are just enough for 5 days, so that an order of today is in time, one of tomorrow is not.
    assert (row.urgency_level, row.urgency_rank, row.replenish_by) == ("medium", 2, TODAY)
    assert (row.forecast_date, row.dossier["confidence"]) == (TODAY, "normal")


def test_the_dossier_alone_gives_the_quantity_and_the_reasons(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    analyse(cast)
    row = row_of(cast.steady)
    assert recompute(row.dossier) == row.recommended_order_quantity == 30
    assert explain(row.dossier) == [
        "On hand are 20 units; 0 units are on order and 0 units in transit: the inventory position is 20 units.",
        (
            "An order comes in after 5 days (as stated); the next one can be placed 7 days after it, "
            "so that this one has to last until then."
        ),
        (
            "Expected demand is 4.00 units a day, 48.0 until the next order comes in, in 9 of 10 cases at most 48 units in "
            "12 days (seasonal naive, accuracy 100 of 100 in backtest)."
        ),
        ("When this order comes in, 0.0 units are expected to be left, and 28.0 to be asked for until the next one."),
        (
            "A unit that is missing costs 2.00, one left over 0.012 until the next order comes in; products of class AX are to "
            "be served 99.00% of what is asked for. The order lies half way between what costs least on average and what "
            "serves the class as it should be."
        ),
        "So the stock when it comes in is brought to 28.0 units, enough in 99.7% of cases.",
        "Needed are 28 units; 30 units in whole packs of 6. What decided the quantity: pack size.",
        "The stock on hand lasts 5 days.",
        (
            "Stock runs out before an order can come in with 0% probability; until the next one comes in with 100% without "
            "this order and 0% with it."
        ),
        ("Expected lost margin is 56.00 without the order and 0.00 with it, at 0.02 of holding and 0.00 of waste."),
        "Replenish by 2026-03-16: ordered later, stock lasts with less than 90% probability.",
        "Confidence is normal: 60 days of history; 0 days of the last 30 without stock, whose demand nobody saw.",
    ]


def test_a_changed_input_changes_what_is_recomputed(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    analyse(cast)
    dossier = row_of(cast.steady).dossier
    dossier["inputs"]["arrivals"] = [[1.0, 12]]
    assert recompute(dossier) == 18  # 28 less 12, 3 packs


def test_a_dossier_of_another_version_is_refused_by_name_and_explains_nothing(cast: Cast) -> None:
    with pytest.raises(ValueError) as refused:
        recompute({"version": 99})
    assert str(refused.value) == "the dossier's version is 99; only 1 and 2 can be recomputed"
    assert explain({}) == []


@pytest.mark.parametrize("status", ["draft", "approved", "sent", "partly_received"])
def test_what_open_orders_still_bring_is_in_the_position(cast: Cast, status: str) -> None:
    steady_history(cast, cast.steady)
    order = PurchaseOrder.objects.create(number="PO-1", supplier=cast.supplier, store=cast.north, status=status)
    PurchaseOrderLine.objects.create(
        purchase_order=order, product=cast.steady, ordered_units=24, received_units=4, unit_cost=3
    )
    analyse(cast)
    row = row_of(cast.steady)
    assert (row.on_order_units, row.dossier["result"]["position"]) == (20, 40)
    # Without a day it comes in with this order: 28 needed less 20, and less what is left of 20 on hand.
    assert row.recommended_order_quantity == 12


@pytest.mark.parametrize("status", ["received", "cancelled"])
def test_closed_orders_bring_nothing(cast: Cast, status: str) -> None:
    steady_history(cast, cast.steady)
    order = PurchaseOrder.objects.create(number="PO-1", supplier=cast.supplier, store=cast.north, status=status)
    PurchaseOrderLine.objects.create(purchase_order=order, product=cast.steady, ordered_units=24, unit_cost=3)
    analyse(cast)
    assert row_of(cast.steady).on_order_units == 0


def test_an_order_of_another_store_brings_nothing_here(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    order = PurchaseOrder.objects.create(number="PO-1", supplier=cast.supplier, store=cast.south)
    PurchaseOrderLine.objects.create(purchase_order=order, product=cast.steady, ordered_units=24, unit_cost=3)
    analyse(cast)
    assert row_of(cast.steady).on_order_units == 0


def test_stock_in_transit_counts_at_the_store_that_it_goes_to(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    for number, status, origin, target in [
        ("T-1", "sent", cast.south, cast.north),
        ("T-2", "draft", cast.south, cast.north),
        ("T-3", "sent", cast.north, cast.south),
    ]:
        transfer = StockTransfer.objects.create(number=number, status=status, from_store=origin, to_store=target)
        StockTransferLine.objects.create(transfer=transfer, product=cast.steady, units=15, received_units=5)
    analyse(cast)
    row = row_of(cast.steady)
    # What is drafted to come is decided, as a drafted order is: 10 of each.
    assert row.dossier["inputs"]["in_transit_units"] == 20
    assert row.on_order_units == 20
    assert row.recommended_order_quantity == 12  # 28 less 20, in packs of 6


def test_enough_stock_needs_no_row(cast: Cast) -> None:
    steady_history(cast, cast.steady, left=60)
    assert analyse(cast).written == []
    assert not ReorderRecommendation.objects.exists()


def test_a_new_product_is_recommended_without_a_forecast_and_says_so(cast: Cast) -> None:
    sell_daily(cast.north, cast.new, [5] * 4, last_day=YESTERDAY, opening=25)
    analyse(cast)
    row = row_of(cast.new)
    assert row.notes == "new product: fewer than 7 days of sales"
    assert row.recommended_order_quantity == 18  # 20 sold, 5 there: 15 missing
    assert (row.projected_demand_14_days, row.stockout_probability, row.money_at_risk) == (None, None, 0)
    assert (row.urgency_level, row.dossier["confidence"]) == ("medium", "low")
    assert recompute(row.dossier) == 18
    assert explain(row.dossier)[2] == (
        "The first sale was on 2026-03-12: too few days for a forecast. "
        "Until there is one, what has sold so far is replaced: 20 units."
    )
    assert explain(row.dossier)[-1] == "Note: new product: fewer than 7 days of sales."


def test_what_never_sold_is_filled_to_its_minimum(cast: Cast) -> None:
    record(movement(cast.north, cast.dead, "count", 1, day=YESTERDAY))
    set_bounds(cast.north, cast.dead, minimum=8, maximum=0)
    analyse(cast)
    row = row_of(cast.dead)
    assert (row.recommended_order_quantity, row.notes) == (12, "no sales here yet")


def test_stock_that_was_never_counted_is_ordered_as_if_it_were_zero_with_low_confidence(cast: Cast) -> None:
    day = YESTERDAY - timedelta(days=59)
    record(
        *(movement(cast.north, cast.steady, "sale", 4, day=day + timedelta(days=i)) for i in range(60)),
        history=History.ALWAYS,
    )
    analyse(cast)
    row = row_of(cast.steady)
    assert row.notes == "stock never counted"
    # Half way between 28 by cost and the 26 that serve 92 % (a product without a class).
    assert row.dossier["steps"]["raw"] == 27
    assert (row.dossier["confidence"], row.urgency_level) == ("low", "medium")
    assert explain(row.dossier)[0].startswith("The stock was never counted and is taken as 0 units;")


def test_without_a_supplier_the_row_says_so_and_uses_the_catalogues_pack(cast: Cast) -> None:
    SupplierItem.objects.all().delete()
    steady_history(cast, cast.steady)
    analyse(cast)
    row = row_of(cast.steady)
    assert (row.supplier, row.notes) == (None, "no supplier lists this product")
    # 7 days of lead time and 7 of review are assumed: 20 are sold before it comes in, and 28 after.
    assert (row.dossier["inputs"]["demand_days"], row.recommended_order_quantity) == ([7.0, 14.0], 30)


def test_suppliers_who_are_inactive_are_not_ordered_from(cast: Cast) -> None:
    cast.supplier.is_active = False
    cast.supplier.save(update_fields=["is_active"])
    steady_history(cast, cast.steady)
    analyse(cast)
    assert row_of(cast.steady).supplier is None


@pytest.mark.parametrize("delisted", ["product", "level"])
def test_what_is_no_longer_sold_is_not_ordered_and_its_pending_row_expires(cast: Cast, delisted: str) -> None:
    steady_history(cast, cast.steady)
    analyse(cast)
    if delisted == "product":
        Product.objects.filter(pk=cast.steady.pk).update(status="discontinued")
    else:
        StockLevel.objects.filter(product=cast.steady).update(is_on_sale=False)
    assert analyse(cast).expired == 1
    assert row_of(cast.steady).status == "expired"


def test_a_rerun_refreshes_the_pending_row(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    analyse(cast)
    first = row_of(cast.steady)
    record(movement(cast.north, cast.steady, "receipt", 12, day=TODAY))

    analyse(cast, now=LATER)

    second = row_of(cast.steady)
    assert (second.pk, second.status) == (first.pk, "pending")
    assert (first.recommended_order_quantity, second.recommended_order_quantity) == (30, 18)
    assert (second.current_stock, second.version, second.updated_at) == (32, 2, LATER)


def test_a_rerun_with_the_same_answer_leaves_the_readers_version_valid(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    analyse(cast)
    analyse(cast, now=LATER)
    row = row_of(cast.steady)
    assert (row.version, row.updated_at) == (1, LATER)


def test_a_rerun_expires_what_is_no_longer_needed_and_brings_it_back_when_it_is(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    analyse(cast)
    record(movement(cast.north, cast.steady, "receipt", 100, day=TODAY))
    assert analyse(cast, now=LATER).expired == 1
    expired = row_of(cast.steady)
    assert (expired.status, expired.version, expired.updated_at) == ("expired", 2, LATER)

    record(movement(cast.north, cast.steady, "write_off", 100, day=TODAY))
    analyse(cast)
    back = row_of(cast.steady)
    assert (back.pk, back.status, back.version) == (expired.pk, "pending", 3)


def test_a_row_that_a_person_decided_is_never_touched(cast: Cast) -> None:
    for product in (cast.steady, cast.seasonal):
        steady_history(cast, product)
    analyse(cast)
    approve(recommendation_id=row_of(cast.steady).pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    reject(
        recommendation_id=row_of(cast.seasonal).pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE, reason="seen enough"
    )
    decided = list(ReorderRecommendation.objects.order_by("pk").values())
    for product in (cast.steady, cast.seasonal):
        record(movement(cast.north, product, "sale", 15, day=TODAY))

    results = analyse(cast, now=LATER)

    assert results == Recommended(written=[], decided=sorted([cast.steady.pk, cast.seasonal.pk]), expired=0)
    assert list(ReorderRecommendation.objects.order_by("pk").values()) == decided


def test_a_new_day_expires_the_days_before_and_asks_anew(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    analyse(cast)
    assert analyse(cast, day=TOMORROW, now=LATER).expired == 1
    rows = ReorderRecommendation.objects.order_by("recommendation_date").values_list("recommendation_date", "status")
    assert list(rows) == [(TODAY, "expired"), (TOMORROW, "pending")]


def test_what_was_approved_yesterday_is_on_order_today(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    analyse(cast)
    approve(recommendation_id=row_of(cast.steady).pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    assert analyse(cast, day=TOMORROW).written == []


def test_an_old_day_run_again_changes_nothing_that_is_newer(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    analyse(cast, day=TOMORROW)
    before = list(ReorderRecommendation.objects.values())
    assert analyse(cast, day=TODAY, now=LATER) == Recommended()
    assert list(ReorderRecommendation.objects.values()) == before


def test_a_decision_on_what_was_shown_before_the_rerun_is_told_so(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    analyse(cast)
    shown = row_of(cast.steady)
    record(movement(cast.north, cast.steady, "receipt", 12, day=TODAY))
    analyse(cast)
    with pytest.raises(Conflict):
        approve(recommendation_id=shown.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE, version=shown.version)
    assert row_of(cast.steady).status == "pending"


def test_two_first_rows_of_a_day_are_refused_by_the_database(cast: Cast) -> None:
    steady_history(cast, cast.steady)
    analyse(cast)
    row = row_of(cast.steady)
    row.pk = None
    with pytest.raises(IntegrityError):
        row.save(force_insert=True)
