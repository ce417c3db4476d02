"""The buyer's desk in the admin: who sees what, who may decide, and what a refusal leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from forecasting.models import ProductDemandForecast
from insights.models import Decision, ReorderRecommendation
from insights.services import reorder
from invencare.lib import clock
from inventory.models import PurchaseOrder, StoreMembership
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily
from tests.insights.made_forecasts import forecast
from tests.insights.proposals import make_products, recommend, recommend_many

LIST = reverse("admin:insights_reorderrecommendation_changelist")


def page_of(row: ReorderRecommendation) -> str:
    return reverse("admin:insights_reorderrecommendation_change", args=[row.pk])


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def decision(row: ReorderRecommendation, verb: str = "approve", **changes: Any) -> dict[str, Any]:
    return {"decision": verb, "quantity": 12, "reason": "", "version": row.version, **changes}


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def nothing_was_decided() -> bool:
    pending = ReorderRecommendation.objects.filter(status="pending", version=1).count()
    return (
        pending == ReorderRecommendation.objects.count()
        and not Decision.objects.exists()
        and not PurchaseOrder.objects.exists()
    )


@pytest.fixture
def row(cast: Cast) -> ReorderRecommendation:
    return recommend(cast.north, cast.steady, cast.supplier)


@pytest.fixture
def elsewhere(cast: Cast) -> ReorderRecommendation:
    """A proposal for the store where the store manager does not work."""
    return recommend(cast.south, cast.seasonal, cast.supplier, urgency_level="critical", money_at_risk=90)


def test_the_list_shows_pending_rows_with_the_most_money_at_risk_first(
    cast: Cast, row: ReorderRecommendation, elsewhere: ReorderRecommendation
) -> None:
    recommend(cast.north, cast.new, cast.supplier, status="rejected")
    urgent = recommend(cast.north, cast.dead, cast.supplier, urgency_level="critical", money_at_risk=1)
    listed = signed_in(cast.buyer).get(LIST).context["cl"].result_list
    assert [found.pk for found in listed] == [elsewhere.pk, row.pk, urgent.pk]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"status__exact": "all"}, {"steady", "seasonal", "new"}),
        ({"status__exact": "rejected"}, {"new"}),
        ({"urgency_level__exact": "critical"}, {"seasonal"}),
        ({"abc_class": "A"}, {"steady"}),
        ({"abc_class": "none"}, {"seasonal"}),
        ({"category": "Coffee"}, {"steady", "seasonal"}),
        ({"q": "SKU-STEADY"}, {"steady"}),
        ({"q": "seasonal prod"}, {"seasonal"}),
    ],
)
def test_the_list_is_filtered_and_searched(cast: Cast, query: dict[str, str], expected: set[str]) -> None:
    recommend(cast.north, cast.steady, cast.supplier)
    recommend(cast.south, cast.seasonal, cast.supplier, urgency_level="critical", abc_class="")
    recommend(cast.north, cast.new, cast.supplier, status="rejected")
    listed = signed_in(cast.buyer).get(LIST, query).context["cl"].result_list
    assert {found.product.sku for found in listed} == {f"SKU-{name.upper()}" for name in expected}


def test_the_list_is_filtered_by_store_and_supplier(
    cast: Cast, row: ReorderRecommendation, elsewhere: ReorderRecommendation
) -> None:
    query = {"store__id__exact": cast.north.pk, "supplier__id__exact": cast.supplier.pk}
    listed = signed_in(cast.buyer).get(LIST, query).context["cl"].result_list
    assert [found.pk for found in listed] == [row.pk]


@pytest.mark.parametrize("count", [3, 30])
def test_the_list_takes_the_same_queries_for_any_number_of_rows(
    cast: Cast, count: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    recommend_many(cast.north, make_products(count), cast.supplier)
    client = signed_in(cast.buyer)
    with django_assert_num_queries(13):
        response = client.get(LIST)
    assert len(response.context["cl"].result_list) == count


@pytest.mark.parametrize(
    ("person", "listed", "own_page", "other_page"),
    [
        ("viewer", 2, 200, 200),
        ("store_manager", 1, 200, 404),
        ("buyer", 2, 200, 200),
        ("analyst", 2, 200, 200),
        ("administrator", 2, 200, 200),
        ("outsider", None, 403, 403),
    ],
)
def test_everybody_sees_the_rows_of_own_stores_and_no_others(
    cast: Cast,
    row: ReorderRecommendation,
    elsewhere: ReorderRecommendation,
    person: str,
    listed: int | None,
    own_page: int,
    other_page: int,
) -> None:
    client = signed_in(cast.people[person])
    response = client.get(LIST)
    if listed is None:
        assert response.status_code == 403
    else:
        assert len(response.context["cl"].result_list) == listed
    assert client.get(page_of(row)).status_code == own_page
    assert client.get(page_of(elsewhere)).status_code == other_page


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("viewer", 403),
        ("store_manager", 302),
        ("buyer", 302),
        ("analyst", 403),
        ("administrator", 302),
        ("outsider", 403),
    ],
)
@pytest.mark.parametrize("verb", ["approve", "reject", "snooze"])
def test_only_those_with_the_right_decide(
    cast: Cast, row: ReorderRecommendation, person: str, status: int, verb: str
) -> None:
    given = decision(row, verb, reason="because", until=(clock.now() + timedelta(days=3)).date())
    response = signed_in(cast.people[person]).post(page_of(row), given)
    assert response.status_code == status
    if status == 403:
        assert nothing_was_decided()
    else:
        kept = Decision.objects.get()
        assert (kept.action, kept.decided_by, kept.reason) == (verb, cast.people[person], "because")


def test_a_manager_of_another_store_decides_nothing_there(cast: Cast, elsewhere: ReorderRecommendation) -> None:
    response = signed_in(cast.store_manager).post(page_of(elsewhere), decision(elsewhere))
    assert response.status_code == 404
    assert nothing_was_decided()


def test_a_manager_without_any_store_sees_an_empty_list(cast: Cast, row: ReorderRecommendation) -> None:
    StoreMembership.objects.all().delete()
    response = signed_in(cast.store_manager).get(LIST)
    assert list(response.context["cl"].result_list) == []


def test_the_page_without_a_csrf_token_decides_nothing(cast: Cast, row: ReorderRecommendation) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.buyer)
    assert client.post(page_of(row), decision(row)).status_code == 403
    assert nothing_was_decided()


def test_an_approval_with_another_quantity_names_the_order_and_who_decided(
    cast: Cast, row: ReorderRecommendation
) -> None:
    response = signed_in(cast.buyer).post(page_of(row), decision(row, quantity=18, reason="promo"), follow=True)
    order = PurchaseOrder.objects.get()
    address = reverse("admin:inventory_purchaseorder_change", args=[order.pk])
    assert said(response)[0] == (
        f'Approved: 18 units of SKU-STEADY for N1, on draft order <a href="{address}">{order.number}</a>.'
    )
    text = response.content.decode()
    assert "<strong>Approved</strong>: 18 units instead of 12 by bo: “promo”" in text
    assert 'name="decision"' not in text


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"quantity": "13"}, "quantity", "13 units cannot be ordered: packs of 6, at least 6. Use 12 or 18."),
        ({"quantity": "0"}, "quantity", "0 units cannot be ordered: packs of 6, at least 6. Use 6."),
        ({"quantity": ""}, "quantity", "Give the units to order."),
        ({"quantity": "1.5"}, "quantity", "Enter a whole number."),
        (
            {"quantity": "99999999999"},
            "quantity",
            "Ensure this value is less than or equal to 10000000.",
        ),
        ({"decision": "reject"}, "reason", "Say why it is rejected."),
        ({"reason": "x" * 501}, "reason", "Ensure this value has at most 500 characters (it has 501)."),
        ({"version": ""}, "version", "This field is required."),
        (
            {"quantity": "18"},
            "reason",
            "Say why: 18 units are 50% more than the recommended 12, and over 30% asks for it.",
        ),
        ({"decision": "snooze"}, "until", "Give the day on which it comes back."),
        ({"decision": "snooze", "until": "someday"}, "until", "Enter a valid date."),
    ],
)
def test_bad_input_is_said_at_its_field_and_nothing_is_decided(
    cast: Cast, row: ReorderRecommendation, changes: dict[str, str], field: str, message: str
) -> None:
    response = signed_in(cast.buyer).post(page_of(row), decision(row, **changes))
    assert response.status_code == 200
    assert response.context["form"].errors == {field: [message]}
    assert nothing_was_decided()


def test_over_the_value_limit_the_button_proposes_and_a_second_person_approves(
    cast: Cast, row: ReorderRecommendation, settings: Any
) -> None:
    settings.DECISION_VALUE_LIMIT = 30.0
    buyer = signed_in(cast.buyer)
    assert ">Propose</button>" in buyer.get(page_of(row)).content.decode()
    first = buyer.post(page_of(row), decision(row), follow=True)
    assert said(first)[0] == (
        "Proposed: 12 units of SKU-STEADY for N1. It is over your limit, so a second person has to approve it."
    )
    assert "Somebody else has to approve it" in first.content.decode()
    row.refresh_from_db()
    own = buyer.post(page_of(row), decision(row))
    [refusal] = own.context["form"].non_field_errors()
    assert refusal == (
        "You proposed this yourself and 36.00 GBP is over your limit of 30.00 for one decision: somebody else has to "
        "approve it."
    )
    assert not PurchaseOrder.objects.exists()
    assert "<strong>1</strong> proposal waits for a second person" in buyer.get(LIST).content.decode()
    second = signed_in(cast.administrator).post(page_of(row), decision(row), follow=True)
    assert "<strong>Approved what bo proposed</strong>: 12 units by ada" in second.content.decode()
    assert PurchaseOrder.objects.get().lines.get().ordered_units == 12


def test_the_second_of_two_open_pages_is_told_who_decided(cast: Cast, row: ReorderRecommendation) -> None:
    """Both read version 1; the other page is stale when its button is pressed."""
    signed_in(cast.buyer).post(page_of(row), decision(row))
    response = signed_in(cast.administrator).post(page_of(row), decision(row, "reject", reason="no"), follow=True)
    [message] = said(response)
    assert message.startswith("SKU-STEADY for N1 was approved by bo at ")
    assert Decision.objects.count() == 1


def test_a_double_click_orders_once(cast: Cast, row: ReorderRecommendation) -> None:
    client = signed_in(cast.buyer)
    for _ in range(2):
        client.post(page_of(row), decision(row))
    assert PurchaseOrder.objects.get().lines.get().ordered_units == 12


def test_the_page_leads_to_the_next_pending_row_and_round_again(
    cast: Cast, row: ReorderRecommendation, elsewhere: ReorderRecommendation
) -> None:
    last = recommend(cast.north, cast.new, cast.supplier, urgency_level="low", money_at_risk=2)
    client = signed_in(cast.buyer)
    following = {here.pk: client.get(page_of(here)).context["next_row"].pk for here in (elsewhere, row, last)}
    assert following == {elsewhere.pk: row.pk, row.pk: last.pk, last.pk: elsewhere.pk}
    assert signed_in(cast.store_manager).get(page_of(last)).context["next_row"].pk == row.pk


def test_the_page_draws_history_forecast_and_projected_stock(cast: Cast, row: ReorderRecommendation) -> None:
    sell_daily(cast.north, cast.steady, [2, 3, 4], last_day=TODAY - timedelta(days=1))
    ProductDemandForecast.objects.create(
        store=cast.north,
        product=cast.steady,
        forecast_date=TODAY,
        forecast_period=3,
        model="seasonal_naive",
        daily={"mean": [1.0, 2.0, 3.0], "quantiles": {"0.1": [0.0, 1.0, 2.0], "0.9": [2.0, 3.0, 4.0]}},
        created_at=NOW,
    )
    chart = signed_in(cast.buyer).get(page_of(row)).context["outlook_chart"]
    shown = {series["label"]: series["values"][-4:] for series in chart["series"]}
    assert chart["labels"][-4:] == ["2026-03-15", "2026-03-16", "2026-03-17", "2026-03-18"]
    assert shown == {
        "Sold": [4, None, None, None],
        "80 % of days: from": [None, 0.0, 1.0, 2.0],
        "80 % of days: to": [None, 2.0, 3.0, 4.0],
        "Forecast": [None, 1.0, 2.0, 3.0],
        "Stock without this order": [None, 3.0, 1.0, 0.0],
        "Stock with this order": [None, 3.0, 1.0, 0.0],
    }
    assert (chart["y_title"], chart["y_right_title"]) == ("Units per day", "Stock (units)")


def test_the_page_without_forecast_or_dossier_still_stands(cast: Cast) -> None:
    bare = recommend(
        cast.north,
        cast.new,
        None,
        dossier={},
        projected_demand_14_days=None,
        stockout_probability=None,
        abc_class="",
    )
    text = signed_in(cast.buyer).get(page_of(bare)).content.decode()
    assert "No supplier lists this product, so it cannot be approved yet." in text
    assert "There is no forecast for this product here yet" in text


def planned(cast: Cast) -> ReorderRecommendation:
    """As the night writes it: 20 on hand, 4 a day expected."""
    record(movement(cast.north, cast.steady, "count", 20))
    forecast(cast, cast.steady)
    reorder.recommend(store=cast.north, product_ids=[cast.steady.pk], recommendation_date=TODAY, now=NOW)
    row: ReorderRecommendation = ReorderRecommendation.objects.get()
    return row


def test_the_page_shows_the_steps_and_recomputes_on_demand(cast: Cast) -> None:
    row = planned(cast)
    page = signed_in(cast.viewer).get(page_of(row))
    assert [step["label"] for step in page.context["steps"]][:3] == ["Needed", "Whole packs", "Minimum order"]
    assert page.context["steps"][-1] == {"label": "Budget", "units": 30, "is_change": False}
    assert "Recompute it from this row alone" in page.content.decode()
    again = signed_in(cast.viewer).get(f"{page_of(row)}?recompute=1").content.decode()
    assert "Recomputed from this row alone: 30 units, the same." in again
    ReorderRecommendation.objects.update(recommended_order_quantity=36)
    other = signed_in(cast.viewer).get(f"{page_of(row)}?recompute=1").content.decode()
    assert "Recomputed from this row alone: 30 units, not the 36 recommended." in other


def test_a_row_on_an_old_forecast_warns_though_it_is_of_today(cast: Cast) -> None:
    row = planned(cast)
    ReorderRecommendation.objects.filter(pk=row.pk).update(
        recommendation_date=clock.business_date(clock.now(), cast.north.zone),
        forecast_date=clock.business_date(clock.now(), cast.north.zone) - timedelta(days=5),
    )
    assert "are 5 days old; wait for the next nightly run" in signed_in(cast.buyer).get(page_of(row)).content.decode()


@pytest.mark.parametrize("rows", [1, 5])
def test_the_page_takes_the_same_queries_for_any_number_of_decisions(
    cast: Cast, row: ReorderRecommendation, rows: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    Decision.objects.bulk_create(
        Decision(
            recommendation=row,
            action="reject",
            recommended_quantity=12,
            reason="no",
            decided_by=cast.buyer,
            decided_by_name="bo",
            decided_at=NOW,
        )
        for _ in range(rows)
    )
    client = signed_in(cast.buyer)
    with django_assert_num_queries(15):
        client.get(page_of(row))


def choose(client: Client, action: str, ids: list[int], **more: Any) -> Any:
    return client.post(LIST, {"action": action, "_selected_action": ids, "index": 0, **more})


def confirm(client: Client, action: str, ids: list[int], reason: str = "", **more: Any) -> Any:
    given = {"action": action, "_selected_action": ids[:1], "confirmed": "1", "reason": reason}
    return client.post(LIST, {**given, "ids": ",".join(map(str, ids)), **more}, follow=True)


def test_a_bulk_action_first_shows_what_it_is_about(cast: Cast) -> None:
    ids = recommend_many(cast.north, make_products(3), cast.supplier)
    page = choose(signed_in(cast.buyer), "approve_selected", ids)
    assert page.status_code == 200
    assert sorted(map(int, page.context["form"].initial["ids"].split(","))) == ids
    assert [(currency, float(value)) for currency, value in page.context["totals"]] == [("GBP", 108.0)]
    assert nothing_was_decided()


def test_a_bulk_approval_says_how_many_were_done_and_why_others_were_not(
    cast: Cast, row: ReorderRecommendation
) -> None:
    orphan = recommend(cast.north, cast.new, None)
    response = confirm(signed_in(cast.buyer), "approve_selected", [row.pk, orphan.pk])
    drafts = f"{reverse('admin:inventory_purchaseorder_changelist')}?status__exact=draft"
    assert said(response) == [
        f'1 approved, on <a href="{drafts}">draft orders</a>.',
        "1 skipped: It has no supplier; give the product one, and the next nightly run can propose an order.",
    ]
    row.refresh_from_db()
    assert row.status == "approved"


def test_a_bulk_rejection_without_a_reason_asks_for_it(cast: Cast, row: ReorderRecommendation) -> None:
    client = signed_in(cast.buyer)
    page = confirm(client, "reject_selected", [row.pk])
    assert page.context["form"].errors == {"reason": ["Say why it is rejected."]}
    assert nothing_was_decided()
    assert said(confirm(client, "reject_selected", [row.pk], "delisted")) == ["1 rejected."]


def test_a_bulk_action_on_forged_rows_decides_nothing(cast: Cast, row: ReorderRecommendation) -> None:
    forged = {"action": "approve_selected", "_selected_action": [row.pk], "confirmed": "1", "ids": f"{row.pk},2;drop"}
    response = signed_in(cast.buyer).post(LIST, forged, follow=True)
    assert said(response) == ["The chosen rows cannot be read; choose them again."]
    assert nothing_was_decided()


@pytest.mark.parametrize("person", ["viewer", "analyst", "outsider"])
def test_those_without_the_right_have_no_bulk_action(cast: Cast, row: ReorderRecommendation, person: str) -> None:
    confirm(signed_in(cast.people[person]), "approve_selected", [row.pk])
    assert nothing_was_decided()


def test_a_manager_cannot_slip_another_stores_row_into_a_bulk_action(
    cast: Cast, row: ReorderRecommendation, elsewhere: ReorderRecommendation
) -> None:
    response = confirm(signed_in(cast.store_manager), "approve_selected", [row.pk, elsewhere.pk])
    assert said(response)[1] == "1 skipped: It does not exist, or its store is not one of yours."
    elsewhere.refresh_from_db()
    assert elsewhere.status == "pending"


def test_decisions_are_listed_for_own_stores(
    cast: Cast, row: ReorderRecommendation, elsewhere: ReorderRecommendation
) -> None:
    for proposal in (row, elsewhere):
        signed_in(cast.buyer).post(page_of(proposal), decision(proposal))
    address = reverse("admin:insights_decision_changelist")
    assert len(signed_in(cast.buyer).get(address).context["cl"].result_list) == 2
    own = signed_in(cast.store_manager).get(address).context["cl"].result_list
    assert [kept.recommendation_id for kept in own] == [row.pk]
    kept = Decision.objects.first()
    page = reverse("admin:insights_decision_change", args=[kept.pk])
    assert signed_in(cast.administrator).post(page, {"reason": "rewritten"}).status_code == 403
    assert not Decision.objects.filter(reason="rewritten").exists()
