"""Alerts: one per cause, what they are expected to cost, and who does what about them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Alert, Product, PurchaseOrder, PurchaseOrderLine, Store
from inventory.querysets.scope import StoreScope
from inventory.services.alert_steps import assign_alerts, people_for, snooze_alerts, wake_alerts
from inventory.services.alert_values import missed_margin, value_alerts
from inventory.services.alerts import NewAlert, follow_state, open_alerts
from inventory.services.overdue_orders import follow_orders
from inventory.services.stockouts import close_days
from tests.cast import NOW, TODAY, Cast, movement, record, sell_daily, set_bounds

LATER = NOW + timedelta(hours=1)


def wrong(cause: str, **changes: Any) -> NewAlert:
    values = {"kind": Alert.Kind.ANOMALY, "severity": "high", "message": f"{cause} is odd", "cause_key": cause}
    return NewAlert(**{**values, **changes})


def open_causes() -> list[str]:
    return sorted(Alert.objects.open().values_list("cause_key", flat=True))


def test_a_cause_has_one_open_alert_however_often_it_is_told(cast: Cast) -> None:
    for _ in range(2):
        open_alerts([wrong("a")], now=NOW)
    assert open_causes() == ["a"]


def test_a_state_that_is_followed_opens_refreshes_and_closes_its_own_kind_alone(cast: Cast) -> None:
    open_alerts([wrong("dead", kind=Alert.Kind.DEAD_LETTERS)], now=NOW)
    follow_state([Alert.Kind.ANOMALY], [wrong("a"), wrong("b")], now=NOW)
    follow_state([Alert.Kind.ANOMALY], [wrong("b", message="worse", money=Decimal("12.345")), wrong("c")], now=LATER)
    assert open_causes() == ["b", "c", "dead"]
    closed, kept = Alert.objects.get(cause_key="a"), Alert.objects.get(cause_key="b")
    assert (closed.closed_at, closed.open_key) == (LATER, None)
    assert (kept.message, kept.money, kept.opened_at, kept.valued_at) == ("worse", Decimal("12.34"), NOW, LATER)


def test_what_stays_as_it_is_keeps_being_put_off(cast: Cast) -> None:
    follow_state([Alert.Kind.ANOMALY], [wrong("a")], now=NOW)
    Alert.objects.update(snoozed_until=LATER)
    follow_state([Alert.Kind.ANOMALY], [wrong("a", message="worse")], now=NOW)
    assert Alert.objects.get().snoozed_until == LATER


def test_following_a_state_takes_the_same_queries_for_few_and_for_many(cast: Cast) -> None:
    counts = []
    for many in (2, 60):
        with CaptureQueriesContext(connection) as queries:
            follow_state([Alert.Kind.ANOMALY], [wrong(f"{many}:{i}") for i in range(many)], now=NOW)
        counts.append(len(queries))
    assert counts[1] - counts[0] == 1  # the first had none to close


def test_worst_first_is_what_everything_depends_on_and_then_the_money(cast: Cast) -> None:
    open_alerts(
        [
            wrong("small", money=Decimal(5)),
            wrong("unknown"),
            wrong("night", is_pinned=True),
            wrong("big", money=Decimal(900)),
        ],
        now=NOW,
    )
    assert [alert.cause_key for alert in Alert.objects.worst_first()] == ["night", "big", "small", "unknown"]


@pytest.mark.parametrize(
    ("on_hand", "demand", "relief", "margin", "expected"),
    [
        (0, 2.0, 5.0, "1.50", "15.00"),  # 10 units missed
        (4, 2.0, 5.0, "1.50", "9.00"),  # 6 missed
        (-3, 2.0, 5.0, "1.50", "15.00"),  # what was oversold is no stock, and no second loss
        (10, 2.0, 5.0, "1.50", "0.00"),  # lasts
        (0, 0.0, 5.0, "1.50", "0.00"),  # nobody wants it
        (0, 2.0, 5.0, "-1.00", "0.00"),  # sold at a loss
    ],
)
def test_the_money_is_the_margin_of_what_is_missed(
    on_hand: int, demand: float, relief: float, margin: str, expected: str
) -> None:
    found = missed_margin(on_hand=on_hand, demand_per_day=demand, relief_days=relief, margin=Decimal(margin))
    assert found == Decimal(expected)


def run_out(store: Store, product: Product, per_day: int = 3, days: int = 28) -> Alert:
    """Sold ``per_day`` for ``days`` days up to yesterday, with which the stock was gone."""
    sell_daily(store, product, [per_day] * days, last_day=TODAY - timedelta(days=1), opening=per_day * days)
    return Alert.objects.open().get(store=store, product=product)


def test_a_stock_alert_is_opened_without_a_price_and_valued_by_the_job(cast: Cast) -> None:
    alert = run_out(cast.north, cast.steady)
    assert (alert.kind, alert.valued_at) == ("out_of_stock", None)
    assert value_alerts(now=NOW) == 1
    alert.refresh_from_db()
    # 3 a day × a lead time of 5 days × a margin of 2.00
    assert (alert.money, alert.currency, alert.valued_at) == (Decimal("30.00"), "GBP", NOW)
    assert value_alerts(now=LATER) == 0
    assert value_alerts(now=NOW + timedelta(hours=25)) == 1


def test_relief_is_the_order_under_way_where_there_is_one(cast: Cast) -> None:
    alert = run_out(cast.north, cast.steady)
    ordered(cast, cast.north, cast.steady, due_in=2)
    value_alerts(now=NOW)
    alert.refresh_from_db()
    assert alert.money == Decimal("12.00")


def test_days_without_stock_are_no_days_without_demand(cast: Cast) -> None:
    """Sold 6 a day for 14 days, then out for 14: demand is 6 a day, not 3."""
    last = TODAY - timedelta(days=15)
    sell_daily(cast.north, cast.steady, [6] * 14, last_day=last, opening=84)
    close_days(now=NOW)
    value_alerts(now=NOW)
    # 84 units over 28 days of which 14 were wholly without stock, for 5 days, at a margin of 2.00
    assert Alert.objects.open().get().money == Decimal("60.00")


def test_a_supplier_that_nobody_has_named_takes_a_week(cast: Cast) -> None:
    cast.steady.supplier_items.all().delete()
    run_out(cast.north, cast.steady)
    value_alerts(now=NOW)
    assert Alert.objects.get().money == Decimal("42.00")


def test_alerts_of_a_store_are_valued_with_as_many_queries_however_many_there_are(cast: Cast) -> None:
    counts = []
    for products in ([cast.steady], [cast.seasonal, cast.new, cast.intermittent]):
        for product in products:
            run_out(cast.north, product)
        with CaptureQueriesContext(connection) as queries:
            assert value_alerts(now=NOW) == len(products)
        counts.append(len(queries))
    assert counts == [8, 8]


def ordered(cast: Cast, store: Store, product: Product, *, due_in: int, status: str = "sent") -> PurchaseOrder:
    order = PurchaseOrder.objects.create(
        number=f"T-{PurchaseOrder.objects.count()}",
        supplier=cast.supplier,
        store=store,
        status=status,
        expected_date=TODAY + timedelta(days=due_in),
    )
    PurchaseOrderLine.objects.create(
        purchase_order=order, product=product, ordered_units=10, received_units=4, unit_cost=Decimal("3.00")
    )
    return order


def test_an_order_is_overdue_from_the_day_after_it_was_due(cast: Cast) -> None:
    late = ordered(cast, cast.north, cast.steady, due_in=-1)
    ordered(cast, cast.north, cast.steady, due_in=0)
    ordered(cast, cast.south, cast.steady, due_in=-9, status="draft")
    assert follow_orders(now=NOW) == 1
    alert = Alert.objects.get()
    assert (alert.kind, alert.severity, alert.store_id) == ("order_overdue", "high", late.store_id)
    assert (alert.money, alert.currency) == (Decimal("12.00"), "GBP")  # 6 units still to come, at a margin of 2.00
    assert "was due on 15 Mar 2026" in alert.message


def test_whether_it_is_late_is_asked_in_the_stores_own_day(cast: Cast) -> None:
    """At 23:00 in London it is tomorrow in Athens."""
    for store in (cast.north, cast.south):
        ordered(cast, store, cast.steady, due_in=0)
    assert follow_orders(now=NOW.replace(hour=23)) == 1
    assert Alert.objects.open().get().store == cast.south


def test_overdue_orders_take_the_same_queries_for_one_and_for_many(cast: Cast) -> None:
    counts = []
    for more in (1, 20):
        for _ in range(more):
            ordered(cast, cast.north, cast.steady, due_in=-1)
        with CaptureQueriesContext(connection) as queries:
            follow_orders(now=NOW)
        counts.append(len(queries))
    assert counts == [4, 4]


def test_what_is_sold_at_a_loss_is_no_loss_when_it_is_late(cast: Cast) -> None:
    Product.objects.filter(pk=cast.steady.pk).update(price=Decimal("2.00"))
    ordered(cast, cast.north, cast.steady, due_in=-1)
    follow_orders(now=NOW)
    assert Alert.objects.get().money == 0


def test_an_order_that_arrives_or_is_expected_later_is_overdue_no_more(cast: Cast) -> None:
    first, second = (ordered(cast, cast.north, cast.steady, due_in=-8) for _ in range(2))
    follow_orders(now=NOW)
    assert Alert.objects.open().filter(severity="critical").count() == 2
    PurchaseOrder.objects.filter(pk=first.pk).update(status="received")
    PurchaseOrder.objects.filter(pk=second.pk).update(expected_date=TODAY + timedelta(days=3))
    assert follow_orders(now=LATER) == 0
    assert open_causes() == []


@pytest.fixture
def alerts(cast: Cast) -> dict[str, Alert]:
    """One of each store and one of the company."""
    open_alerts(
        [wrong("north", store_id=cast.north.pk), wrong("south", store_id=cast.south.pk), wrong("company")], now=NOW
    )
    return {alert.cause_key: alert for alert in Alert.objects.all()}


@pytest.mark.parametrize(
    ("person", "changed"),
    [
        ("viewer", None),
        ("store_manager", ["north"]),
        ("buyer", ["company", "north", "south"]),
        ("analyst", None),
        ("administrator", ["company", "north", "south"]),
        ("outsider", None),
    ],
)
def test_who_may_puts_off_the_alerts_of_the_own_stores(
    person: str, changed: list[str] | None, alerts: dict[str, Alert], cast: Cast
) -> None:
    ids = [alert.pk for alert in alerts.values()]
    ask: dict[str, Any] = {"alert_ids": ids, "until": LATER, "actor": cast.people[person], "now": NOW}
    if changed is None:
        with pytest.raises(PermissionDenied):
            snooze_alerts(**ask)
    else:
        assert snooze_alerts(**ask) == len(changed)
    snoozed = Alert.objects.snoozed(NOW).order_by("cause_key").values_list("cause_key", flat=True)
    assert list(snoozed) == (changed or [])


def test_what_was_put_off_comes_back_at_its_time_or_when_it_is_taken_back(alerts: dict[str, Alert], cast: Cast) -> None:
    ids = [alerts["north"].pk, alerts["south"].pk]
    snooze_alerts(alert_ids=ids, until=LATER, actor=cast.buyer, now=NOW)
    assert Alert.objects.open().awake(NOW).count() == 1
    assert wake_alerts(alert_ids=ids[:1], actor=cast.buyer) == 1
    assert Alert.objects.open().awake(NOW).count() == 2
    assert Alert.objects.open().awake(LATER).count() == 3


@pytest.mark.parametrize("until", [NOW, NOW - timedelta(days=1), NOW + timedelta(days=91)])
def test_it_is_put_off_to_a_time_ahead_and_not_for_good(until: Any, alerts: dict[str, Alert], cast: Cast) -> None:
    with pytest.raises(ValidationError, match="within the next 90 days"):
        snooze_alerts(alert_ids=[alerts["north"].pk], until=until, actor=cast.buyer, now=NOW)
    assert not Alert.objects.filter(snoozed_until__isnull=False).exists()


def test_an_alert_is_given_to_somebody_who_sees_it(alerts: dict[str, Alert], cast: Cast) -> None:
    def give(name: str, to: Any) -> int:
        return assign_alerts(alert_ids=[alerts[name].pk], assignee=to, actor=cast.administrator)

    assert give("north", cast.store_manager) == 1
    for name, person, why in [
        ("south", cast.store_manager, "does not see every store"),
        ("company", cast.store_manager, "does not see every store"),
        ("south", cast.outsider, "may not see alerts"),
    ]:
        with pytest.raises(ValidationError, match=why):
            give(name, person)
    assert give("north", None) == 1
    assert not Alert.objects.filter(assigned_to__isnull=False).exists()
    assert cast.store_manager in people_for(alerts["north"])
    assert cast.store_manager not in people_for(alerts["south"])


def test_a_narrower_scope_than_the_persons_holds(alerts: dict[str, Alert], cast: Cast) -> None:
    north = StoreScope(store_ids=frozenset({cast.north.pk}))
    ids = [alert.pk for alert in alerts.values()]
    assert snooze_alerts(alert_ids=ids, until=LATER, actor=cast.buyer, scope=north, now=NOW) == 1


def test_a_closed_alert_is_nobodys_business(alerts: dict[str, Alert], cast: Cast) -> None:
    follow_state([Alert.Kind.ANOMALY], [], now=NOW)
    assert snooze_alerts(alert_ids=[alerts["north"].pk], until=LATER, actor=cast.buyer, now=NOW) == 0


def test_low_stock_is_followed_up_to_its_end(cast: Cast) -> None:
    set_bounds(cast.north, cast.steady, minimum=5, maximum=50)
    record(movement(cast.north, cast.steady, "count", 4))
    assert list(Alert.objects.open().values_list("kind", flat=True)) == ["below_minimum"]
    record(movement(cast.north, cast.steady, "count", 24))
    assert not Alert.objects.open().exists()
