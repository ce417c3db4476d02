"""Limits by role and value, and the second person that an order beyond them needs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from insights.models import Decision, DecisionLimit, ReorderRecommendation
from insights.services.decisions import Wish, approve, approve_many, decide_many, reject
from inventory.models import PurchaseOrder, PurchaseOrderLine
from inventory.querysets.scope import EVERY_STORE
from inventory.services.errors import Conflict
from tests.cast import NOW, Cast, make_person
from tests.insights.proposals import recommend

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def dear(cast: Cast) -> ReorderRecommendation:
    """60 units at 3.00: 180 GBP."""
    return recommend(cast.north, cast.steady, cast.supplier, recommended_order_quantity=60)


@pytest.fixture(autouse=True)
def limit(settings: Any) -> None:
    settings.DECISION_VALUE_LIMIT = 100.0


def limit_role(role: str, *, decision: int | None = None, day: int | None = None) -> None:
    DecisionLimit.objects.create(role=Group.objects.get(name=role), most_per_decision=decision, most_per_day=day)


def decide(row: ReorderRecommendation, actor: Any, **changes: Any) -> Decision:
    return approve(**{"recommendation_id": row.pk, "actor": actor, "now": NOW, "scope": EVERY_STORE, **changes})


def test_an_order_on_the_limit_needs_nobody_else(cast: Cast, settings: Any, dear: ReorderRecommendation) -> None:
    settings.DECISION_VALUE_LIMIT = 180.0
    assert decide(dear, cast.buyer).action == "approve"


def test_over_the_limit_an_approval_is_a_proposal_that_orders_nothing(cast: Cast, dear: ReorderRecommendation) -> None:
    kept = decide(dear, cast.buyer, reason="fair")
    dear.refresh_from_db()
    assert (kept.action, kept.status_before, kept.status_after) == ("propose", "pending", "proposed")
    assert (kept.quantity, kept.value, kept.is_over_limit) == (60, Decimal("180.0000"), True)
    assert (dear.status, dear.proposed_quantity, dear.approved_quantity) == ("proposed", 60, None)
    assert (dear.proposed_by, dear.proposed_by_name, dear.version) == (cast.buyer, "bo", 2)
    assert not PurchaseOrder.objects.exists()


def test_the_proposer_is_not_the_second_person(cast: Cast, dear: ReorderRecommendation) -> None:
    decide(dear, cast.buyer)
    before = list(ReorderRecommendation.objects.values())
    with pytest.raises(PermissionDenied) as refused:
        decide(dear, cast.buyer, now=LATER)
    assert str(refused.value) == (
        "You proposed this yourself and 180.00 GBP is over your limit of 100.00 for one decision: somebody else has to "
        "approve it."
    )
    assert list(ReorderRecommendation.objects.values()) == before
    assert (Decision.objects.count(), PurchaseOrder.objects.count()) == (1, 0)


def test_a_second_person_without_the_right_cannot_sign(cast: Cast, dear: ReorderRecommendation) -> None:
    decide(dear, cast.buyer)
    with pytest.raises(PermissionDenied, match="60 units were proposed by bo, and 180"):
        decide(dear, make_person("bea", "Buyer"), now=LATER)
    assert (Decision.objects.count(), PurchaseOrder.objects.count()) == (1, 0)


def test_a_second_person_who_may_signs_what_was_proposed(cast: Cast, dear: ReorderRecommendation) -> None:
    decide(dear, cast.buyer, quantity=72)
    kept = decide(dear, cast.administrator, now=LATER, version=2)
    dear.refresh_from_db()
    assert (kept.action, kept.quantity, kept.status_before) == ("approve", 72, "proposed")
    assert (kept.proposed_by, kept.proposed_by_name, kept.decided_by) == (cast.buyer, "bo", cast.administrator)
    assert (dear.status, dear.approved_quantity) == ("approved", 72)
    assert PurchaseOrderLine.objects.get().ordered_units == 72
    with pytest.raises(Conflict, match="was approved by ada"):
        decide(dear, cast.administrator, now=LATER)
    assert PurchaseOrderLine.objects.get().ordered_units == 72


def test_a_role_with_a_higher_limit_is_second_person_enough(cast: Cast, dear: ReorderRecommendation) -> None:
    limit_role("Store manager", decision=500)
    decide(dear, cast.buyer)
    assert decide(dear, cast.store_manager, now=LATER).proposed_by == cast.buyer


def test_the_proposer_may_order_less_alone(cast: Cast, dear: ReorderRecommendation) -> None:
    decide(dear, cast.buyer)
    kept = decide(dear, cast.buyer, quantity=30, reason="half will do", now=LATER)
    assert (kept.action, kept.quantity, kept.is_over_limit, kept.proposed_by_name) == ("approve", 30, False, "")


def test_another_quantity_over_the_limit_is_a_proposal_of_its_own(cast: Cast, dear: ReorderRecommendation) -> None:
    decide(dear, cast.buyer)
    bea = make_person("bea", "Buyer")
    assert decide(dear, bea, quantity=66, now=LATER).action == "propose"
    dear.refresh_from_db()
    assert (dear.proposed_by, dear.proposed_quantity) == (bea, 66)
    assert decide(dear, cast.administrator, now=LATER).proposed_by == bea


def test_a_proposal_can_be_rejected_by_its_proposer(cast: Cast, dear: ReorderRecommendation) -> None:
    decide(dear, cast.buyer)
    kept = reject(recommendation_id=dear.pk, actor=cast.buyer, now=LATER, reason="no", scope=EVERY_STORE)
    assert (kept.status_before, kept.status_after) == ("proposed", "rejected")


def test_administrators_have_four_eyes_too_once_their_role_has_a_limit(cast: Cast, dear: ReorderRecommendation) -> None:
    limit_role("Administrator", decision=150)
    assert decide(dear, cast.administrator).action == "propose"
    with pytest.raises(PermissionDenied, match="You proposed this yourself"):
        decide(dear, cast.administrator, now=LATER)
    assert decide(dear, make_person("abe", "Administrator"), now=LATER).action == "approve"


def test_of_several_roles_the_most_generous_limit_counts(cast: Cast, dear: ReorderRecommendation) -> None:
    limit_role("Buyer", decision=50, day=60)
    limit_role("Store manager", decision=200)
    cast.buyer.groups.add(Group.objects.get(name="Store manager"))
    assert decide(dear, cast.buyer).action == "approve"


def test_a_days_limit_counts_what_the_person_approved_today_in_that_currency(cast: Cast) -> None:
    limit_role("Buyer", day=80)
    first, second, third = (
        recommend(cast.north, product, cast.supplier) for product in (cast.steady, cast.seasonal, cast.new)
    )
    euros = recommend(cast.south, cast.steady, cast.supplier)
    assert [decide(row, cast.buyer).action for row in (first, second)] == ["approve", "approve"]
    over = decide(third, cast.buyer)
    assert (over.action, over.is_over_limit) == ("propose", True)
    assert decide(euros, cast.buyer).action == "approve"
    tomorrow = recommend(cast.north, cast.dead, cast.supplier)
    assert decide(tomorrow, cast.buyer, now=NOW + timedelta(days=1)).action == "approve"


def test_a_days_limit_is_used_up_within_one_bulk_approval(cast: Cast) -> None:
    limit_role("Buyer", day=80)
    ids = [recommend(cast.north, product, cast.supplier).pk for product in cast.products]
    outcome = approve_many(recommendation_ids=ids, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    assert (outcome.done, outcome.proposed, outcome.skipped) == (ids[:2], ids[2:], [])


def test_many_proposals_are_signed_at_once_and_own_ones_are_named(cast: Cast) -> None:
    rows = [
        recommend(cast.north, product, cast.supplier, recommended_order_quantity=60)
        for product in (cast.steady, cast.new)
    ]
    limit_role("Administrator", decision=150)
    decide(rows[0], cast.buyer)
    decide(rows[1], cast.administrator)
    wishes = [Wish(row.pk, "approve") for row in rows]
    results = decide_many(wishes=wishes, actor=cast.administrator, now=LATER, scope=EVERY_STORE)
    assert [result.outcome for result in results] == ["approved", "refused"]
    assert results[1].why.startswith("You proposed this yourself")


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"action": "approve", "proposed_by": True}, "decision_second_is_not_first"),
        ({"action": "approve", "is_over_limit": True}, "decision_over_limit_has_two"),
        ({"action": "snooze"}, "decision_snooze_has_day"),
        ({"action": "reject", "reason": ""}, "decision_reject_has_reason"),
    ],
)
def test_the_database_refuses_what_the_service_would(
    cast: Cast, dear: ReorderRecommendation, changes: dict[str, Any], name: str
) -> None:
    if "proposed_by" in changes:
        changes = {**changes, "proposed_by": cast.buyer, "proposed_by_name": "bo"}
    columns = {
        "recommendation": dear,
        "recommended_quantity": 60,
        "decided_by": cast.buyer,
        "decided_by_name": "bo",
        "decided_at": NOW,
    }
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Decision.objects.create(**columns, **changes)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"status": "proposed", "proposed_quantity": 60}, "recommendation_proposed_has_proposer"),
        ({"status": "proposed", "proposed_by_name": "bo"}, "recommendation_proposed_has_proposer"),
        ({"status": "snoozed"}, "recommendation_snoozed_has_day"),
    ],
)
def test_the_database_refuses_a_state_that_means_nothing(
    dear: ReorderRecommendation, changes: dict[str, Any], name: str
) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        ReorderRecommendation.objects.filter(pk=dear.pk).update(**changes)
