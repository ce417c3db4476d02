"""Deciding transfers and excess: who may, what it sets going, and what a refusal leaves behind."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from insights.models import (
    Decision,
    DecisionLimit,
    ExcessRecommendation,
    ReorderRecommendation,
    TransferRecommendation,
)
from insights.services.decisions import (
    EXCESS,
    ORDERS,
    TRANSFERS,
    Wish,
    approve,
    approve_many,
    bring_back,
    decide_many,
    deciding,
    history,
    let_lapse,
    limits_of,
    reject,
    snooze,
)
from inventory.models import StockLevel, StockTransfer, StockTransferLine, Store
from inventory.querysets.scope import EVERY_STORE, StoreScope
from inventory.services.access import scope_of_user
from inventory.services.errors import Conflict
from inventory.services.order_stops import resume_orders
from inventory.services.transfers import approve_transfer
from tests.cast import NOW, TODAY, Cast, make_person, set_bounds
from tests.insights.move_proposals import make_east, propose_excess, propose_transfer
from tests.insights.proposals import make_products, recommend

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def east(cast: Cast) -> Store:
    return make_east()


@pytest.fixture
def proposal(cast: Cast, east: Store) -> TransferRecommendation:
    """Ten from the north, where the store manager works, to the east."""
    return propose_transfer(cast.north, east, cast.steady)


def decide(row: Any, actor: Any, service: Any = approve, **changes: Any) -> Decision:
    kind = TRANSFERS if isinstance(row, TransferRecommendation) else EXCESS
    options = {"recommendation_id": row.pk, "actor": actor, "now": NOW, "scope": scope_of_user(actor), "kind": kind}
    return service(**{**options, **changes})


def nothing_happened() -> bool:
    return (
        not Decision.objects.exists()
        and not StockTransfer.objects.exists()
        and not TransferRecommendation.objects.exclude(status="pending", version=1).exists()
        and not ExcessRecommendation.objects.exclude(status="pending", version=1).exists()
    )


def test_an_approval_puts_the_units_on_the_draft_between_the_two_stores(
    cast: Cast, east: Store, proposal: TransferRecommendation
) -> None:
    kept = decide(proposal, cast.buyer)
    proposal.refresh_from_db()
    line = StockTransferLine.objects.get()
    assert (line.units, line.product, line.transfer.status) == (10, cast.steady, "draft")
    assert (line.transfer.from_store, line.transfer.to_store, line.transfer.created_by) == (
        cast.north,
        east,
        cast.buyer,
    )
    assert (proposal.status, proposal.version, proposal.approved_quantity) == ("approved", 2, 10)
    assert proposal.stock_transfer_line == line
    assert (kept.row, kept.quantity, kept.value) == (proposal, 10, Decimal("30.0000"))
    assert (kept.recommendation, kept.excess_recommendation) == (None, None)
    assert kept.shown["net_gain"] == "40.00"
    assert kept.shown["sender_stock"] == 50


def test_approvals_between_the_same_stores_share_one_draft(cast: Cast, east: Store) -> None:
    rows = [propose_transfer(cast.north, east, product) for product in (cast.steady, cast.seasonal)]
    back = propose_transfer(east, cast.north, cast.dead)
    outcome = approve_many(
        recommendation_ids=[*(row.pk for row in rows), back.pk],
        actor=cast.buyer,
        now=NOW,
        scope=EVERY_STORE,
        kind=TRANSFERS,
    )
    assert len(outcome.done) == 3
    drafts = {(draft.from_store.code, draft.lines.count()) for draft in StockTransfer.objects.all()}
    assert drafts == {("N1", 2), ("E1", 1)}
    again = propose_transfer(cast.north, east, cast.steady, recommendation_date=TODAY + timedelta(days=1))
    decide(again, cast.buyer)
    assert StockTransferLine.objects.get(product=cast.steady).units == 20
    transfer = StockTransfer.objects.get(from_store=cast.north)
    assert approve_transfer(transfer_id=transfer.pk, actor=cast.buyer, now=NOW).status == "approved"
    decide(propose_transfer(cast.north, east, cast.new), cast.buyer)
    assert StockTransfer.objects.filter(from_store=cast.north).count() == 2  # what is approved is closed to more


def test_the_senders_people_decide_and_the_receivers_only_see(cast: Cast, east: Store) -> None:
    """The whole cast, on a move out of the store manager's store and on one into it."""
    leaving = propose_transfer(cast.north, east, cast.steady)
    coming = propose_transfer(east, cast.north, cast.seasonal)
    for row, may in ((leaving, {"store_manager", "buyer", "administrator"}), (coming, {"buyer", "administrator"})):
        deciders = set()
        for role, person in cast.people.items():
            with transaction.atomic():
                try:
                    decide(row, person)
                except PermissionDenied:
                    assert nothing_happened()
                else:
                    deciders |= {role} if person.has_perm("insights.decide_transferrecommendation") else set()
                transaction.set_rollback(True)
        assert deciders == may
    seen = TransferRecommendation.objects.visible_to(scope_of_user(cast.store_manager))
    assert set(seen) == {leaving, coming}
    other = StoreScope(store_ids=frozenset({cast.south.pk}))
    assert not TransferRecommendation.objects.visible_to(other).exists()


def test_another_quantity_needs_a_reason_and_stock(cast: Cast, proposal: TransferRecommendation) -> None:
    with pytest.raises(ValidationError, match="Say why: 20 units are 100% more"):
        decide(proposal, cast.buyer, quantity=20)
    with pytest.raises(ValidationError, match="N1 had 50 units; move at most those"):
        decide(proposal, cast.buyer, quantity=51, reason="all of it")
    assert nothing_happened()
    decide(proposal, cast.buyer, quantity=20, reason="a fair there")
    assert StockTransferLine.objects.get().units == 20


def test_beyond_the_limit_a_second_person_signs(cast: Cast, proposal: TransferRecommendation) -> None:
    DecisionLimit.objects.create(role=Group.objects.get(name="Buyer"), most_per_decision=29)
    kept = decide(proposal, cast.buyer)
    proposal.refresh_from_db()
    assert (kept.action, proposal.status, proposal.proposed_quantity) == ("propose", "proposed", 10)
    assert not StockTransfer.objects.exists()
    with pytest.raises(PermissionDenied, match="You proposed this yourself"):
        decide(proposal, cast.buyer, now=LATER)
    signed = decide(proposal, cast.administrator, now=LATER)
    assert (signed.proposed_by_name, StockTransferLine.objects.get().units) == ("bo", 10)


def test_the_days_limit_counts_orders_and_transfers_together(cast: Cast, proposal: TransferRecommendation) -> None:
    DecisionLimit.objects.create(role=Group.objects.get(name="Buyer"), most_per_day=60)
    order = recommend(cast.north, cast.steady, cast.supplier)  # 12 at 3.00
    approve(recommendation_id=order.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    assert limits_of(cast.buyer, now=NOW).committed_today == {"GBP": Decimal("36.00")}
    assert decide(proposal, cast.buyer).action == "propose"


def test_of_two_people_who_decide_at_once_the_first_wins(
    cast: Cast, proposal: TransferRecommendation, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = TransferRecommendation.objects.select_related("from_store", "to_store", "product").get(pk=proposal.pk)
    decide(proposal, cast.buyer)
    with pytest.raises(Conflict, match="SKU-STEADY from N1 to E1 was approved by bo at 16 Mar 2026 09:00 GMT"):
        decide(proposal, cast.administrator, now=LATER)
    monkeypatch.setattr(deciding, "lock_recommendations", lambda kind, ids: {stale.pk: stale})
    with pytest.raises(Conflict, match="was approved by bo"):
        decide(proposal, cast.administrator, now=LATER)
    assert (Decision.objects.count(), StockTransferLine.objects.get().units) == (1, 10)


def test_a_rerun_changed_the_numbers_meanwhile(cast: Cast, proposal: TransferRecommendation) -> None:
    with pytest.raises(Conflict, match="The numbers changed since you opened this page"):
        decide(proposal, cast.buyer, version=7)
    assert nothing_happened()


def test_a_rejection_says_why_and_moves_nothing(cast: Cast, proposal: TransferRecommendation) -> None:
    with pytest.raises(ValidationError, match="Say why it is rejected"):
        decide(proposal, cast.buyer, reject)
    decide(proposal, cast.buyer, reject, reason="the van is full")
    proposal.refresh_from_db()
    assert (proposal.status, StockTransfer.objects.count()) == ("rejected", 0)
    assert [event.words for event in history(proposal)] == ["Recommended", "Rejected"]


def test_a_snoozed_one_comes_back_and_a_proposal_lapses(cast: Cast, proposal: TransferRecommendation) -> None:
    decide(proposal, cast.buyer, snooze, until=TODAY + timedelta(days=2))
    assert bring_back(now=NOW + timedelta(days=1)) == 0
    assert bring_back(now=NOW + timedelta(days=2)) == 1
    proposal.refresh_from_db()
    assert proposal.status == "pending"
    DecisionLimit.objects.create(role=Group.objects.get(name="Buyer"), most_per_decision=1)
    decide(proposal, cast.buyer)
    assert let_lapse(before=TODAY + timedelta(days=1), now=LATER) == 1
    assert [event.words for event in history(proposal)][-1] == "Lapsed without a second person"


@pytest.mark.django_db
class TestExcess:
    def test_stopping_orders_stops_them_and_expires_what_is_proposed(self, cast: Cast) -> None:
        set_bounds(cast.north, cast.steady, minimum=0, maximum=0)
        order = recommend(cast.north, cast.steady, cast.supplier)
        other = recommend(cast.south, cast.steady, cast.supplier)
        row = propose_excess(cast.north, cast.steady)
        kept = decide(row, cast.store_manager)
        order.refresh_from_db()
        other.refresh_from_db()
        assert (kept.value, order.status, order.version, other.status) == (0, "expired", 2, "pending")
        level = StockLevel.objects.get(store=cast.north, product=cast.steady)
        assert level.orders_stopped_until == TODAY + timedelta(days=60)
        assert resume_orders([(cast.north.pk, cast.steady.pk)]) == 1
        level.refresh_from_db()
        assert level.orders_stopped_until is None

    def test_moving_approves_the_transfers_that_are_proposed_from_there(self, cast: Cast, east: Store) -> None:
        moves = [
            propose_transfer(cast.north, east, cast.steady),
            propose_transfer(cast.north, east, cast.steady, recommendation_date=TODAY - timedelta(days=1)),
        ]
        row = propose_excess(cast.north, cast.steady, "move")
        kept = decide(row, cast.buyer)
        assert kept.value == Decimal("30.0000")
        assert StockTransferLine.objects.get().units == 10
        assert [move.status for move in TransferRecommendation.objects.order_by("pk")] == ["approved", "pending"]
        assert Decision.objects.get(transfer_recommendation=moves[0]).reason == "approved with the excess"

    def test_moving_what_somebody_has_decided_already_is_refused(self, cast: Cast, east: Store) -> None:
        move = propose_transfer(cast.north, east, cast.steady)
        decide(move, cast.buyer, reject, reason="no")
        row = propose_excess(cast.north, cast.steady, "move")
        with pytest.raises(Conflict, match="The transfers that it proposed are all decided"):
            decide(row, cast.buyer)
        row.refresh_from_db()
        assert (row.status, Decision.objects.count()) == ("pending", 1)

    def test_a_mark_down_commits_what_it_gives_up(self, cast: Cast) -> None:
        """100 units at 5.00 that go for 4.50: 50.00."""
        DecisionLimit.objects.create(role=Group.objects.get(name="Buyer"), most_per_decision=49)
        row = propose_excess(cast.north, cast.steady, "mark_down")
        assert decide(row, cast.buyer).action == "propose"
        kept = decide(row, cast.administrator)
        assert (kept.value, kept.shown["mark_down_to"]) == (Decimal("50.0000"), "4.50")

    def test_the_excess_is_a_fact_and_not_a_choice(self, cast: Cast) -> None:
        row = propose_excess(cast.north, cast.steady)
        with pytest.raises(ValidationError, match="The excess is 100 units"):
            decide(row, cast.buyer, quantity=90, reason="less")
        assert nothing_happened()

    def test_another_stores_excess_is_neither_seen_nor_decided(self, cast: Cast) -> None:
        row = propose_excess(cast.south, cast.steady)
        with pytest.raises(PermissionDenied):
            decide(row, cast.store_manager)
        assert nothing_happened()
        assert not ExcessRecommendation.objects.visible_to(scope_of_user(cast.store_manager)).exists()


def test_a_thousand_are_decided_in_a_constant_number_of_queries(
    cast: Cast, east: Store, django_assert_num_queries: Any
) -> None:
    def ask(count: int, prefix: str) -> list[Wish]:
        products = make_products(count, prefix=prefix)
        rows = [propose_transfer(cast.north, east, product) for product in products]
        return [Wish(row.pk, "approve") for row in rows]

    few, many = ask(3, "F"), ask(40, "M")
    decide_many(wishes=few[:1], actor=cast.buyer, now=NOW, scope=EVERY_STORE, kind=TRANSFERS)  # the draft is there
    for wishes in (few[1:], many):
        with django_assert_num_queries(15):
            results = decide_many(wishes=wishes, actor=cast.buyer, now=NOW, scope=EVERY_STORE, kind=TRANSFERS)
        assert {result.outcome for result in results} == {"approved"}


def test_a_decision_is_about_one_row_and_not_two(cast: Cast, proposal: TransferRecommendation) -> None:
    order = recommend(cast.north, cast.steady, cast.supplier)
    columns: dict[str, Any] = {
        "action": "snooze",
        "recommended_quantity": 1,
        "snoozed_until": TODAY,
        "decided_by_name": "bo",
        "decided_at": NOW,
    }
    for about in ({}, {"recommendation": order, "transfer_recommendation": proposal}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Decision.objects.create(**columns, **about)


def test_decisions_of_three_kinds_are_seen_by_their_stores(cast: Cast, east: Store) -> None:
    order = recommend(cast.north, cast.steady, cast.supplier)
    reject(recommendation_id=order.pk, actor=cast.buyer, now=NOW, reason="no", scope=EVERY_STORE, kind=ORDERS)
    decide(propose_transfer(east, cast.north, cast.steady), cast.buyer, reject, reason="no")
    decide(propose_excess(cast.north, cast.steady), cast.buyer, reject, reason="no")
    decide(propose_excess(cast.south, cast.steady), cast.buyer, reject, reason="no")
    mine = Decision.objects.visible_to(scope_of_user(cast.store_manager))
    assert len(mine) == 3
    assert {type(decision.row) for decision in mine} == {
        ReorderRecommendation,
        TransferRecommendation,
        ExcessRecommendation,
    }


def test_a_person_of_both_stores_may_decide_either_way(cast: Cast, east: Store) -> None:
    both = make_person("mia", "Store manager", stores=[cast.north, east])
    assert decide(propose_transfer(east, cast.north, cast.steady), both).action == "approve"
