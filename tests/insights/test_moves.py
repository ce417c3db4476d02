"""Transfers and excess of a night: what is proposed, from which numbers, and beside which decisions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from forecasting.calc.config import SUM_LEVELS
from forecasting.models import ProductDemandForecast
from insights.frames.company import load_company_frame
from insights.models import ExcessRecommendation, ReorderRecommendation, TransferRecommendation
from insights.services.moves import recommending
from insights.services.moves.dossier import (
    explain_excess,
    explain_transfer,
    recompute_excess,
    recompute_transfer,
)
from insights.services.moves.recommending import recommend_moves
from inventory.models import Product, PurchaseOrder, PurchaseOrderLine, StockLevel, Store
from inventory.services.transfers import TransferItem, create_transfer
from tests.cast import NOW, TODAY, Cast, movement, record

LATER = NOW + timedelta(hours=1)


def sums(days: int, per_day: float) -> dict[str, Any]:
    """Quantiles of a sum that spread by a tenth of the mean a level."""
    mean = days * per_day
    units = {str(level): max(mean * (1 + 0.1 * (place - 3)), 0.0) for place, level in enumerate(SUM_LEVELS)}
    return {"days": days, "mean": mean, "quantiles": units, "basis": "backtest errors"}


def forecast(store: Store, product: Product, per_day: float) -> None:
    ProductDemandForecast.objects.create(
        product=product,
        store=store,
        forecast_date=TODAY,
        forecast_period=28,
        model="linear",
        daily={"mean": [per_day] * 28, "quantiles": {}},
        protection={**sums(12, per_day), "lead_time": sums(5, per_day)},
        created_at=NOW,
    )


def stock(store: Store, product: Product, units: int, per_day: float | None = None) -> None:
    record(movement(store, product, "count", units, day=TODAY - timedelta(days=1)))
    if per_day is not None:
        forecast(store, product, per_day)


@pytest.fixture
def east(cast: Cast) -> Store:
    """A second store that pays in pounds, as ``north`` does."""
    return Store.objects.create(code="E1", name="East", time_zone="Europe/London", currency="GBP")


@pytest.fixture
def lopsided(cast: Cast, east: Store) -> None:
    """60 lie in the north, which sells 1 a day; the east has none, and sells 4 a day."""
    stock(cast.north, cast.steady, 60, per_day=1)
    stock(east, cast.steady, 0, per_day=4)


def recommend(**changes: Any) -> Any:
    return recommend_moves(**{"day": TODAY, "now": NOW, **changes})


def the_transfer() -> TransferRecommendation:
    return TransferRecommendation.objects.get()


@pytest.mark.django_db
class TestTransfers:
    pytestmark = pytest.mark.usefixtures("lopsided")

    def test_stock_goes_from_where_it_lies_to_where_it_would_have_sold(self, cast: Cast, east: Store) -> None:
        done = recommend()
        row = the_transfer()
        assert (done.transfers, done.failed) == (1, {})
        assert (row.product, row.from_store, row.to_store, row.status) == (cast.steady, cast.north, east, "pending")
        assert (row.sender_stock, row.receiver_stock, row.transfer_days, row.supplier_days) == (60, 0, 2, 5)
        # Three days lie between the transfer's arrival and the supplier's; a lead time of 5 ± 1 days needs some more.
        assert 12 <= row.recommended_quantity <= 30
        assert row.net_gain == row.gain - row.loss - row.cost > 0
        assert row.cost == Decimal("5.00") + Decimal("0.10") * row.recommended_quantity

    def test_every_row_is_recomputed_and_told_from_itself_alone(self) -> None:
        recommend()
        row = the_transfer()
        assert recompute_transfer(row.dossier) == row.recommended_quantity
        lines = explain_transfer(row.dossier)
        assert lines[0].startswith("N1 has 60 units on hand, 0 units on order and 0 units in transit.")
        assert f"Moving {row.recommended_quantity} units gains" in lines[3]

    def test_the_sender_keeps_its_own_quantile(self, cast: Cast) -> None:
        """Of 20 units the north needs 12 days' demand, 12 units and more on a bad day: at most 8 may go."""
        record(movement(cast.north, cast.steady, "count", 20, idempotency_key="recount", day=TODAY))
        recommend()
        assert 0 < the_transfer().recommended_quantity <= 7

    def test_no_move_where_the_supplier_is_as_fast(self, settings: Any) -> None:
        settings.TRANSFER_DAYS = 6
        recommend()
        assert not TransferRecommendation.objects.exists()

    def test_no_move_that_costs_more_than_it_gains(self, settings: Any) -> None:
        settings.TRANSFER_FIXED_COST = 1_000.0
        recommend()
        assert not TransferRecommendation.objects.exists()

    def test_no_move_that_gains_less_than_is_worth_the_asking(self, settings: Any) -> None:
        recommend()
        gain = the_transfer().net_gain
        settings.TRANSFER_LEAST_GAIN = float(gain) + 0.01
        recommend(now=LATER)
        assert the_transfer().status == "expired"

    def test_money_of_two_currencies_is_not_compared(self, cast: Cast, east: Store) -> None:
        Store.objects.filter(pk=east.pk).update(currency="EUR")
        recommend()
        assert not TransferRecommendation.objects.exists()

    def test_stock_that_was_never_counted_neither_goes_nor_comes(self, cast: Cast, east: Store) -> None:
        StockLevel.objects.filter(store=east).update(tracked_from=None)
        recommend()
        assert not TransferRecommendation.objects.exists()

    def test_a_closed_store_takes_no_part(self, east: Store) -> None:
        Store.objects.filter(pk=east.pk).update(is_active=False)
        recommend()
        assert not TransferRecommendation.objects.exists()

    def test_what_is_on_its_way_already_is_not_sent_again(self, cast: Cast, east: Store) -> None:
        create_transfer(
            from_store=cast.north, to_store=east, items=[TransferItem(cast.steady.pk, 40)], actor=cast.buyer, now=NOW
        )
        recommend()
        assert not TransferRecommendation.objects.exists()

    def test_two_receivers_share_what_one_store_can_spare(self, cast: Cast, east: Store) -> None:
        west = Store.objects.create(code="W1", name="West", time_zone="Europe/London", currency="GBP")
        stock(west, cast.steady, 0, per_day=4)
        recommend()
        rows = list(TransferRecommendation.objects.all())
        assert {row.to_store for row in rows} == {east, west}
        assert sum(row.recommended_quantity for row in rows) <= 60 - 12
        assert [recompute_transfer(row.dossier) for row in rows] == [row.recommended_quantity for row in rows]

    def test_a_rerun_refreshes_the_pending_row(self, cast: Cast) -> None:
        recommend()
        before = the_transfer()
        recommend(now=LATER)
        same = the_transfer()
        assert (same.pk, same.version, same.updated_at) == (before.pk, 1, LATER)
        record(movement(cast.north, cast.steady, "count", 20, idempotency_key="recount", day=TODAY))
        recommend(now=LATER)
        changed = the_transfer()
        assert (changed.pk, changed.version) == (before.pk, 2)
        assert changed.recommended_quantity < before.recommended_quantity

    @pytest.mark.parametrize("status", ["approved", "rejected", "proposed"])
    def test_a_decided_row_is_never_touched(self, status: str) -> None:
        recommend()
        decided = {"status": status, "approved_quantity": 3, "proposed_quantity": 3, "proposed_by_name": "bo"}
        TransferRecommendation.objects.update(**decided)
        before = TransferRecommendation.objects.values().get()
        recommend(now=LATER)
        assert TransferRecommendation.objects.values().get() == before

    def test_a_pending_row_that_is_not_needed_any_more_expires(self, cast: Cast, east: Store) -> None:
        recommend()
        record(movement(east, cast.steady, "count", 200, idempotency_key="recount", day=TODAY))
        done = recommend(now=LATER)
        row = the_transfer()
        assert (row.status, row.version, done.expired) == ("expired", 2, 1)

    def test_yesterdays_pending_row_makes_room_for_todays(self) -> None:
        recommend()
        TransferRecommendation.objects.update(recommendation_date=TODAY - timedelta(days=1))
        recommend(now=LATER)
        rows = TransferRecommendation.objects.order_by("recommendation_date").values_list("status", flat=True)
        assert list(rows) == ["expired", "pending"]

    def test_what_was_rejected_is_not_proposed_again_for_two_weeks(self, settings: Any) -> None:
        recommend()
        TransferRecommendation.objects.update(status="rejected", recommendation_date=TODAY - timedelta(days=13))
        recommend(now=LATER)
        assert TransferRecommendation.objects.count() == 1
        settings.MOVES_QUIET_DAYS = 10
        recommend(now=LATER)
        assert TransferRecommendation.objects.count() == 2

    def test_a_snoozed_row_stays_until_its_day(self) -> None:
        recommend()
        TransferRecommendation.objects.update(status="snoozed", snoozed_until=TODAY + timedelta(days=1))
        recommend(now=LATER)
        assert the_transfer().status == "snoozed"

    def test_a_bad_product_is_named_and_stops_no_other(self, cast: Cast, east: Store) -> None:
        stock(cast.north, cast.seasonal, 60, per_day=1)
        stock(east, cast.seasonal, 0, per_day=4)
        ProductDemandForecast.objects.filter(product=cast.seasonal, store=east).update(protection=[])
        done = recommend()
        assert list(done.failed) == [cast.seasonal.pk]
        assert the_transfer().product == cast.steady

    def test_the_number_of_queries_does_not_grow_with_products_or_stores(self, cast: Cast, east: Store) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                recommend(now=LATER)
            return len(captured)

        recommend()
        before = queries()
        west = Store.objects.create(code="W1", name="West", time_zone="Europe/London", currency="GBP")
        for product in (cast.seasonal, cast.intermittent):
            stock(cast.north, product, 60, per_day=1)
            stock(east, product, 0, per_day=4)
            stock(west, product, 0, per_day=2)
        recommend()
        assert TransferRecommendation.objects.count() >= 3
        assert queries() == before


@pytest.mark.django_db
class TestExcess:
    def test_what_sells_slowly_and_nobody_wants_is_marked_down(self, cast: Cast) -> None:
        stock(cast.north, cast.steady, 200, per_day=1)
        recommend()
        row = ExcessRecommendation.objects.get()
        assert (row.action, row.current_stock, row.status) == ("mark_down", 200, "pending")
        # At most 12 days' demand on a bad day, and a pack of 6 more.
        assert 18 <= row.wanted_units <= 24
        assert row.recommended_quantity == 200 - row.wanted_units
        assert row.tied_up_value == 3 * row.recommended_quantity
        assert row.weeks_of_cover == pytest.approx(200 / 7, abs=0.1)
        # A unit of 3.00 held for about (20 + 200) / 2 days at 20 % a year: 0.18 off the price of 5.00.
        assert row.mark_down_to == Decimal("4.82")
        assert row.value_at_stake == pytest.approx(Decimal("32.50"), abs=Decimal(1))

    def test_every_row_is_recomputed_and_told_from_itself_alone(self, cast: Cast, east: Store) -> None:
        stock(cast.north, cast.steady, 200, per_day=1)
        stock(east, cast.steady, 0, per_day=4)
        stock(cast.north, cast.seasonal, 200, per_day=1)
        order_from(cast, cast.seasonal, 60)
        stock(cast.north, cast.dead, 90, per_day=0)
        recommend()
        rows = {row.product_id: row for row in ExcessRecommendation.objects.all()}
        assert {pk: row.action for pk, row in rows.items()} == {
            cast.steady.pk: "move",
            cast.seasonal.pk: "stop_ordering",
            cast.dead.pk: "mark_down",
        }
        for row in rows.values():
            assert recompute_excess(row.dossier) == (row.action, row.recommended_quantity)
        assert "to E1" in explain_excess(rows[cast.steady.pk].dossier)[-1]
        assert explain_excess(rows[cast.dead.pk].dossier)[2].endswith("it does not sell.")
        assert rows[cast.dead.pk].weeks_of_cover is None

    def test_what_hardly_sells_is_held_for_ten_patiences_and_no_longer(self, cast: Cast) -> None:
        """90 units at 3.00 and 20 % a year: 0.00164 a day and unit, however little sells."""
        stock(cast.north, cast.dead, 90, per_day=0)
        stock(cast.north, cast.steady, 90, per_day=0.0001)
        recommend()
        rows = list(ExcessRecommendation.objects.all())
        assert len(rows) == 2
        for row in rows:
            assert 0 < row.value_at_stake <= Decimal("133.15")
            assert row.weeks_of_cover is None

    def test_what_is_on_order_in_spite_of_an_excess_is_stopped(self, cast: Cast) -> None:
        stock(cast.north, cast.steady, 100, per_day=1)
        order_from(cast, cast.steady, 60)
        recommend()
        row = ExcessRecommendation.objects.get()
        assert (row.action, row.on_order_units) == ("stop_ordering", 60)
        assert row.recommended_quantity == 160 - row.wanted_units
        assert row.stop_until == TODAY + timedelta(days=90)

    def test_an_excess_that_sells_soon_asks_nobody(self, cast: Cast) -> None:
        stock(cast.north, cast.steady, 80, per_day=1)
        recommend()
        assert not ExcessRecommendation.objects.exists()

    def test_an_excess_that_costs_little_to_keep_asks_nobody(self, cast: Cast, settings: Any) -> None:
        stock(cast.north, cast.steady, 200, per_day=1)
        settings.EXCESS_LEAST_COST = 40.0
        recommend()
        assert not ExcessRecommendation.objects.exists()

    def test_a_product_that_is_taken_off_sale_is_excess_as_a_whole(self, cast: Cast) -> None:
        stock(cast.north, cast.dead, 30)
        Product.objects.filter(pk=cast.dead.pk).update(status="discontinued")
        recommend()
        row = ExcessRecommendation.objects.get()
        assert (row.action, row.recommended_quantity, row.wanted_units) == ("mark_down", 30, 0)

    def test_a_new_product_without_a_forecast_is_not_judged(self, cast: Cast) -> None:
        stock(cast.north, cast.new, 500)
        recommend()
        assert not ExcessRecommendation.objects.exists()

    def test_an_approved_mark_down_is_not_proposed_again_at_once(self, cast: Cast) -> None:
        stock(cast.north, cast.steady, 200, per_day=1)
        recommend()
        ExcessRecommendation.objects.update(
            status="approved", approved_quantity=1, recommendation_date=TODAY - timedelta(days=1)
        )
        recommend(now=LATER)
        assert ExcessRecommendation.objects.count() == 1


def order_from(cast: Cast, product: Product, units: int) -> None:
    order = PurchaseOrder.objects.create(
        number=f"PO-{product.pk}", store=cast.north, supplier=cast.supplier, created_by=cast.buyer
    )
    PurchaseOrderLine.objects.create(purchase_order=order, product=product, ordered_units=units, unit_cost=3)


@pytest.mark.django_db
def test_orders_that_were_stopped_are_not_recommended_until_the_day(cast: Cast) -> None:
    from insights.services.undecided import recommend_undecided

    stock(cast.north, cast.steady, 0, per_day=4)
    StockLevel.objects.update(orders_stopped_until=TODAY + timedelta(days=1))
    ask = {"store": cast.north, "product_ids": [cast.steady.pk], "recommendation_date": TODAY, "now": NOW}
    assert recommend_undecided(**ask).written == []
    assert not ReorderRecommendation.objects.exists()
    StockLevel.objects.update(orders_stopped_until=TODAY)
    assert recommend_undecided(**ask).written == [cast.steady.pk]


def test_a_chunk_that_was_given_up_for_locks_is_run_again(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    stock(cast.north, cast.steady, 200, per_day=1)
    calls = []

    def locked_once(**options: Any) -> Any:
        calls.append(options)
        if len(calls) == 1:
            raise OperationalError(1213, "Deadlock found when trying to get lock; database is locked")
        return load_company_frame(**options)

    monkeypatch.setattr(recommending, "load_company_frame", locked_once)
    assert recommend().excess == 1
    assert len(calls) == 2
    assert ExcessRecommendation.objects.count() == 1
