"""Valuing decisions from the ledger: when, how, once, in bulk; the report in the admin and the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from insights import tasks
from insights.models import Decision, DecisionReason, DecisionValue, ReorderRecommendation
from insights.services.decision_report import decision_worth
from insights.services.decision_value import value_decisions
from insights.services.decisions import approve, reject
from invencare.lib import clock
from inventory.models import Product, PurchaseOrder, Store
from inventory.querysets.scope import EVERY_STORE, StoreScope
from inventory.services.purchasing import approve_order, receive_order, send_order
from inventory.services.stockouts import close_days
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily
from tests.insights.proposals import make_products, recommend

REPORT = reverse("admin:insights_decisionvalue_report")
# Lead time 5 and review 7 days: the covered days are 12.
LAST = TODAY + timedelta(days=11)
AFTER = NOW + timedelta(days=12)


def stock(store: Store, product: Product, units: int, *, sold_before: int = 4) -> None:
    """``sold_before`` units sold on each of the 40 days before, and ``units`` on hand as TODAY begins."""
    sell_daily(store, product, [sold_before] * 40, last_day=TODAY - timedelta(days=1), opening=40 * sold_before + units)


def sell(store: Store, product: Product, units: list[int], *, now: datetime = AFTER) -> None:
    """Sales from TODAY on, in the last second of each day: a shelf that they empty is empty from the next day on."""
    closing = [clock.day_start(TODAY + timedelta(days=i + 1), store.zone) for i in range(len(units))]
    rows = [
        movement(
            store,
            product,
            "sale",
            quantity,
            day=TODAY + timedelta(days=i),
            occurred_at=closing[i] - timedelta(seconds=1),
        )
        for i, quantity in enumerate(units)
        if quantity
    ]
    record(*rows, now=now)


def ordered(cast: Cast, row: ReorderRecommendation, units: int, *, comes: date | None) -> Decision:
    """Approved on TODAY, sent, and delivered in full at noon of a day."""
    decision = approve(
        recommendation_id=row.pk, actor=cast.buyer, now=NOW, quantity=units, reason="I know", scope=EVERY_STORE
    )
    order = PurchaseOrder.objects.get()
    approve_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    send_order(order_id=order.pk, actor=cast.buyer, now=NOW)
    if comes:
        line = order.lines.get()
        noon = clock.midday(comes, row.store.zone)
        receive_order(order_id=order.pk, lines={line.pk: units}, idempotency_key="d", actor=cast.buyer, now=noon)
    return decision


def test_a_rejection_that_lost_sales_is_worth_less_than_the_recommendation(cast: Cast) -> None:
    """20 on hand, 4 a day: gone after 5 days, when 24 would have come; 7 days without stock follow, 4 a day wanted."""
    stock(cast.north, cast.steady, 20)
    row = recommend(cast.north, cast.steady, cast.supplier, recommended_order_quantity=24, unit_cost=Decimal(3))
    reject(recommendation_id=row.pk, actor=cast.buyer, now=NOW, reason="enough", scope=EVERY_STORE)
    sell(cast.north, cast.steady, [4] * 5)
    close_days(through=LAST, now=AFTER)  # as every night: the days without stock are told from those without sales
    assert value_decisions(now=AFTER) == 1
    worth = DecisionValue.objects.get()
    assert (worth.kind, worth.first_day, worth.last_day) == ("rejected", TODAY, LAST)
    assert (worth.demand_units, worth.estimated_units) == (48, 28)
    assert (worth.decided_units, worth.recommended_units, worth.needed_units) == (0, 24, 28)
    assert (worth.lost_units, worth.lost_units_recommended, worth.lost_units_none) == (28, 4, 28)
    assert (worth.stockout_days, worth.stockout_days_recommended) == (7, 1)
    # 24 units of margin at 2.00, less the holding of 24 units at 20 % a year of 3.00: 55 unit-days.
    holding = Decimal("0.09")
    assert worth.value == -(Decimal(48) - holding)
    assert worth.value_of_ordering == 0
    assert worth.forecast_value_added_units == -24


def test_a_rejection_of_what_nobody_needed_saves_the_holding(cast: Cast) -> None:
    stock(cast.north, cast.steady, 200)
    row = recommend(cast.north, cast.steady, cast.supplier, recommended_order_quantity=60, unit_cost=Decimal(3))
    reject(recommendation_id=row.pk, actor=cast.buyer, now=NOW, reason="enough", scope=EVERY_STORE)
    sell(cast.north, cast.steady, [4] * 12)
    value_decisions(now=AFTER)
    worth = DecisionValue.objects.get()
    assert (worth.lost_units, worth.lost_units_recommended, worth.needed_units) == (0, 0, 0)
    assert worth.value > 0
    assert (worth.excess_units, worth.excess_units_recommended) == (104, 164)  # 152 and 212 less 48
    assert worth.forecast_value_added_units == 60


def test_more_than_recommended_is_valued_by_its_own_delivery(cast: Cast) -> None:
    """8 on hand; 48 came on the fourth day instead of 12: the ledger's delivery is not counted twice."""
    stock(cast.north, cast.steady, 16)
    row = recommend(cast.north, cast.steady, cast.supplier, unit_cost=Decimal(3))
    ordered(cast, row, 48, comes=TODAY + timedelta(days=4))
    sell(cast.north, cast.steady, [4] * 12)
    value_decisions(now=AFTER)
    worth = DecisionValue.objects.get()
    assert (worth.kind, worth.decided_units, worth.recommended_units) == ("raised", 48, 12)
    assert (worth.demand_units, worth.needed_units) == (48, 32)
    assert (worth.lost_units, worth.lost_units_recommended, worth.lost_units_none) == (0, 20, 32)
    assert (worth.stockout_days, worth.stockout_days_recommended, worth.stockout_days_none) == (0, 5, 8)
    assert worth.value > 39
    assert worth.value_of_ordering > worth.value
    assert worth.forecast_value_added_units == 20 - 16


def test_what_came_from_elsewhere_counts_for_every_alternative(cast: Cast) -> None:
    stock(cast.north, cast.steady, 20)
    row = recommend(cast.north, cast.steady, cast.supplier)
    reject(recommendation_id=row.pk, actor=cast.buyer, now=NOW, reason="coming", scope=EVERY_STORE)
    record(movement(cast.north, cast.steady, "transfer_in", 40, day=TODAY + timedelta(days=2)), now=AFTER)
    sell(cast.north, cast.steady, [4] * 12)
    value_decisions(now=AFTER)
    worth = DecisionValue.objects.get()
    assert (worth.lost_units, worth.needed_units) == (0, 0)


def test_nothing_is_valued_before_the_covered_days_are_over_and_nothing_twice(cast: Cast) -> None:
    stock(cast.north, cast.steady, 20)
    row = recommend(cast.north, cast.steady, cast.supplier)
    reject(recommendation_id=row.pk, actor=cast.buyer, now=NOW, reason="no", scope=EVERY_STORE)
    sell(cast.north, cast.steady, [4] * 5)
    assert value_decisions(now=AFTER - timedelta(days=1)) == 0
    assert value_decisions(now=AFTER) == 1
    first = list(DecisionValue.objects.values())
    assert value_decisions(now=AFTER + timedelta(days=30)) == 0
    assert list(DecisionValue.objects.values()) == first


def test_an_order_that_has_not_come_is_waited_for_and_then_valued_as_it_is(cast: Cast) -> None:
    stock(cast.north, cast.steady, 20)
    row = recommend(cast.north, cast.steady, cast.supplier)
    ordered(cast, row, 12, comes=None)
    assert value_decisions(now=AFTER + timedelta(days=27)) == 0
    assert value_decisions(now=AFTER + timedelta(days=28)) == 1
    worth = DecisionValue.objects.get()
    assert (worth.value, worth.value_of_ordering, worth.needed_units) == (0, 0, 0)


def test_snoozes_and_proposals_have_no_value(cast: Cast, settings: Any) -> None:
    settings.DECISION_VALUE_LIMIT = 1.0
    row = recommend(cast.north, cast.steady, cast.supplier)
    approve(recommendation_id=row.pk, actor=cast.buyer, now=NOW, scope=EVERY_STORE)
    assert value_decisions(now=AFTER) == 0


def test_a_product_without_any_sale_or_stock_is_valued_all_the_same(cast: Cast) -> None:
    row = recommend(cast.north, cast.dead, None)
    reject(recommendation_id=row.pk, actor=cast.buyer, now=NOW, reason="dead", scope=EVERY_STORE)
    assert value_decisions(now=NOW + timedelta(days=14)) == 1
    worth = DecisionValue.objects.get()
    assert (worth.demand_units, worth.lost_units) == (0, 0)
    assert worth.value == Decimal("36.00") + worth.value % 1  # 12 units at 3.00 that nobody wants, and their holding


def test_valuing_takes_the_same_queries_for_any_number(
    cast: Cast, django_assert_num_queries: Callable[..., Any]
) -> None:
    products = make_products(33)
    for batch in (products[:3], products[3:]):
        for product in batch:
            row = recommend(cast.north, product, cast.supplier)
            reject(recommendation_id=row.pk, actor=cast.buyer, now=NOW, reason="no", scope=EVERY_STORE)
        with django_assert_num_queries(13):
            assert value_decisions(now=AFTER + timedelta(days=3)) == len(batch)


def test_the_nightly_job_values_and_is_safe_to_run_twice(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    row = recommend(cast.north, cast.steady, cast.supplier)
    reject(recommendation_id=row.pk, actor=cast.buyer, now=NOW, reason="no", scope=EVERY_STORE)
    monkeypatch.setattr(clock, "now", lambda: AFTER)
    assert [tasks.value_decisions(), tasks.value_decisions()] == [1, 0]


@pytest.fixture
def worth(cast: Cast) -> None:
    """One good and one bad decision of bo in the north, one bad one of ada in the south."""
    reason, _ = DecisionReason.objects.get_or_create(kind="change", code="promotion", defaults={"label": "Promotion"})
    for store, product, name, value, code in (
        (cast.north, cast.steady, "bo", 100, reason),
        (cast.north, cast.seasonal, "bo", -30, None),
        (cast.south, cast.steady, "ada", -50, None),
    ):
        decision = Decision.objects.create(
            recommendation=recommend(store, product, cast.supplier),
            action="approve",
            quantity=24,
            recommended_quantity=12,
            reason_code=code,
            decided_by_name=name,
            decided_at=NOW - timedelta(days=20),
        )
        DecisionValue.objects.create(
            decision=decision,
            kind="raised",
            store=store,
            product=product,
            supplier=cast.supplier,
            first_day=TODAY - timedelta(days=20),
            last_day=TODAY - timedelta(days=8),
            demand_units=40,
            estimated_units=10,
            needed_units=20,
            decided_units=24,
            recommended_units=12,
            lost_units=1,
            lost_units_recommended=9,
            lost_units_none=20,
            stockout_days=1,
            stockout_days_recommended=3,
            stockout_days_none=5,
            excess_units=2,
            excess_units_recommended=0,
            excess_units_none=0,
            cost=10,
            cost_recommended=10 + value,
            cost_none=300,
            value=value,
            value_of_ordering=290,
            forecast_value_added_units=4,
            evaluated_at=NOW,
        )


def groups(by: str, **changes: Any) -> list[tuple[str, str, int, Decimal]]:
    given = {"scope": EVERY_STORE, "first": TODAY - timedelta(days=30), "last": TODAY, **changes}
    return [(row.label, row.currency, row.decisions, row.value) for row in decision_worth(by=by, **given)]


def test_the_report_sums_by_person_supplier_reason_and_kind_and_keeps_currencies_apart(cast: Cast, worth: None) -> None:
    assert groups("person") == [("ada", "EUR", 1, Decimal("-50.00")), ("bo", "GBP", 2, Decimal("70.00"))]
    assert groups("supplier") == [
        ("Acme Wholesale", "EUR", 1, Decimal("-50.00")),
        ("Acme Wholesale", "GBP", 2, Decimal("70.00")),
    ]
    label = DecisionReason.objects.get(kind="change", code="promotion").label
    assert groups("reason", store=cast.north) == [
        (label, "GBP", 1, Decimal("100.00")),
        ("no reason chosen", "GBP", 1, Decimal("-30.00")),
    ]
    assert groups("kind", store=cast.north) == [("Ordered more", "GBP", 2, Decimal("70.00"))]
    assert groups("person", last=TODAY - timedelta(days=9)) == []
    north = StoreScope(store_ids=frozenset({cast.north.pk}))
    assert [label for label, *_ in groups("person", scope=north)] == ["bo"]
    [row] = decision_worth(scope=north, by="person", first=TODAY - timedelta(days=30), last=TODAY)
    assert (row.better, row.worse, row.stockout_days_avoided, row.excess_units_avoided) == (1, 1, 4, -4)
    assert (row.stockout_days_avoided_by_ordering, row.forecast_value_added_units, row.estimated_share) == (8, 8, 0.25)


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


PERIOD = {"first": "2026-02-01", "last": "2026-03-31"}


@pytest.mark.parametrize(
    ("person", "seen"),
    [
        ("viewer", ["ada", "bo"]),
        ("store_manager", ["bo"]),
        ("buyer", ["ada", "bo"]),
        ("analyst", ["ada", "bo"]),
        ("administrator", ["ada", "bo"]),
        ("outsider", None),
    ],
)
def test_everybody_sees_the_worth_in_own_stores(cast: Cast, worth: None, person: str, seen: list[str] | None) -> None:
    response = signed_in(cast.people[person]).get(REPORT, PERIOD)
    answer = APIClient()
    answer.force_login(cast.people[person])
    api = answer.get("/api/v1/decisions/value?date_from=2026-02-01&date_to=2026-03-31")
    if seen is None:
        assert (response.status_code, api.status_code) == (403, 403)
        return
    assert [row.label for row in response.context["rows"]] == seen
    assert [row["group"] for row in api.json()["results"]] == seen


def test_the_report_draws_one_chart_per_currency_and_a_table(cast: Cast, worth: None) -> None:
    response = signed_in(cast.buyer).get(REPORT, {**PERIOD, "by": "person"})
    charts = {entry["currency"]: entry["chart"] for entry in response.context["charts"]}
    assert {currency: chart["series"][0]["values"] for currency, chart in charts.items()} == {
        "EUR": [-50.0],
        "GBP": [70.0],
    }
    assert charts["GBP"]["y_title"] == "Value (GBP)"
    assert "1 / 1" in response.content.decode()


def test_the_report_says_when_there_is_nothing_yet_and_when_the_period_is_empty(cast: Cast) -> None:
    assert "No decision has been valued yet." in signed_in(cast.buyer).get(REPORT).content.decode()


def test_an_empty_period_is_told_apart_from_an_empty_site(cast: Cast, worth: None) -> None:
    page = signed_in(cast.buyer).get(REPORT, {"first": "2025-01-01", "last": "2025-01-31"})
    assert "No decision’s covered days ended in this period." in page.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        {"by": "weather"},
        {"first": "2026-02-01", "last": "2026-01-01"},
        {"first": "someday"},
        {"store": "NOWHERE"},
        {"last": "0001-01-01"},
    ],
)
def test_a_report_of_nonsense_says_so_and_still_stands(cast: Cast, worth: None, query: dict[str, str]) -> None:
    assert signed_in(cast.buyer).get(REPORT, query).status_code == 200


@pytest.mark.parametrize("rows", [1, 12])
def test_the_report_takes_the_same_queries_for_any_number_of_rows(
    cast: Cast, rows: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    for product in make_products(rows):
        row = recommend(cast.north, product, cast.supplier)
        reject(recommendation_id=row.pk, actor=cast.buyer, now=NOW, reason="no", scope=EVERY_STORE)
    value_decisions(now=AFTER + timedelta(days=3))
    client = signed_in(cast.buyer)
    with django_assert_num_queries(6):
        assert client.get(REPORT, PERIOD).context["rows"][0].decisions == rows


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("by=weather", 400, "by"),
        ("date_from=2026-02-02&date_to=2026-02-01", 400, "date_from"),
        ("date_to=0001-01-01", 400, "date_to"),
        ("store_id=NOWHERE", 404, "store_id"),
        ("group=person", 400, "group"),
    ],
)
def test_the_api_names_what_is_wrong_with_a_question(cast: Cast, query: str, status: int, field: str) -> None:
    client = APIClient()
    client.force_login(cast.buyer)
    response = client.get(f"/api/v1/decisions/value?{query}")
    assert (response.status_code, set(response.json()["error"]["fields"])) == (status, {field})
