"""The calendar: events and prices as the engine sees them, public holidays, and who may plan what."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from forecasting.calc.promotions import promoted_days
from forecasting.frames.calendar import PanelCalendar, load_panel_calendar
from forecasting.frames.demand import load_daily_demand
from forecasting.models import CalendarEvent, PlannedPrice, ProductDemandForecast
from forecasting.services import calendar, holiday_loading
from forecasting.services.generate import forecast_series
from forecasting.tasks import load_holidays
from invencare.lib import clock
from inventory.models import DailySales, Store
from inventory.querysets.scope import EVERY_STORE, StoreScope
from tests.cast import NOW, TODAY, Cast, sell_daily

YESTERDAY = TODAY - timedelta(days=1)
PAST_DAYS, AHEAD = 60, 28


def day(offset: int) -> date:
    """``offset`` 0 is the first day that is forecast."""
    return TODAY + timedelta(days=offset)


def event(cast: Cast, first: int, last: int | None = None, **changes: Any) -> CalendarEvent:
    values: dict[str, Any] = {
        "name": "Fair",
        "kind": "other",
        "first_day": day(first),
        "last_day": day(first if last is None else last),
    }
    return calendar.create_event(values={**values, **changes}, actor=cast.analyst, now=NOW)


def seen(cast: Cast, store: Store | None = None) -> PanelCalendar:
    store = store or cast.north
    history = load_daily_demand(
        store_id=store.pk, product_ids=[row.pk for row in cast.products], last_day=YESTERDAY, days=PAST_DAYS + 30
    )
    return load_panel_calendar(store=store, history=history, periods=PAST_DAYS, ahead=AHEAD)


def rows_of(cast: Cast, *names: str) -> list[int]:
    ids = sorted(product.pk for product in cast.products)
    return [ids.index(getattr(cast, name).pk) for name in names]


def test_an_event_is_an_effect_on_its_past_and_coming_days(cast: Cast) -> None:
    event(cast, -30, -29)
    event(cast, 5)
    (effect,) = seen(cast).effects
    assert (effect.name, effect.periods.tolist()) == ("Fair", [30, 31, 65])
    assert effect.strength.shape == (5, 3)
    assert effect.strength.all()


def test_days_outside_of_the_panel_and_switched_off_events_do_not_count(cast: Cast) -> None:
    event(cast, -62, -60)
    event(cast, AHEAD)
    event(cast, 3, is_active=False)
    (effect,) = seen(cast).effects
    assert effect.periods.tolist() == [0]


def test_an_event_concerns_its_products_and_categories_alone(cast: Cast) -> None:
    event(cast, 2, categories=["Coffee"], products=[cast.dead])
    (effect,) = seen(cast).effects
    assert np.flatnonzero(effect.strength[:, 0]).tolist() == sorted(rows_of(cast, "steady", "seasonal", "dead"))


def test_an_event_is_held_in_its_stores_its_country_or_everywhere(cast: Cast) -> None:
    Store.objects.filter(pk=cast.north.pk).update(country="GB", region="SCT")
    Store.objects.filter(pk=cast.south.pk).update(country="GR")
    cast.north.refresh_from_db()
    event(cast, 1, name="everywhere")
    event(cast, 1, name="north", stores=[cast.north])
    event(cast, 1, name="Britain", country="GB")
    event(cast, 1, name="Scotland", country="GB", region="SCT")
    event(cast, 1, name="England", country="GB", region="ENG")
    event(cast, 1, name="Greece", country="GR")
    assert {effect.name for effect in seen(cast).effects} == {"everywhere", "north", "Britain", "Scotland"}
    assert {effect.name for effect in seen(cast, cast.south).effects} == {"everywhere", "Greece"}
    visible = CalendarEvent.objects.visible_to(StoreScope(store_ids=frozenset([cast.north.pk])))
    assert {row.name for row in visible} == {"everywhere", "north", "Britain", "Scotland"}
    assert CalendarEvent.objects.visible_to(EVERY_STORE).count() == 6
    assert not CalendarEvent.objects.visible_to(StoreScope()).exists()


def test_days_around_a_holiday_are_effects_of_their_own_unless_they_are_holidays(cast: Cast) -> None:
    event(cast, -10, name="Christmas Day", kind="holiday")
    event(cast, -9, name="Boxing Day", kind="holiday")
    assert {effect.name: effect.periods.tolist() for effect in seen(cast).effects} == {
        "Christmas Day": [50],
        "Christmas Day: 2 days before": [48],
        "Christmas Day: the day before": [49],
        "Boxing Day": [51],
        "Boxing Day: 2 days before": [49],
        "Boxing Day: the day after": [52],
    }


def test_a_closure_is_nothing_to_sell_and_a_given_uplift_is_used_as_it_is(cast: Cast) -> None:
    event(cast, -3, kind="closure")
    event(cast, 4, kind="closure", stores=[cast.north])
    event(cast, 6, given_uplift=1.5)
    event(cast, 6, given_uplift=2.0, categories=["Tools"])
    known = seen(cast)
    assert known.effects == ()
    assert known.given is not None
    assert known.given[:, [57, 64]].tolist() == [[0.0, 0.0]] * 5
    tools, coffee = rows_of(cast, "dead", "new", "intermittent"), rows_of(cast, "steady", "seasonal")
    assert known.given[tools, 66].tolist() == [3.0] * 3
    assert known.given[coffee, 66].tolist() == [1.5] * 2
    assert known.given.sum() == known.given.size - 10 + 3 * 2 + 2 * 0.5


def test_promotions_are_known_ahead_only_where_somebody_plans_them(cast: Cast) -> None:
    DailySales.objects.create(
        store=cast.north, product=cast.steady, business_date=day(-20), units=5, transactions=2, promotion_lines=2
    )
    assert seen(cast).promotion is None
    event(cast, 3, 4, name="Spring offers", kind="promotion", products=[cast.seasonal])
    promotion = seen(cast).promotion
    assert promotion is not None
    (steady,), (seasonal,) = rows_of(cast, "steady"), rows_of(cast, "seasonal")
    assert np.argwhere(promotion).tolist() == sorted([[steady, 40], [seasonal, 63], [seasonal, 64]])


def test_a_promotion_that_was_held_before_has_its_own_uplift(cast: Cast) -> None:
    event(cast, -20, name="Black Friday", kind="promotion")
    event(cast, 3, name="Black Friday", kind="promotion")
    DailySales.objects.create(
        store=cast.north, product=cast.steady, business_date=day(-20), units=5, transactions=2, promotion_lines=2
    )
    known = seen(cast)
    assert [(effect.name, effect.periods.tolist()) for effect in known.effects] == [("Black Friday", [40, 63])]
    assert known.promotion is not None
    assert not known.promotion.any()


def test_a_promoted_day_without_a_sale_is_known_by_the_sales_around_it() -> None:
    sold = np.array([[3.0, 0, 0, 2, 0, 4, 0]])
    lines = np.array([[1.0, 0, 0, 1, 0, 0, 0]])
    assert promoted_days(lines, sold).tolist() == [[True, True, True, True, False, False, False]]
    assert promoted_days(np.ones((1, 17)), np.eye(17)[[0]] + np.eye(17)[[16]]).sum() == 2


def test_the_price_is_what_was_paid_carried_on_until_a_planned_one(cast: Cast) -> None:
    for offset, units, revenue in ((-20, 4, "12"), (-10, 2, "5")):
        DailySales.objects.create(
            store=cast.north, product=cast.steady, business_date=day(offset), units=units, revenue=Decimal(revenue)
        )
    plan: dict[str, Any] = {"product": cast.steady, "created_at": NOW}
    PlannedPrice.objects.create(first_day=day(5), price=4, store=cast.north, last_day=day(6), **plan)
    PlannedPrice.objects.create(first_day=day(6), price=Decimal("3.50"), **plan)
    PlannedPrice.objects.create(first_day=day(0), price=9, store=cast.south, **plan)
    DailySales.objects.create(  # on promotion: not what it regularly costs
        store=cast.north, product=cast.steady, business_date=day(-5), units=9, revenue=9, promotion_lines=3
    )
    known = seen(cast).price
    assert known is not None
    price = known[rows_of(cast, "steady")[0]]
    assert np.isnan(price[:40]).all()
    assert price[40:50].tolist() == [3.0] * 10
    assert price[50:65].tolist() == [2.5] * 15
    assert price[65:69].tolist() == [4.0, 4.0, 3.5, 3.5]
    assert np.isnan(known[rows_of(cast, "dead")[0]]).all()


def test_prices_that_nobody_plans_are_not_known_ahead_and_take_no_part(cast: Cast) -> None:
    DailySales.objects.create(store=cast.north, product=cast.steady, business_date=day(-9), units=2, revenue=5)
    PlannedPrice.objects.create(product=cast.steady, first_day=day(-9), last_day=day(-1), price=2, created_at=NOW)
    PlannedPrice.objects.create(product=cast.steady, first_day=day(1), price=2, store=cast.south, created_at=NOW)
    assert seen(cast).price is None
    assert seen(cast, cast.south).price is not None


@pytest.mark.parametrize("events", [3, 30])
def test_the_calendar_takes_the_same_queries_whatever_is_on_it(events: int, cast: Cast) -> None:
    for offset in range(events):
        event(cast, offset - 20, name=f"Event {offset}", products=[cast.steady], stores=[cast.north])
        PlannedPrice.objects.create(product=cast.steady, first_day=day(offset), price=1 + offset, created_at=NOW)
    history = load_daily_demand(
        store_id=cast.north.pk, product_ids=[cast.steady.pk], last_day=YESTERDAY, days=PAST_DAYS
    )
    with CaptureQueriesContext(connection) as queries:
        load_panel_calendar(store=cast.north, history=history, periods=PAST_DAYS, ahead=AHEAD)
    assert len(queries) == 3


def test_the_nights_forecast_knows_the_calendar(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [6] * 90, last_day=YESTERDAY)
    event(cast, 2, kind="closure")
    event(cast, 4, name="Opening", given_uplift=2.0)
    forecast_series(store=cast.north, product_ids=[cast.steady.pk], forecast_date=TODAY, now=NOW)
    daily = ProductDemandForecast.objects.get().daily
    assert daily["mean"][:6] == [6, 6, 0, 6, 12, 6]
    assert daily["quantiles"]["0.975"][2] == 0
    assert daily["effects"] == {
        "events": {"2": ["Fair"], "4": ["Opening"]},
        "factor": {"2": 0.0, "4": 2.0},
        "uplifts": {},
    }


def test_a_forecast_names_what_is_on_each_day_for_its_product(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [6] * 90, last_day=YESTERDAY)
    for offset, changes in [
        (-30, {}),
        (3, {}),
        (3, {"name": "Easter", "kind": "holiday"}),
        (5, {"name": "Tools week", "categories": ["Tools"]}),
        (6, {"name": "Offers", "kind": "promotion"}),
        (60, {"name": "Far off"}),
    ]:
        event(cast, offset, **changes)
    forecast_series(store=cast.north, product_ids=[cast.steady.pk], forecast_date=TODAY, now=NOW)
    assert ProductDemandForecast.objects.get().daily["effects"]["events"] == {
        "1": ["Easter: 2 days before"],
        "2": ["Easter: the day before"],
        "3": ["Fair", "Easter"],
        "4": ["Easter: the day after"],
        "6": ["Offers"],
    }


def test_a_day_that_was_closed_is_no_day_without_demand(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [*[6] * 60, *[0] * 20], last_day=YESTERDAY)
    event(cast, -20, -1, kind="closure")
    forecast_series(store=cast.north, product_ids=[cast.steady.pk], forecast_date=TODAY, now=NOW)
    row = ProductDemandForecast.objects.get()
    assert row.daily["mean"] == [6] * 28
    assert row.historical_data_points == 60


# Public holidays.


def test_the_holidays_of_the_stores_countries_come_once_and_stay_as_people_left_them(cast: Cast) -> None:
    Store.objects.filter(pk=cast.north.pk).update(country="PT")
    loaded = holiday_loading.load_for_stores(first_year=2025, last_year=2026, now=NOW)
    count = CalendarEvent.objects.count()
    assert count > 20
    assert (loaded.added, loaded.known, loaded.places) == (count, 0, ("PT",))
    carnation = CalendarEvent.objects.get(first_day=date(2026, 4, 25))
    assert (carnation.name, carnation.kind, carnation.country, carnation.region) == ("Freedom Day", "holiday", "PT", "")
    CalendarEvent.objects.filter(pk=carnation.pk).update(is_active=False, given_uplift=1.2)
    again = holiday_loading.load_for_stores(first_year=2025, last_year=2026, now=NOW)
    assert (again.added, again.known) == (0, count)
    carnation.refresh_from_db()
    assert (carnation.is_active, carnation.given_uplift) == (False, 1.2)


def test_a_region_adds_its_own_holidays_to_its_countrys(cast: Cast) -> None:
    holiday_loading.load_holidays(places=[("GB", "SCT"), ("GB", "")], first_year=2026, last_year=2026, now=NOW)
    assert CalendarEvent.objects.get(name="Saint Andrew's Day").region == "SCT"
    assert CalendarEvent.objects.get(name="Christmas Day").region == ""


@pytest.mark.parametrize(
    ("place", "years", "field"),
    [
        (("XX", ""), (2026, 2026), "country"),
        (("GB", "XX"), (2026, 2026), "region"),
        (("GB", ""), (2026, 2025), "last_year"),
        (("GB", ""), (2000, 2026), "last_year"),
    ],
)
def test_unknown_places_and_odd_years_are_refused(
    place: tuple[str, str], years: tuple[int, int], field: str, db: None
) -> None:
    with pytest.raises(ValidationError) as refused:
        holiday_loading.load_holidays(places=[place], first_year=years[0], last_year=years[1], now=NOW)
    assert list(refused.value.message_dict) == [field]
    assert not CalendarEvent.objects.exists()


def test_the_command_loads_and_says_what_it_did(cast: Cast) -> None:
    out = StringIO()
    call_command("load_holidays", from_year=2026, to_year=2026, stdout=out)
    assert out.getvalue() == "No store has a country yet: set it on the store's page, then load again.\n"
    out = StringIO()
    call_command("load_holidays", "--country", "GB-SCT", "--from-year", "2026", "--to-year", "2026", stdout=out)
    count = CalendarEvent.objects.count()
    assert out.getvalue() == f"{count} holidays added, 0 were there (GB-SCT).\n"
    with pytest.raises(CommandError, match="No public holidays are known for “XX”"):
        call_command("load_holidays", "--country", "XX")


def test_the_job_loads_up_to_next_year(cast: Cast) -> None:
    Store.objects.filter(pk=cast.north.pk).update(country="PT")
    first, last = holiday_loading.usual_years(clock.now().date())
    assert load_holidays().endswith("holidays added, 0 were there (PT).")
    years = {row.first_day.year for row in CalendarEvent.objects.all()}
    assert years == set(range(first, last + 1))
    assert load_holidays().startswith("0 holidays added")


# Who may plan what.


def test_a_store_manager_plans_for_own_stores_alone(cast: Cast) -> None:
    values: dict[str, Any] = {"name": "Fair", "kind": "other", "first_day": TODAY, "last_day": TODAY}
    actor: dict[str, Any] = {"actor": cast.store_manager, "now": NOW}
    for reach in ({}, {"stores": [cast.south]}, {"stores": [cast.north, cast.south]}, {"country": "PT"}):
        with pytest.raises(ValidationError) as refused:
            calendar.create_event(values={**values, **reach}, **actor)
        assert list(refused.value.message_dict) == ["stores"]
    assert not CalendarEvent.objects.exists()
    own = calendar.create_event(values={**values, "stores": [cast.north]}, **actor)
    assert (own.created_by, list(own.stores.all())) == (cast.store_manager, [cast.north])
    with pytest.raises(ValidationError):
        calendar.change_event(event=own, values={"stores": [cast.north, cast.south]}, **actor)
    assert list(own.stores.all()) == [cast.north]
    everywhere = event(cast, 1)
    with pytest.raises(PermissionDenied):
        calendar.change_event(event=everywhere, values={"is_active": False}, **actor)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"last_day": YESTERDAY}, "__all__"),
        ({"last_day": TODAY + timedelta(days=366)}, "last_day"),
        ({"kind": "closure", "given_uplift": 2.0}, "__all__"),
        ({"given_uplift": -1.0}, "given_uplift"),
        ({"given_uplift": 21.0}, "given_uplift"),
        ({"region": "SCT"}, "__all__"),
        ({"country": "Portugal"}, "country"),
        ({"categories": "Coffee"}, "categories"),
        ({"name": ""}, "name"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused(changes: dict[str, Any], field: str, cast: Cast) -> None:
    with pytest.raises(ValidationError) as refused:
        event(cast, 0, **changes)
    assert field in refused.value.message_dict
    assert not CalendarEvent.objects.exists()


def test_the_events_of_a_product_in_a_store_are_listed_for_charts(cast: Cast) -> None:
    mine = event(cast, 1, products=[cast.steady])
    event(cast, 1, products=[cast.dead])
    event(cast, 1, stores=[cast.south])
    event(cast, 9)
    coffee = event(cast, 0, 3, categories=["Coffee"])
    listed = calendar.events_of(product=cast.steady, store=cast.north, first_day=TODAY, last_day=day(2))
    assert listed == [coffee, mine]


# The admin.

ADD = reverse("admin:forecasting_calendarevent_add")
LOAD = reverse("admin:forecasting_calendarevent_load")


def form(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Fair",
        "kind": "other",
        "first_day": "2026-05-01",
        "last_day": "2026-05-02",
        "is_active": "on",
        **changes,
    }


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("viewer", 403),
        ("store_manager", 302),
        ("buyer", 302),
        ("analyst", 302),
        ("administrator", 302),
        ("outsider", 403),
    ],
)
def test_who_may_add_an_event_in_the_admin(person: str, status: int, cast: Cast, client: Client) -> None:
    client.force_login(cast.people[person])
    assert client.post(ADD, form(stores=[cast.north.pk], categories=["Tools"])).status_code == status
    assert CalendarEvent.objects.count() == (status == 302)
    if status == 302:
        made = CalendarEvent.objects.get()
        assert (made.categories, list(made.stores.all()), made.created_by) == (
            ["Tools"],
            [cast.north],
            cast.people[person],
        )


def test_an_event_everywhere_is_refused_to_a_store_manager_on_its_field(cast: Cast, client: Client) -> None:
    client.force_login(cast.store_manager)
    page = client.post(ADD, form()).content.decode()
    assert "Choose from your own stores: an event elsewhere is not yours to plan." in page
    page = client.post(ADD, form(stores=[cast.south.pk])).content.decode()
    assert "Select a valid choice" in page
    assert not CalendarEvent.objects.exists()


def test_a_store_manager_reads_an_event_everywhere_and_cannot_change_it(cast: Cast, client: Client) -> None:
    everywhere = event(cast, 1)
    client.force_login(cast.store_manager)
    page = reverse("admin:forecasting_calendarevent_change", args=[everywhere.pk])
    assert client.get(page).status_code == 200
    assert client.post(page, form()).status_code == 403
    everywhere.refresh_from_db()
    assert everywhere.first_day == day(1)


def test_an_event_in_several_stores_names_to_a_manager_the_own_one_alone(cast: Cast, client: Client) -> None:
    both = event(cast, 1, stores=[cast.north, cast.south])
    client.force_login(cast.store_manager)
    page = reverse("admin:forecasting_calendarevent_change", args=[both.pk])
    for address in (page, reverse("admin:forecasting_calendarevent_changelist")):
        shown = client.get(address).content.decode()
        assert "N1" in shown
        assert "S1" not in shown
    assert client.post(page, form(stores=[cast.north.pk])).status_code == 403
    assert both.stores.count() == 2


def test_nobody_deletes_an_event(cast: Cast, client: Client) -> None:
    row = event(cast, 1)
    client.force_login(cast.administrator)
    address = reverse("admin:forecasting_calendarevent_delete", args=[row.pk])
    assert client.post(address, {"post": "yes"}).status_code == 403
    assert CalendarEvent.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ("viewer", 403),
        ("store_manager", 403),
        ("buyer", 302),
        ("analyst", 302),
        ("administrator", 302),
        ("outsider", 403),
    ],
)
def test_who_may_load_holidays_in_the_admin(person: str, status: int, cast: Cast, client: Client) -> None:
    Store.objects.filter(pk=cast.north.pk).update(country="PT")
    client.force_login(cast.people[person])
    assert client.post(LOAD, {"first_year": 2026, "last_year": 2026}).status_code == status
    assert CalendarEvent.objects.filter(name="Freedom Day").count() == (status == 302)


def test_odd_years_are_refused_on_the_page(cast: Cast, client: Client) -> None:
    client.force_login(cast.buyer)
    assert "Load public holidays" in client.get(LOAD).content.decode()
    page = client.post(LOAD, {"first_year": 2026, "last_year": 2025}).content.decode()
    assert "The last year is the first or up to 19 later." in page


def test_a_planned_price_says_who_made_it(cast: Cast, client: Client) -> None:
    client.force_login(cast.buyer)
    address = reverse("admin:forecasting_plannedprice_add")
    values = {"product": cast.steady.pk, "store": "", "first_day": "2026-05-01", "last_day": "", "price": "4.50"}
    assert client.post(address, values).status_code == 302
    plan = PlannedPrice.objects.get()
    assert (plan.price, plan.store, plan.last_day, plan.created_by_name) == (Decimal("4.5"), None, None, "bo")
    client.force_login(cast.store_manager)
    assert client.post(address, values).status_code == 403
