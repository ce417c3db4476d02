"""What the policy is told of rows of the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from analytics.models import ProductClass
from forecasting.calc.config import SUM_LEVELS
from forecasting.models import ProductDemandForecast
from insights.calc.replenishment import rows as reasons
from insights.calc.replenishment.inputs import OrderInputs, inputs_from_json, rows_of
from insights.calc.replenishment.plan import plan_orders
from insights.frames.reorder import load_reorder_frame
from insights.services.policy.inputs import order_inputs
from inventory.models import (
    Product,
    PurchaseOrder,
    PurchaseOrderLine,
    StockLevel,
    StockTransfer,
    StockTransferLine,
    Supplier,
    SupplierItem,
)
from tests.cast import TODAY, Cast, movement, record, set_bounds
from tests.insights.made_forecasts import forecast, sums


def inputs_of(cast: Cast, product: Product) -> OrderInputs:
    frame = load_reorder_frame(store_id=cast.north.pk, product_ids=[product.pk], recommendation_date=TODAY)
    return order_inputs(frame, [product.pk], today=TODAY)[product.pk]


def test_position_terms_costs_and_demand_of_one_product(cast: Cast) -> None:
    record(movement(cast.north, cast.steady, "count", 20))
    set_bounds(cast.north, cast.steady, minimum=10, maximum=100)
    Product.objects.filter(pk=cast.steady.pk).update(shelf_life_days=30)
    forecast(cast, cast.steady)
    late, due, undated = (
        PurchaseOrder.objects.create(number=f"PO-{i}", supplier=cast.supplier, store=cast.north, expected_date=day)
        for i, day in enumerate([TODAY - timedelta(days=3), TODAY + timedelta(days=2), None])
    )
    for order, units in [(late, 6), (due, 12), (undated, 18)]:
        PurchaseOrderLine.objects.create(
            purchase_order=order, product=cast.steady, ordered_units=units, unit_cost=3, received_units=0
        )
    for number, status, origin, target in [
        ("T-1", "sent", cast.south, cast.north),
        ("T-2", "draft", cast.north, cast.south),
    ]:
        transfer = StockTransfer.objects.create(
            number=number, status=status, from_store=origin, to_store=target, expected_date=TODAY + timedelta(days=2)
        )
        StockTransferLine.objects.create(transfer=transfer, product=cast.steady, units=4)

    inputs = inputs_of(cast, cast.steady)

    assert (inputs.on_hand_units, inputs.is_counted, inputs.committed_units) == (20, True, 4)
    assert (inputs.on_order_units, inputs.in_transit_units) == (36, 4)
    assert inputs.arrivals == [[1.0, 6], [2.0, 16], [5.0, 18]]  # late: tomorrow; without a day: after the lead time
    assert (inputs.lead_time_days, inputs.lead_time_sd_days, inputs.lead_time_source) == (5.0, 1.0, "stated")
    assert (inputs.wait_days, inputs.review_days) == (0, 7)
    assert (inputs.demand_days, inputs.demand_means) == ([5.0, 12.0], [20.0, 48.0])
    assert inputs.demand_quantiles[1] == [48.0 + place - 3 for place in range(len(SUM_LEVELS))]
    assert (inputs.minimum_units, inputs.maximum_units, inputs.shelf_life_days) == (10, 100, 30)
    assert (inputs.pack_size, inputs.minimum_order_units, inputs.supplier_id) == (6, 6, cast.supplier.pk)
    assert (inputs.unit_cost, inputs.unit_margin, inputs.unit_goodwill) == (3.0, 2.0, 0.0)
    assert inputs.holding_per_day == pytest.approx(3 * 0.2 / 365)


def test_holding_and_goodwill_are_the_companys(cast: Cast, settings: Any) -> None:
    settings.HOLDING_COST_PER_YEAR, settings.GOODWILL_PER_MARGIN = 0.365, 0.5
    inputs = inputs_of(cast, cast.steady)
    assert (inputs.holding_per_day, inputs.unit_goodwill) == (pytest.approx(0.003), 1.0)


def test_an_order_waits_for_the_suppliers_day_and_lasts_until_the_one_after(cast: Cast) -> None:
    """Asked on a Monday: the order goes out on Wednesday, the next one on Friday."""
    Supplier.objects.update(order_weekdays="Wed, Fri")
    inputs = inputs_of(cast, cast.steady)
    assert (inputs.wait_days, inputs.review_days) == (2, 2)
    rows = rows_of([inputs])
    assert rows.lead_times[0].mean() == pytest.approx(2 + 5)
    assert rows.review_periods.tolist() == [2]


def test_the_class_is_abc_of_the_month_and_xyz_of_the_forecast(cast: Cast) -> None:
    ProductClass.objects.create(store=cast.north, product=cast.steady, abc_class="A", xyz_class="Y")
    ProductClass.objects.create(store=cast.south, product=cast.dead, xyz_class="Z")
    assert (inputs_of(cast, cast.steady).abc_class, inputs_of(cast, cast.steady).xyz_class) == ("", "Y")
    assert inputs_of(cast, cast.dead).xyz_class == ""


def test_measured_lead_times_come_as_their_shares(cast: Cast) -> None:
    item = SupplierItem.objects.get(product=cast.steady)
    SupplierItem.objects.filter(pk=item.pk).update(
        measured_lead_time_days=3, measured_lead_time_sd_days=1, observed_lead_times=[[2, 0.5], [4, 0.5]]
    )
    inputs = inputs_of(cast, cast.steady)
    assert (inputs.lead_time_source, inputs.lead_time_shares) == ("measured", [[2, 0.5], [4, 0.5]])
    assert rows_of([inputs]).lead_times[0].tolist() == [2.0] * 8 + [4.0] * 8


def test_a_stated_lead_time_keeps_its_mean_and_deviation(cast: Cast) -> None:
    lengths = rows_of([inputs_of(cast, cast.steady)]).lead_times[0]
    assert lengths.mean() == pytest.approx(5)
    assert lengths.std() == pytest.approx(1, rel=0.06)  # sixteen midpoints cut the tails


@pytest.mark.parametrize(
    "protection",
    [
        {},
        {**sums(12, 48), "lead_time": {}},
        {**sums(12, 48), "lead_time": sums(5, 20), "mean": None},
        {**sums(12, 48), "lead_time": sums(5, 20), "mean": "NaN"},
        {**sums(12, 48), "lead_time": {**sums(5, 20), "quantiles": {"0.5": 20}}},
        {**sums(12, 48, step=-1.0), "lead_time": sums(5, 20)},
    ],
    ids=["none", "no lead time", "no mean", "no number", "levels missing", "falling"],
)
def test_a_forecast_that_cannot_be_used_is_none_and_named(cast: Cast, protection: dict[str, Any]) -> None:
    forecast(cast, cast.steady)
    ProductDemandForecast.objects.update(protection=protection)
    plan = plan_orders(rows_of([inputs_of(cast, cast.steady)]))
    assert reasons.NO_FORECAST in plan.reasons(0)


def test_both_sums_cut_to_the_longest_interval_are_told_apart(cast: Cast) -> None:
    forecast(cast, cast.steady)
    ProductDemandForecast.objects.update(protection={**sums(91, 364), "lead_time": sums(91, 364)})
    inputs = inputs_of(cast, cast.steady)
    assert (inputs.demand_days, inputs.demand_means) == ([90.0, 91.0], [pytest.approx(360), 364.0])


def test_a_row_is_the_same_alone_and_among_others(cast: Cast) -> None:
    """Others that perish, wait for deliveries, know no costs or have no forecast change nothing about it."""
    forecast(cast, cast.steady)
    base = replace(inputs_of(cast, cast.steady), is_counted=True, on_hand_units=12)
    inputs = [
        base,
        replace(base, shelf_life_days=6, arrivals=[[2.0, 12]]),
        replace(base, arrivals=[[1.0, 6], [2.0, 3], [3.0, 3], [4.0, 2], [5.0, 1]], lead_time_sd_days=3.0),
        replace(base, unit_margin=0.0, abc_class="A", pack_size=1),
        replace(base, demand_days=(), demand_levels=(), demand_means=(), demand_quantiles=(), sold_units=40),
        replace(base, lead_time_shares=[[3, 0.25], [9, 0.75]], maximum_units=50, on_hand_units=-3),
        replace(base, is_discontinued=True),
        replace(base, lead_time_days=0.0),
    ]
    together = plan_orders(rows_of(inputs))
    for place, one in enumerate(inputs):
        alone = plan_orders(rows_of([inputs_from_json(one.as_json())]))
        assert alone.quantity[0] == together.quantity[place]
        assert alone.reasons(0) == together.reasons(place)
        assert alone.consequences.lost_margin_without[0] == together.consequences.lost_margin_without[place]
        assert alone.consequences.waste_with[0] == together.consequences.waste_with[place]


def test_inputs_of_another_form_are_refused_by_name() -> None:
    with pytest.raises(ValueError) as refused:
        inputs_from_json({"on_hand_units": 3})
    assert "the inputs lack or do not know: abc_class, arrivals" in str(refused.value)


def test_the_frame_asks_the_same_number_of_queries_however_many_products(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    for product in cast.products:
        StockLevel.objects.get_or_create(store=cast.north, product=product)
    forecast(cast, cast.steady)
    for ids in ([cast.steady.pk, cast.dead.pk], [product.pk for product in cast.products]):
        with django_assert_num_queries(10):
            load_reorder_frame(store_id=cast.north.pk, product_ids=ids, recommendation_date=TODAY)


def test_no_rows_make_no_rows() -> None:
    assert len(rows_of([])) == 0
    assert np.asarray(plan_orders(rows_of([])).quantity).shape == (0,)
