"""Real threads with a connection each, on MariaDB: of two who decide at once one wins, and no order is split."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection

from insights.models import Decision, ReorderRecommendation
from insights.services.decisions import Outcome, approve, approve_many
from inventory.models import InventoryTransaction, PurchaseOrder, PurchaseOrderLine, Receipt, StockLevel
from inventory.querysets.scope import EVERY_STORE
from inventory.services.errors import Conflict
from inventory.services.purchasing import OrderItem, add_to_draft_order, approve_order, receive_order, send_order
from tests.cast import NOW, Cast
from tests.insights.proposals import make_products, recommend, recommend_many

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

Result = TypeVar("Result")


def at_once(*works: Callable[[], Result]) -> list[Result | Conflict]:
    """Run every work in a thread of its own, all let go at the same moment; conflicts are results."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], Result]) -> Result | Conflict:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=20)
            return work()
        except Conflict as conflict:
            return conflict
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_who_approve_at_once_one_wins_and_the_other_is_told_who(cast: Cast, attempt: int) -> None:
    proposal = recommend(cast.north, cast.steady, cast.supplier)
    people = [cast.buyer, cast.administrator]
    results = at_once(
        *(
            lambda person=person: approve(  # type: ignore[misc]
                recommendation_id=proposal.pk, actor=person, now=NOW, version=1, scope=EVERY_STORE
            )
            for person in people
        )
    )
    [winner] = [result for result in results if isinstance(result, Decision)]
    [loser] = [result for result in results if isinstance(result, Conflict)]
    assert str(loser) == f"SKU-STEADY for N1 was approved by {winner.decided_by_name} at 16 Mar 2026 09:00 GMT."
    assert Decision.objects.get() == winner
    assert PurchaseOrderLine.objects.get().ordered_units == 12


def test_eight_approvals_for_one_supplier_and_store_end_in_one_draft_with_all_lines(cast: Cast) -> None:
    products = make_products(8)
    ids = recommend_many(cast.north, products, cast.supplier)
    results = at_once(
        *(
            lambda pk=pk: approve(recommendation_id=pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)  # type: ignore[misc]
            for pk in ids
        )
    )
    assert [type(result) for result in results] == [Decision] * 8
    order = PurchaseOrder.objects.get()
    assert sorted(order.lines.values_list("product_id", "ordered_units")) == [(product.pk, 12) for product in products]
    assert ReorderRecommendation.objects.filter(purchase_order_line__purchase_order=order).count() == 8


def test_bulk_approvals_that_overlap_decide_every_row_once(cast: Cast) -> None:
    ids = recommend_many(cast.north, make_products(40), cast.supplier)
    batches = [ids[:30], list(reversed(ids[10:])), ids[5:35], ids]
    results = at_once(
        *(
            lambda batch=batch: approve_many(  # type: ignore[misc]
                recommendation_ids=batch, actor=cast.buyer, now=NOW, scope=EVERY_STORE
            )
            for batch in batches
        )
    )
    done = [pk for result in results if isinstance(result, Outcome) for pk in result.done]
    assert sorted(done) == ids
    assert sorted(Decision.objects.values_list("recommendation_id", flat=True)) == ids
    order = PurchaseOrder.objects.get()
    assert list(order.lines.values_list("ordered_units", flat=True)) == [12] * 40


def test_the_same_product_approved_from_two_days_at_once_adds_up(cast: Cast) -> None:
    """Two rows, one order line: neither addition is lost."""
    ids = [recommend(cast.north, cast.steady, cast.supplier).pk]
    ids += [recommend(cast.north, cast.steady, cast.supplier, recommendation_date=NOW.date().replace(day=15)).pk]
    at_once(
        *(
            lambda pk=pk: approve(recommendation_id=pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)  # type: ignore[misc]
            for pk in ids
        )
    )
    assert PurchaseOrderLine.objects.get().ordered_units == 24


def test_two_receipts_with_the_same_key_move_the_stock_once(cast: Cast) -> None:
    items = [OrderItem(cast.steady.pk, 12, Decimal("3.00"))]
    order = add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)
    approve_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    send_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    line = order.lines.get()

    def receive() -> PurchaseOrder:
        return receive_order(order_id=order.pk, lines={line.pk: 5}, idempotency_key="d1", actor=cast.buyer, now=NOW)

    results = at_once(receive, receive)
    assert [type(result) for result in results] == [PurchaseOrder] * 2
    assert (Receipt.objects.get().units, InventoryTransaction.objects.get().quantity) == (5, 5)
    assert StockLevel.objects.get().on_hand_units == 5
    line.refresh_from_db()
    assert line.received_units == 5


def test_two_deliveries_at_once_are_both_booked(cast: Cast) -> None:
    items = [OrderItem(cast.steady.pk, 12, Decimal("3.00"))]
    order = add_to_draft_order(store=cast.north, supplier=cast.supplier, items=items, actor=cast.buyer, now=NOW)
    approve_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    send_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    line = order.lines.get()
    at_once(
        *(
            lambda key=key: receive_order(  # type: ignore[misc]
                order_id=order.pk, lines={line.pk: 6}, idempotency_key=key, actor=cast.buyer, now=NOW
            )
            for key in ("d1", "d2")
        )
    )
    order.refresh_from_db()
    assert (order.status, StockLevel.objects.get().on_hand_units) == ("received", 12)
