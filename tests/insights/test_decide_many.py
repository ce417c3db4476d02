"""Many decisions at once, each in its own way: outcomes per row, reasons from the list, history, and old numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError

from insights.models import Decision, DecisionReason, ReorderRecommendation
from insights.services.decision_reasons import create_reasons
from insights.services.decisions import (
    Wish,
    approve,
    approve_many,
    bring_back,
    decide_many,
    history,
    reject,
    snooze,
    staleness_warning,
)
from inventory.models import PurchaseOrderLine
from inventory.querysets.scope import EVERY_STORE, StoreScope
from tests.cast import NOW, TODAY, Cast
from tests.insights.proposals import make_products, recommend, recommend_many

LATER = NOW + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def reasons(db: None) -> None:
    create_reasons(apps)  # a transactional test before this one may have emptied the table


@pytest.fixture
def row(cast: Cast) -> ReorderRecommendation:
    return recommend(cast.north, cast.steady, cast.supplier)


def decide(cast: Cast, *wishes: Wish, **changes: Any) -> list[Any]:
    return decide_many(**{"wishes": wishes, "actor": cast.buyer, "now": NOW, "scope": EVERY_STORE, **changes})


def test_each_row_gets_what_was_asked_for_it_in_the_order_of_the_asking(cast: Cast, settings: Any) -> None:
    settings.DECISION_VALUE_LIMIT = 100.0
    ids = [recommend(cast.north, product, cast.supplier).pk for product in cast.products]
    theirs = recommend(cast.south, cast.steady, cast.supplier)
    results = decide(
        cast,
        Wish(ids[3], "snooze", until=TODAY + timedelta(days=2)),
        Wish(ids[0], "approve"),
        Wish(ids[1], "approve", quantity=18, reason_code="promotion"),
        Wish(ids[2], "reject", reason="no"),
        Wish(ids[4], "approve", quantity=60, reason="many"),
        Wish(theirs.pk, "approve"),
        Wish(2**70, "approve"),
        scope=StoreScope(store_ids=frozenset({cast.north.pk})),
    )
    assert [(result.recommendation_id, result.outcome) for result in results] == [
        (ids[3], "snoozed"),
        (ids[0], "approved"),
        (ids[1], "approved"),
        (ids[2], "rejected"),
        (ids[4], "proposed"),
        (theirs.pk, "refused"),
        (2**70, "refused"),
    ]
    lines = PurchaseOrderLine.objects.order_by("ordered_units").values_list("product_id", "ordered_units")
    assert list(lines) == [(cast.steady.pk, 12), (cast.seasonal.pk, 18)]
    assert Decision.objects.count() == 5
    theirs.refresh_from_db()
    assert (theirs.status, theirs.version) == ("pending", 1)


@pytest.mark.parametrize(
    ("wish", "fields"),
    [
        ({"action": "approve", "quantity": 13}, ["quantity"]),
        ({"action": "approve", "quantity": 18}, ["reason"]),
        ({"action": "approve", "quantity": 18, "reason_code": "no-such"}, ["reason_code"]),
        ({"action": "reject"}, ["reason"]),
        ({"action": "reject", "reason_code": "promotion"}, ["reason_code"]),
        ({"action": "reject", "reason": "x" * 501}, ["reason"]),
        ({"action": "snooze"}, ["until"]),
        ({"action": "praise"}, ["action"]),
        ({"action": "approve", "percent": 0}, ["percent"]),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_by_field_and_changes_nothing(
    cast: Cast, row: ReorderRecommendation, wish: dict[str, Any], fields: list[str]
) -> None:
    before = list(ReorderRecommendation.objects.values())
    [result] = decide(cast, Wish(row.pk, **wish))
    assert isinstance(result.refusal, ValidationError)
    assert list(result.refusal.message_dict) == fields
    assert (list(ReorderRecommendation.objects.values()), Decision.objects.count()) == (before, 0)


def test_the_same_row_twice_is_refused_before_anything_is_done(cast: Cast, row: ReorderRecommendation) -> None:
    with pytest.raises(ValidationError, match=f"Named twice: {row.pk}"):
        decide(cast, Wish(row.pk, "approve"), Wish(row.pk, "reject", reason="no"))
    assert not Decision.objects.exists()


@pytest.mark.parametrize(("quantity", "asks"), [(6, True), (12, False), (18, True)])
def test_a_change_of_more_than_30_percent_asks_for_a_reason(
    cast: Cast, row: ReorderRecommendation, quantity: int, asks: bool
) -> None:
    [bare] = decide(cast, Wish(row.pk, "approve", quantity=quantity))
    assert (bare.outcome == "refused") is asks
    if asks:
        [reasoned] = decide(cast, Wish(row.pk, "approve", quantity=quantity, reason_code="stock_wrong"))
        assert reasoned.decision.why == "The stock on hand is not what the system says"


def test_a_change_of_30_percent_or_less_asks_for_none(cast: Cast) -> None:
    twenty_packs = recommend(cast.north, cast.steady, cast.supplier, recommended_order_quantity=120)
    [result] = decide(cast, Wish(twenty_packs.pk, "approve", quantity=84))
    assert (result.outcome, result.decision.is_changed) == ("approved", True)


def test_a_share_of_the_recommended_order_is_rounded_up_to_packs(cast: Cast) -> None:
    ids = recommend_many(cast.north, make_products(3), cast.supplier, recommended_order_quantity=30)
    outcome = approve_many(recommendation_ids=ids, percent=75, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    assert outcome.done == ids  # 22.5 of 30 is 24: 20 % less asks for no reason
    assert set(Decision.objects.values_list("quantity", flat=True)) == {24}


def test_a_reason_taken_off_the_list_is_not_offered_and_stays_where_it_was_used(
    cast: Cast, row: ReorderRecommendation
) -> None:
    reject(recommendation_id=row.pk, actor=cast.buyer, now=NOW, reason_code="delisted", scope=EVERY_STORE)
    used = DecisionReason.objects.get(kind="reject", code="delisted")
    DecisionReason.objects.filter(pk=used.pk).update(is_active=False)
    other = recommend(cast.north, cast.new, cast.supplier)
    with pytest.raises(ValidationError, match="“delisted” is no reason for this decision; use one of: enough_stock"):
        reject(recommendation_id=other.pk, actor=cast.buyer, now=NOW, reason_code="delisted", scope=EVERY_STORE)
    with pytest.raises(ProtectedError):
        used.delete()


def test_the_first_reasons_are_added_once_and_an_edited_one_stays(db: None) -> None:
    DecisionReason.objects.filter(kind="reject", code="delisted").update(label="Gone")
    before = list(DecisionReason.objects.values())
    create_reasons(apps)
    assert list(DecisionReason.objects.values()) == before


@pytest.mark.parametrize("verb", ["approve", "reject", "snooze"])
def test_deciding_takes_the_same_queries_for_any_number(
    cast: Cast, verb: str, django_assert_num_queries: Callable[..., Any]
) -> None:
    ids = recommend_many(cast.north, make_products(33), cast.supplier)
    cast.buyer.get_all_permissions()
    more = {"until": TODAY + timedelta(days=3)} if verb == "snooze" else {}
    for batch in (ids[:3], ids[3:]):
        wishes = [Wish(pk, verb, reason="weekly", reason_code="other", quantity=18, **more) for pk in batch]
        with django_assert_num_queries({"approve": 22, "reject": 7, "snooze": 7}[verb]):
            results = decide(cast, *wishes)
        assert {result.outcome for result in results} == {f"{verb}ed".replace("ee", "e").replace("veed", "ved")}
        PurchaseOrderLine.objects.all().update(unit_cost=3)
        draft = PurchaseOrderLine.objects.first()
        if draft:
            draft.purchase_order.__class__.objects.update(status="sent")


def test_history_tells_who_changed_what_from_what_to_what(
    cast: Cast, row: ReorderRecommendation, settings: Any
) -> None:
    settings.DECISION_VALUE_LIMIT = 40.0
    who = {"recommendation_id": row.pk, "scope": EVERY_STORE}
    snooze(until=TODAY + timedelta(days=1), actor=cast.store_manager, now=NOW, **who)
    bring_back(now=NOW + timedelta(days=1))
    approve(quantity=24, reason="fair", actor=cast.buyer, now=NOW + timedelta(days=1), **who)
    approve(actor=cast.administrator, now=NOW + timedelta(days=2), **who)
    row.refresh_from_db()
    events = history(row)
    assert [
        (event.action, event.by, event.status_before, event.status_after, event.quantity_before, event.quantity_after)
        for event in events
    ] == [
        ("recommend", "the nightly run", "", "pending", None, 12),
        ("snooze", "max", "pending", "snoozed", 12, 12),
        ("return", "InvenCare", "snoozed", "pending", 12, 12),
        ("propose", "bo", "pending", "proposed", 12, 24),
        ("approve", "ada", "proposed", "approved", 24, 24),
    ]
    assert events[-1].words == "Approved what bo proposed"
    assert events[3].shown["recommended_order_quantity"] == 12
    assert events[3].decision is not None
    assert events[3].decision.value == Decimal("72.0000")


def test_history_of_a_row_that_nobody_decided_says_that_it_expired(cast: Cast) -> None:
    row = recommend(cast.north, cast.steady, cast.supplier, status="expired")
    assert [(event.action, event.status_after) for event in history(row)] == [
        ("recommend", "pending"),
        ("expire", "expired"),
    ]


@pytest.mark.parametrize(("days", "warns"), [(0, False), (2, False), (3, True)])
def test_a_decision_on_old_numbers_says_so_and_keeps_their_age(
    cast: Cast, row: ReorderRecommendation, days: int, warns: bool
) -> None:
    now = NOW + timedelta(days=days)
    kept = approve(recommendation_id=row.pk, actor=cast.buyer, now=now, scope=EVERY_STORE)
    assert (kept.numbers_age_days, bool(staleness_warning(kept.numbers_age_days))) == (days, warns)
