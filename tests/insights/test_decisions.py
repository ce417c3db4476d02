"""Approving and rejecting: one winner, a kept decision, an order line, and refusals that change nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from insights.models import Decision, ReorderRecommendation
from insights.services.decisions import approve, approve_many, deciding, reject, reject_many
from inventory.models import PurchaseOrder, PurchaseOrderLine, SupplierItem
from inventory.querysets.scope import EVERY_STORE, StoreScope
from inventory.services.errors import Conflict
from tests.cast import NOW, TODAY, Cast
from tests.insights.proposals import make_products, recommend, recommend_many

LATER = NOW + timedelta(minutes=5)
NOT_HERE = "It does not exist, or its store is not one of yours."


@pytest.fixture
def proposal(cast: Cast) -> ReorderRecommendation:
    return recommend(cast.north, cast.steady, cast.supplier)


def nothing_was_decided() -> bool:
    return (
        not Decision.objects.exists()
        and not PurchaseOrder.objects.exists()
        and not ReorderRecommendation.objects.exclude(status="pending", version=1).exists()
    )


def test_an_approval_is_kept_with_what_was_shown_and_ordered_in_the_draft(
    cast: Cast, proposal: ReorderRecommendation
) -> None:
    decision = approve(recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, reason=" promo ", scope=EVERY_STORE)
    proposal.refresh_from_db()
    assert (proposal.status, proposal.approved_quantity, proposal.version) == ("approved", 12, 2)
    line = PurchaseOrderLine.objects.get()
    assert proposal.purchase_order_line == line
    assert (line.product, line.ordered_units, line.unit_cost) == (cast.steady, 12, Decimal("3.0000"))
    assert (line.purchase_order.store, line.purchase_order.supplier) == (cast.north, cast.supplier)
    assert line.purchase_order.status == "draft"
    kept = Decision.objects.get()
    assert kept == decision
    assert (kept.action, kept.quantity, kept.recommended_quantity, kept.reason) == ("approve", 12, 12, "promo")
    assert (kept.decided_by, kept.decided_by_name, kept.decided_at) == (cast.buyer, "bo", NOW)
    assert (kept.status_before, kept.status_after, kept.value) == ("pending", "approved", Decimal("36.0000"))
    assert kept.shown == {
        "version": 1,
        "recommendation_date": TODAY.isoformat(),
        "current_stock": 4,
        "on_order_units": 0,
        "minimum_stock": 6,
        "maximum_stock": 60,
        "projected_demand_14_days": 21.0,
        "recommended_order_quantity": 12,
        "unit_cost": "3.0000",
        "money_at_risk": "40.00",
        "stockout_probability": 0.7,
        "urgency_level": "high",
        "abc_class": "A",
        "dossier": {"review_days": 7},
    }


def test_another_quantity_is_ordered_when_it_is_in_whole_packs(cast: Cast, proposal: ReorderRecommendation) -> None:
    decision = approve(
        recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, quantity=18, reason="promo", scope=EVERY_STORE
    )
    assert (decision.quantity, decision.recommended_quantity, decision.is_changed) == (18, 12, True)
    assert PurchaseOrderLine.objects.get().ordered_units == 18


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        (0, "0 units cannot be ordered: packs of 6, at least 6. Use 6."),
        (-6, "-6 units cannot be ordered: packs of 6, at least 6. Use 6."),
        (13, "13 units cannot be ordered: packs of 6, at least 6. Use 12 or 18."),
    ],
)
def test_a_quantity_off_the_pack_is_refused_with_those_next_to_it(
    cast: Cast, proposal: ReorderRecommendation, quantity: int, message: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        approve(recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, quantity=quantity, scope=EVERY_STORE)
    assert refused.value.message_dict == {"quantity": [message]}
    assert nothing_was_decided()


def test_the_products_own_pack_counts_where_the_supplier_does_not_list_it(
    cast: Cast, proposal: ReorderRecommendation
) -> None:
    SupplierItem.objects.all().delete()
    cast.steady.pack_size = 5
    cast.steady.save(update_fields=["pack_size"])
    with pytest.raises(ValidationError, match="packs of 5"):
        approve(recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    assert (
        approve(recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, quantity=15, scope=EVERY_STORE).quantity == 15
    )


def test_without_a_supplier_there_is_nothing_to_approve(cast: Cast) -> None:
    orphan = recommend(cast.north, cast.steady, None)
    with pytest.raises(ValidationError) as refused:
        approve(recommendation_id=orphan.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    assert list(refused.value.message_dict) == ["supplier"]
    assert nothing_was_decided()


def test_a_rejection_needs_a_reason_and_keeps_it(cast: Cast, proposal: ReorderRecommendation) -> None:
    with pytest.raises(ValidationError) as refused:
        reject(recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, reason="  ", scope=EVERY_STORE)
    assert list(refused.value.message_dict) == ["reason"]
    assert nothing_was_decided()
    decision = reject(recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, reason="delisted", scope=EVERY_STORE)
    proposal.refresh_from_db()
    assert (proposal.status, proposal.approved_quantity) == ("rejected", None)
    assert (decision.action, decision.quantity, decision.reason) == ("reject", None, "delisted")
    assert not PurchaseOrder.objects.exists()


def test_the_second_of_two_is_told_who_decided_and_when(cast: Cast, proposal: ReorderRecommendation) -> None:
    reject(recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, reason="no", version=1, scope=EVERY_STORE)
    with pytest.raises(Conflict) as told:
        approve(recommendation_id=proposal.pk, actor=cast.administrator, now=LATER, version=1, scope=EVERY_STORE)
    assert str(told.value) == "SKU-STEADY for N1 was rejected by bo at 16 Mar 2026 09:00 GMT."
    assert not PurchaseOrder.objects.exists()
    assert Decision.objects.count() == 1


def test_a_stale_copy_that_was_read_before_the_other_decided_loses(
    cast: Cast, proposal: ReorderRecommendation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two stale copies: the second caller read the pending row, and only the UPDATE's count tells it."""
    stale = ReorderRecommendation.objects.select_related("store", "product", "supplier").get(pk=proposal.pk)
    approve(recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    monkeypatch.setattr(deciding, "lock_recommendations", lambda kind, ids: {stale.pk: stale})
    with pytest.raises(Conflict, match="was approved by bo at 16 Mar 2026 09:00 GMT"):
        approve(recommendation_id=proposal.pk, actor=cast.administrator, now=LATER, scope=EVERY_STORE)
    assert (Decision.objects.count(), PurchaseOrderLine.objects.get().ordered_units) == (1, 12)


def test_numbers_that_a_rerun_changed_have_to_be_looked_at_again(cast: Cast, proposal: ReorderRecommendation) -> None:
    ReorderRecommendation.objects.filter(pk=proposal.pk).update(version=2, recommended_order_quantity=600)
    with pytest.raises(Conflict, match="The numbers changed since you opened this page"):
        approve(recommendation_id=proposal.pk, actor=cast.buyer, now=NOW, version=1, scope=EVERY_STORE)
    assert not PurchaseOrder.objects.exists()


def test_another_stores_recommendation_is_refused(cast: Cast) -> None:
    other = recommend(cast.south, cast.steady, cast.supplier)
    north = StoreScope(store_ids=frozenset({cast.north.pk}))
    with pytest.raises(PermissionDenied):
        approve(recommendation_id=other.pk, actor=cast.store_manager, now=NOW, scope=north)
    with pytest.raises(PermissionDenied):
        reject(recommendation_id=other.pk, actor=cast.store_manager, now=NOW, reason="no", scope=north)
    assert nothing_was_decided()


def test_many_are_approved_and_each_that_is_not_is_named(cast: Cast, settings: Any) -> None:
    settings.DECISION_VALUE_LIMIT = 100.0
    good = [recommend(store, cast.steady, cast.supplier).pk for store in (cast.north, cast.south)]
    taken = recommend(cast.north, cast.seasonal, cast.supplier)
    reject(recommendation_id=taken.pk, actor=cast.buyer, now=NOW, reason="no", scope=EVERY_STORE)
    orphan = recommend(cast.north, cast.intermittent, None)
    dear = recommend(cast.north, cast.new, cast.supplier, recommended_order_quantity=60)
    loose = recommend(cast.north, cast.dead, cast.supplier, recommended_order_quantity=7)
    ids = [*good, taken.pk, orphan.pk, dear.pk, loose.pk, 0, 2**70]
    outcome = approve_many(recommendation_ids=ids, actor=cast.buyer, now=LATER, scope=EVERY_STORE, reason="weekly")
    assert (outcome.done, outcome.proposed) == (good, [dear.pk])
    assert outcome.skipped == [
        (0, NOT_HERE),
        (taken.pk, "SKU-SEASONAL for N1 was rejected by bo at 16 Mar 2026 09:00 GMT."),
        (orphan.pk, "It has no supplier; give the product one, and the next nightly run can propose an order."),
        (loose.pk, "7 units cannot be ordered: packs of 6, at least 6. Use 6 or 12."),
        (2**70, NOT_HERE),
    ]
    approved = ReorderRecommendation.objects.filter(status="approved").order_by("pk")
    assert list(approved.values_list("pk", "approved_quantity", "purchase_order_line__ordered_units")) == [
        (pk, 12, 12) for pk in good
    ]
    assert PurchaseOrder.objects.count() == 2
    assert Decision.objects.filter(action="approve", reason="weekly", quantity=12).count() == 2


def test_many_are_rejected_for_one_reason(cast: Cast) -> None:
    ids = [recommend(cast.north, product, cast.supplier).pk for product in cast.products]
    with pytest.raises(ValidationError):
        reject_many(recommendation_ids=ids, actor=cast.buyer, now=NOW, reason="", scope=EVERY_STORE)
    assert nothing_was_decided()
    outcome = reject_many(recommendation_ids=ids, actor=cast.buyer, now=NOW, reason="moving", scope=EVERY_STORE)
    assert (outcome.done, outcome.skipped) == (ids, [])
    assert ReorderRecommendation.objects.filter(status="rejected", version=2).count() == 5
    assert Decision.objects.filter(reason="moving").count() == 5


def test_a_store_manager_decides_for_own_stores_in_bulk_and_no_others(cast: Cast) -> None:
    own = recommend(cast.north, cast.steady, cast.supplier)
    other = recommend(cast.south, cast.steady, cast.supplier)
    north = StoreScope(store_ids=frozenset({cast.north.pk}))
    both = [own.pk, other.pk]
    outcome = approve_many(recommendation_ids=both, actor=cast.store_manager, now=NOW, scope=north)
    assert outcome.done == [own.pk]
    assert outcome.skipped == [(other.pk, NOT_HERE)]
    other.refresh_from_db()
    assert other.status == "pending"


@pytest.mark.parametrize("ids", [[], list(range(1, 5_002))])
def test_none_and_too_many_are_refused(cast: Cast, ids: list[int]) -> None:
    with pytest.raises(ValidationError) as refused:
        approve_many(recommendation_ids=ids, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    assert list(refused.value.message_dict) == ["recommendation_ids"]


def test_bulk_approval_takes_the_same_queries_for_any_number(
    cast: Cast, django_assert_num_queries: Callable[..., Any]
) -> None:
    products = make_products(33)
    ids = recommend_many(cast.north, products, cast.supplier)
    cast.buyer.get_all_permissions()  # kept on the user after the first time
    for batch in (ids[:3], ids[3:]):
        PurchaseOrder.objects.filter(status="draft").update(status="approved")
        with django_assert_num_queries(20):
            outcome = approve_many(recommendation_ids=batch, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
        assert outcome.done == batch


def test_bulk_rejection_takes_the_same_queries_for_any_number(
    cast: Cast, django_assert_num_queries: Callable[..., Any]
) -> None:
    ids = recommend_many(cast.north, make_products(33), cast.supplier)
    for batch in (ids[:3], ids[3:]):
        with django_assert_num_queries(6):
            reject_many(recommendation_ids=batch, actor=cast.buyer, now=NOW, reason="no", scope=EVERY_STORE)


def test_a_thousand_at_once_are_all_approved_into_one_draft(cast: Cast) -> None:
    """The time it takes (under 3 s) is the benchmark's; here every row must have its line and its decision."""
    ids = recommend_many(cast.north, make_products(1_000), cast.supplier)
    outcome = approve_many(recommendation_ids=ids, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    assert (len(outcome.done), outcome.skipped) == (1_000, [])
    order = PurchaseOrder.objects.get()
    assert order.lines.count() == Decision.objects.count() == 1_000
    assert ReorderRecommendation.objects.filter(purchase_order_line__purchase_order=order).count() == 1_000
