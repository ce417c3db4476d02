"""Odd rows of the database: each gives a named reason on its recommendation, and stops no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from forecasting.models import ProductDemandForecast
from insights.models import ReorderRecommendation
from insights.services.dossier import explain, recompute
from insights.services.joint_orders import recommend_ended, share_orders
from insights.services.reorder import recommend
from inventory.models import Product, PurchaseOrder, PurchaseOrderLine, StockLevel, Supplier, SupplierItem
from tests.cast import NOW, TODAY, Cast, movement, record, set_bounds
from tests.insights.made_forecasts import forecast


def item(cast: Cast, **changes: Any) -> None:
    SupplierItem.objects.filter(product=cast.steady).update(**changes)


def without_lead_time(cast: Cast) -> None:
    item(cast, lead_time_days=0, lead_time_sd_days=0)


def moq_over_maximum(cast: Cast) -> None:
    item(cast, minimum_order_quantity=120)
    set_bounds(cast.north, cast.steady, minimum=0, maximum=60)


def without_supplier(cast: Cast) -> None:
    SupplierItem.objects.filter(product=cast.steady).delete()


def negative_stock(cast: Cast) -> None:
    StockLevel.objects.filter(product=cast.steady).update(on_hand_units=-5)


def forecast_of_no_number(cast: Cast) -> None:
    row = ProductDemandForecast.objects.get(product=cast.steady)
    row.protection = {**row.protection, "mean": None}
    row.save(update_fields=["protection"])
    set_bounds(cast.north, cast.steady, minimum=30, maximum=0)


def without_margin(cast: Cast) -> None:
    Product.objects.filter(pk=cast.steady.pk).update(price=3)


CASES: list[tuple[Callable[[Cast], None], str, int]] = [
    (without_lead_time, "no lead time is known: a week is assumed", 30),
    (moq_over_maximum, "the minimum order is above the maximum stock", 120),
    (without_supplier, "no supplier lists this product", 30),
    (negative_stock, "stock on hand is negative and counts as 0: count it", 30),
    (forecast_of_no_number, "no usable forecast: only the minimum and what has sold so far are kept", 12),
    (without_margin, "no margin or no holding cost is known: the fill rate of the class decides", 24),
]


@pytest.fixture
def stocked(cast: Cast) -> Cast:
    """20 on hand of the steady product, 4 a day expected; and a neighbour that must not notice anything."""
    for product in (cast.steady, cast.seasonal):
        record(movement(cast.north, product, "count", 20))
        forecast(cast, product)
    return cast


def recommended(cast: Cast) -> ReorderRecommendation:
    ids = [cast.steady.pk, cast.seasonal.pk]
    done = recommend(store=cast.north, product_ids=ids, recommendation_date=TODAY, now=NOW)
    assert cast.seasonal.pk in done.written
    assert ReorderRecommendation.objects.get(product=cast.seasonal).recommended_order_quantity == 30
    row: ReorderRecommendation = ReorderRecommendation.objects.get(product=cast.steady)
    return row


@pytest.mark.parametrize(("spoil", "reason", "quantity"), CASES, ids=[case[0].__name__ for case in CASES])
def test_a_named_reason_on_the_row(stocked: Cast, spoil: Callable[[Cast], None], reason: str, quantity: int) -> None:
    spoil(stocked)
    row = recommended(stocked)
    assert reason in row.notes
    assert row.recommended_order_quantity == quantity
    assert recompute(row.dossier) == quantity
    assert f"Note: {reason}." in explain(row.dossier)


def test_a_pack_of_0_cannot_be_stored_and_is_taken_as_1_where_it_comes_from_elsewhere(stocked: Cast) -> None:
    """The database refuses it; a dossier that holds one is still recomputed."""
    dossier = recommended(stocked).dossier
    dossier["inputs"]["on_hand_units"] = 25

    def in_packs_of(pack_size: int) -> int:
        dossier["inputs"]["pack_size"] = pack_size
        return recompute(dossier)

    assert in_packs_of(0) == in_packs_of(1) == 27


def test_what_no_order_line_can_hold_is_a_row_that_orders_nothing(stocked: Cast) -> None:
    ProductDemandForecast.objects.filter(product=stocked.steady).delete()
    forecast(stocked, stocked.steady, per_day=1e9)
    row = recommended(stocked)
    assert (row.recommended_order_quantity, recompute(row.dossier)) == (0, 0)
    assert row.notes == "the need is more than an order line can hold: check the sales and the forecast"


def test_a_minimum_order_that_does_not_pay_is_said_on_a_row_without_an_order(stocked: Cast) -> None:
    item(stocked, minimum_order_quantity=50_000)
    set_bounds(stocked.north, stocked.steady, minimum=0, maximum=60)
    row = recommended(stocked)
    assert (row.recommended_order_quantity, row.status) == (0, "pending")
    assert "the minimum order is above the maximum stock" in row.notes


def test_a_discontinued_product_with_stock_on_order_gets_a_row_that_says_so(stocked: Cast) -> None:
    Product.objects.filter(pk=stocked.steady.pk).update(status="discontinued")
    order = PurchaseOrder.objects.create(number="PO-1", supplier=stocked.supplier, store=stocked.north)
    PurchaseOrderLine.objects.create(purchase_order=order, product=stocked.steady, ordered_units=24, unit_cost=3)
    for _ in range(2):
        assert recommend_ended(recommendation_date=TODAY, now=NOW) == 1
    row = ReorderRecommendation.objects.get()
    assert (row.product, row.recommended_order_quantity, row.on_order_units) == (stocked.steady, 0, 24)
    assert row.notes == "discontinued, with units still on order"
    assert row.version == 1
    order.status = PurchaseOrder.Status.CANCELLED
    order.save(update_fields=["status"])
    assert recommend_ended(recommendation_date=TODAY, now=NOW) == 0


def test_a_supplier_whose_minimum_is_above_any_need_waits_and_says_so(stocked: Cast) -> None:
    Supplier.objects.update(minimum_order_value=1_000_000)
    recommended(stocked)
    done = share_orders(store=stocked.north, recommendation_date=TODAY, now=NOW)
    assert done.waiting == [stocked.steady.pk, stocked.seasonal.pk]
    for row in ReorderRecommendation.objects.all():
        assert (row.recommended_order_quantity, row.status, row.version) == (0, "pending", 2)
        assert row.notes == "the supplier's minimum order is above what pays: wait or add by hand"
        assert recompute(row.dossier) == 0
