"""Real threads with a connection each, on MariaDB: of two who decide at once one wins, and no order is split."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any, TypeVar

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from insights.models import Decision, DecisionLimit, DecisionValue, ReorderRecommendation
from insights.services.decision_value import value_decisions
from insights.services.decisions import Outcome, approve, approve_many, bring_back, reject, snooze
from inventory.models import InventoryTransaction, PurchaseOrder, PurchaseOrderLine, Receipt, StockLevel
from inventory.querysets.scope import EVERY_STORE
from inventory.services.errors import Conflict
from inventory.services.purchasing import OrderItem, add_to_draft_order, approve_order, receive_order, send_order
from tests.cast import NOW, TODAY, Cast, make_person
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


@pytest.mark.parametrize("attempt", range(3))
def test_of_a_snooze_and_an_approval_at_once_one_wins(cast: Cast, attempt: int) -> None:
    proposal = recommend(cast.north, cast.steady, cast.supplier)
    who = {"recommendation_id": proposal.pk, "now": NOW, "version": 1, "scope": EVERY_STORE}
    results = at_once(
        lambda: snooze(until=TODAY + timedelta(days=2), actor=cast.buyer, **who),
        lambda: approve(actor=cast.administrator, **who),
    )
    [winner] = [result for result in results if isinstance(result, Decision)]
    assert [type(result) for result in results].count(Conflict) == 1
    proposal.refresh_from_db()
    assert (proposal.status, proposal.version) == (winner.status_after, 2)
    assert Decision.objects.get() == winner
    assert PurchaseOrderLine.objects.count() == (winner.action == "approve")


@pytest.mark.parametrize("attempt", range(3))
def test_two_second_persons_at_once_order_once(cast: Cast, settings: Any, attempt: int) -> None:
    settings.DECISION_VALUE_LIMIT = 1.0
    proposal = recommend(cast.north, cast.steady, cast.supplier)
    approve(recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    people = [cast.administrator, make_person("abe", "Administrator")]
    results = at_once(
        *(
            lambda person=person: approve(  # type: ignore[misc]
                recommendation_id=proposal.pk, actor=person, now=NOW, scope=EVERY_STORE
            )
            for person in people
        )
    )
    [winner] = [result for result in results if isinstance(result, Decision)]
    [loser] = [result for result in results if isinstance(result, Conflict)]
    assert f"was approved by {winner.decided_by_name}" in str(loser)
    assert winner.proposed_by_name == "bo"
    assert PurchaseOrderLine.objects.get().ordered_units == 12


def test_two_first_persons_at_once_leave_one_proposal_that_the_other_may_not_overwrite(
    cast: Cast, settings: Any
) -> None:
    settings.DECISION_VALUE_LIMIT = 1.0
    proposal = recommend(cast.north, cast.steady, cast.supplier)
    results = at_once(
        *(
            lambda person=person: approve(  # type: ignore[misc]
                recommendation_id=proposal.pk, actor=person, now=NOW, version=1, scope=EVERY_STORE
            )
            for person in (cast.buyer, cast.store_manager)
        )
    )
    [winner] = [result for result in results if isinstance(result, Decision)]
    proposal.refresh_from_db()
    assert (proposal.status, proposal.proposed_by, winner.action) == ("proposed", winner.decided_by, "propose")
    assert Decision.objects.count() == 1
    assert not PurchaseOrder.objects.exists()


def test_one_persons_days_limit_holds_over_approvals_at_once(cast: Cast) -> None:
    """Each is under the limit, both together are not: the second one becomes a proposal."""
    DecisionLimit.objects.create(role=Group.objects.get(name="Buyer"), most_per_day=40)
    ids = recommend_many(cast.north, make_products(4), cast.supplier)
    results = at_once(
        *(
            lambda pk=pk: approve(recommendation_id=pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)  # type: ignore[misc]
            for pk in ids
        )
    )
    actions = sorted(result.action for result in results if isinstance(result, Decision))
    assert actions == ["approve", "propose", "propose", "propose"]
    assert PurchaseOrderLine.objects.count() == 1


def test_a_row_that_comes_back_while_it_is_approved_is_ordered_once(cast: Cast) -> None:
    proposal = recommend(cast.north, cast.steady, cast.supplier)
    snooze(recommendation_id=proposal.pk, until=TODAY + timedelta(days=1), actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    later = NOW + timedelta(days=1)
    at_once(
        lambda: bring_back(now=later),
        lambda: bring_back(now=later),
        lambda: approve(recommendation_id=proposal.pk, actor=cast.buyer, now=later, scope=EVERY_STORE),
    )
    proposal.refresh_from_db()
    assert (proposal.status, PurchaseOrderLine.objects.get().ordered_units) == ("approved", 12)
    assert Decision.objects.filter(action="return").count() <= 1


def test_two_valuations_at_once_value_each_decision_once(cast: Cast) -> None:
    for pk in recommend_many(cast.north, make_products(5), cast.supplier):
        reject(recommendation_id=pk, actor=cast.buyer, now=NOW, reason="no", scope=EVERY_STORE)
    at_once(*[lambda: value_decisions(now=NOW + timedelta(days=30))] * 3)
    assert DecisionValue.objects.count() == 5
