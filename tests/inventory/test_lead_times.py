"""The night's measurement: which deliveries count, what it writes, and what the order policy is then told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from forecasting.frames.supply import load_sources
from inventory.frames.deliveries import load_delivered_lines
from inventory.models import PurchaseOrder, PurchaseOrderLine, Supplier, SupplierItem
from inventory.services.lead_times import measure_one_supplier, measure_suppliers
from inventory.services.purchasing import (
    Arrival,
    OrderItem,
    add_to_draft_order,
    approve_order,
    close_order,
    receive_order,
    send_order,
)
from inventory.tasks import measure_lead_times
from tests.cast import NOW, TODAY, Cast

DAY = timedelta(days=1)


def deliver(
    cast: Cast, days: int, *, sent_at: datetime = NOW - 60 * DAY, units: int = 12, **arrival: Any
) -> PurchaseOrder:
    """An order of 12 steady units, through its whole life, of which ``units`` came ``days`` later."""
    order = ordered(cast, sent_at)
    line = order.lines.get()
    return receive_order(
        order_id=order.pk,
        lines={line.pk: Arrival(units=units, **arrival)},
        idempotency_key="d",
        actor=cast.buyer,
        now=sent_at + days * DAY,
    )


def ordered(cast: Cast, sent_at: datetime = NOW - 60 * DAY) -> PurchaseOrder:
    who: dict[str, Any] = {"actor": cast.buyer, "now": sent_at}
    items = [OrderItem(cast.steady.pk, 12, Decimal("3.00"))]
    order = add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, **who)
    approve_order(order_id=order.pk, **who)
    return send_order(order_id=order.pk, **who)


def item(cast: Cast) -> SupplierItem:
    return SupplierItem.objects.get(supplier=cast.supplier, product=cast.steady)


def test_deliveries_are_measured_beside_what_people_stated(cast: Cast) -> None:
    for _ in range(15):
        deliver(cast, 9)
    assert measure_suppliers(now=NOW).measured == 1
    supplier = Supplier.objects.get(pk=cast.supplier.pk)
    # Stated 5 ± 1 counts as 5 of 20 deliveries; the product's own 15 stand beside 20 of its supplier.
    assert (supplier.measured_lead_time_days, supplier.lead_time_observations) == (Decimal("8.00"), 15)
    assert (supplier.fill_rate, supplier.on_time_share, supplier.measured_at) == (1.0, 0.0, NOW)
    assert item(cast).measured_lead_time_days == Decimal("8.43")
    assert (item(cast).lead_time_days, item(cast).lead_time_sd_days) == (Decimal("5.00"), Decimal("1.00"))


def test_the_policy_reads_the_measured_lead_time_and_is_told_so(cast: Cast) -> None:
    assert source(cast) == ("stated", 5.0, 1.0, ())
    for _ in range(15):
        deliver(cast, 9)
    measure_suppliers(now=NOW)
    kind, mean, sd, shares = source(cast)
    assert (kind, mean, sd) == ("measured", 8.43, float(item(cast).measured_lead_time_sd_days or 0))
    assert [day for day, _ in shares] == [3, 5, 7, 9]
    assert sum(share for _, share in shares) == pytest.approx(1)
    assert dict(shares)[9] > 0.8


def source(cast: Cast) -> tuple[Any, ...]:
    found = load_sources([cast.steady.pk])[cast.steady.pk]
    return found.lead_time_source, found.lead_time_days, found.lead_time_sd_days, found.lead_time_shares


def test_a_few_deliveries_say_nothing_yet(cast: Cast) -> None:
    for _ in range(4):
        deliver(cast, 9)
    assert measure_one_supplier(supplier_id=cast.supplier.pk, now=NOW) is False
    supplier = Supplier.objects.get(pk=cast.supplier.pk)
    assert (supplier.measured_lead_time_days, supplier.observed_lead_times, supplier.lead_time_observations) == (
        None,
        [],
        4,
    )
    assert source(cast)[0] == "stated"


def test_what_is_older_than_a_year_is_forgotten(cast: Cast) -> None:
    for _ in range(6):
        deliver(cast, 9, sent_at=NOW - 360 * DAY)
    assert measure_one_supplier(supplier_id=cast.supplier.pk, now=NOW) is True
    assert measure_one_supplier(supplier_id=cast.supplier.pk, now=NOW + 6 * DAY) is False
    assert (item(cast).measured_lead_time_days, item(cast).lead_time_observations) == (None, 0)


def test_days_are_counted_in_the_stores_time_zone(cast: Cast) -> None:
    """23:30 in London in summer is still that day, though it is 22:30 UTC; half an hour past midnight is the next."""
    sent_at = datetime.fromisoformat("2026-07-01T22:30:00+00:00")
    order = ordered(cast, sent_at)
    receive_order(
        order_id=order.pk,
        lines={order.lines.get().pk: 12},
        idempotency_key="d",
        actor=cast.buyer,
        now=sent_at + timedelta(hours=1),
    )
    [line] = load_delivered_lines(supplier_id=cast.supplier.pk, since=date(2026, 1, 1))
    assert (line.ordered_on, line.arrivals) == (date(2026, 7, 1), ((date(2026, 7, 2), 12),))


def test_refused_units_are_no_delivery_and_short_lines_lower_the_fill_rate(cast: Cast) -> None:
    for _ in range(4):
        deliver(cast, 5)
    deliver(cast, 5, units=6, close_reason="short")
    deliver(cast, 5, units=3, close_reason="not_needed")  # our own doing
    deliver(cast, 5, units=0, refused_units=12)  # still out
    measure_suppliers(now=NOW)
    supplier = Supplier.objects.get(pk=cast.supplier.pk)
    assert supplier.lead_time_observations == 6
    assert supplier.fill_rate == pytest.approx((4 * 12 + 6 + 3) / (4 * 12 + 12 + 3))
    assert supplier.on_time_share == pytest.approx(5 / 7)


def test_an_order_that_the_supplier_failed_wholly_counts(cast: Cast) -> None:
    deliver(cast, 5)
    deliver(cast, 5, units=0, close_reason="discontinued")
    lines = load_delivered_lines(supplier_id=cast.supplier.pk, since=TODAY - 90 * DAY)
    assert sorted((line.is_over, line.wanted_units, line.arrived_units) for line in lines) == [
        (True, 12, 0),
        (True, 12, 12),
    ]


def test_an_order_closed_short_is_over(cast: Cast) -> None:
    order = deliver(cast, 5, units=6)
    close_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    [line] = load_delivered_lines(supplier_id=cast.supplier.pk, since=TODAY - 90 * DAY)
    assert (line.is_over, line.wanted_units, line.arrived_units) == (True, 12, 6)


def test_the_night_changes_nothing_that_people_entered_and_twice_is_once(cast: Cast) -> None:
    for _ in range(6):
        deliver(cast, 9)
    stated = list(
        SupplierItem.objects.order_by("pk").values("unit_cost", "lead_time_days", "lead_time_sd_days", "pack_size")
    )
    measure_suppliers(now=NOW)
    first = list(SupplierItem.objects.order_by("pk").values())
    measure_suppliers(now=NOW)
    assert list(SupplierItem.objects.order_by("pk").values()) == first
    assert list(SupplierItem.objects.order_by("pk").values("unit_cost", "lead_time_days", "lead_time_sd_days", "pack_size")) == stated  # fmt: skip


@pytest.mark.parametrize("orders", [3, 30])
def test_a_supplier_is_measured_in_the_same_queries_for_any_number_of_orders(
    cast: Cast, orders: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    for _ in range(orders):
        deliver(cast, 5)
    with django_assert_num_queries(8):
        measure_one_supplier(supplier_id=cast.supplier.pk, now=NOW)


def test_the_job_measures_every_supplier(cast: Cast) -> None:
    Supplier.objects.create(code="IDLE", name="Idle")
    measure_lead_times()
    assert Supplier.objects.filter(measured_at__isnull=False).count() == 2
    assert PurchaseOrderLine.objects.count() == 0
