"""ABC over all stores: per currency, from the daily metrics, with moves."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from analytics.models import ClassMove, CompanyClass
from analytics.services.company_classes import refresh_company_classes
from analytics.services.metrics import refresh_metrics
from analytics.services.nights import newest_night
from inventory.models import Product, Store
from inventory.querysets.scope import EVERY_STORE, StoreScope
from tests.cast import NOW, TODAY, Cast, movement, record

YESTERDAY = TODAY - timedelta(days=1)
BEFORE = YESTERDAY - timedelta(days=1)


def sell(store: Store, product: Product, units: int, *, back: int = 0) -> None:
    day = YESTERDAY - timedelta(days=back)
    record(movement(store, product, "sale", units, day=day, unit_price=Decimal(5)))


def classes(last_day: object = YESTERDAY, days: int = 30) -> int:
    refresh_metrics(now=NOW)
    return refresh_company_classes(last_day=last_day, period_days=days)  # type: ignore[arg-type]


def letters(currency: str) -> dict[str, str]:
    rows = CompanyClass.objects.filter(currency=currency)
    return dict(rows.values_list("product__sku", "abc_class"))


def test_stores_of_one_currency_are_added_up_and_currencies_are_not(cast: Cast) -> None:
    other = Store.objects.create(code="N2", name="North 2", currency="GBP")
    for store, product, units in [
        (cast.north, cast.steady, 40),
        (other, cast.steady, 40),
        (cast.north, cast.seasonal, 15),
        (other, cast.new, 5),
        (cast.south, cast.new, 9),
    ]:
        sell(store, product, units)
    assert classes() == 0
    assert letters("GBP") == {"SKU-STEADY": "A", "SKU-SEASONAL": "B", "SKU-NEW": "C"}
    assert letters("EUR") == {"SKU-NEW": "A"}
    steady = CompanyClass.objects.get(product=cast.steady)
    assert (steady.units, steady.revenue, steady.margin, steady.margin_class) == (80, 400, 160, "A")
    assert steady.revenue_share == 0.8


def test_moves_are_kept_a_night_done_again_replaces_them_and_an_older_one_does_nothing(cast: Cast) -> None:
    sell(cast.north, cast.steady, 90, back=1)
    sell(cast.north, cast.seasonal, 10, back=1)
    classes(BEFORE, days=1)
    sell(cast.north, cast.seasonal, 50)
    assert classes(YESTERDAY, days=1) == classes(YESTERDAY, days=1) == 4  # two products, by revenue and by margin
    moves = ClassMove.objects.filter(scheme="abc", store=None).order_by("product_id")
    assert list(moves.values_list("product__sku", "currency", "from_class", "to_class")) == [
        ("SKU-STEADY", "GBP", "A", ""),
        ("SKU-SEASONAL", "GBP", "B", "A"),
    ]
    assert classes(BEFORE, days=1) == 0
    assert (letters("GBP")["SKU-SEASONAL"], newest_night()) == ("A", YESTERDAY)


def test_only_who_sees_every_store_sees_the_companys_classes_and_moves(cast: Cast) -> None:
    sell(cast.north, cast.steady, 9)
    classes()
    ClassMove.objects.create(
        product=cast.steady, currency="GBP", scheme="abc", moved_on=TODAY, from_class="A", to_class="B"
    )
    own = StoreScope(store_ids=frozenset({cast.north.pk}))
    assert (
        CompanyClass.objects.visible_to(EVERY_STORE).count() == ClassMove.objects.visible_to(EVERY_STORE).count() == 1
    )
    assert not CompanyClass.objects.visible_to(own).exists()
    assert not ClassMove.objects.visible_to(own).exists()


def test_without_sales_there_are_no_classes(cast: Cast) -> None:
    assert (classes(), newest_night()) == (0, None)
