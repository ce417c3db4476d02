"""Classes of products, and every move from one to another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from analytics.models import ClassMove, ProductClass
from analytics.services.classes import AbcClasses, XyzClass, keep_abc, keep_xyz
from forecasting.services.generate import forecast_series
from insights.services.matrix import abc_xyz_matrix
from inventory.querysets.scope import EVERY_STORE, NO_STORE, StoreScope
from tests.cast import NOW, TODAY, Cast, sell_daily

YESTERDAY = TODAY - timedelta(days=1)


def abc(cast: Cast, *, day: Any = YESTERDAY, store: Any = None, **classes: str) -> int:
    found = {getattr(cast, name).pk: AbcClasses(letter, letter) for name, letter in classes.items()}
    return keep_abc(found, store_id=(store or cast.north).pk, last_day=day)


def moves(scheme: str = "abc") -> list[tuple[Any, ...]]:
    rows = ClassMove.objects.filter(scheme=scheme).order_by("moved_on", "product_id")
    return list(rows.values_list("product__sku", "moved_on", "from_class", "to_class"))


def test_the_first_class_is_no_move_and_a_later_one_is(cast: Cast) -> None:
    assert abc(cast, steady="A", seasonal="B", day=YESTERDAY - timedelta(days=1)) == 0
    assert abc(cast, steady="A", seasonal="") == 2  # by revenue and by margin
    assert moves() == moves("margin") == [("SKU-SEASONAL", YESTERDAY, "B", "")]
    assert ProductClass.objects.get(product=cast.seasonal).abc_class == ""


def test_a_day_done_again_replaces_its_moves(cast: Cast) -> None:
    abc(cast, steady="A", seasonal="B", day=YESTERDAY - timedelta(days=1))
    abc(cast, steady="C", seasonal="C")
    abc(cast, steady="B", seasonal="B")
    assert moves() == [("SKU-STEADY", YESTERDAY, "A", "B")]
    abc(cast, steady="B", seasonal="B")
    assert moves() == [("SKU-STEADY", YESTERDAY, "A", "B")]


def test_an_older_day_changes_nothing(cast: Cast) -> None:
    abc(cast, steady="A")
    assert abc(cast, steady="C", day=YESTERDAY - timedelta(days=5)) == 0
    assert (ProductClass.objects.get().abc_class, moves()) == ("A", [])


def test_abc_and_xyz_leave_each_other_alone(cast: Cast) -> None:
    abc(cast, steady="A")
    keep_xyz({cast.steady.pk: XyzClass("X", 0.2, "backtest", 52)}, store_id=cast.north.pk, forecast_date=TODAY)
    abc(cast, steady="B", day=TODAY)
    row = ProductClass.objects.get()
    assert (row.abc_class, row.margin_class, row.xyz_class, row.week_error) == ("B", "B", "X", 0.2)
    assert (row.error_basis, row.error_weeks, row.abc_on, row.xyz_on) == ("backtest", 52, TODAY, TODAY)
    assert moves("xyz") == []


def test_a_move_to_the_same_class_is_refused_by_the_database(cast: Cast) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ClassMove.objects.create(
            product=cast.steady, store=cast.north, scheme="abc", moved_on=TODAY, from_class="A", to_class="A"
        )


@pytest.mark.parametrize("count", [1, 5])
def test_the_queries_do_not_grow_with_the_products(cast: Cast, count: int, django_assert_num_queries: Any) -> None:
    names = ["steady", "seasonal", "intermittent", "new", "dead"][:count]
    abc(cast, **dict.fromkeys(names, "A"), day=YESTERDAY - timedelta(days=1))
    with django_assert_num_queries(6), transaction.atomic():  # two to read, two to write, two of the savepoint
        abc(cast, **dict.fromkeys(names, "B"))


def test_a_forecast_tells_how_well_it_can_be_forecast(cast: Cast) -> None:
    sell_daily(cast.north, cast.steady, [8, 8, 8, 8, 8, 20, 20] * 26, last_day=YESTERDAY)
    sell_daily(cast.north, cast.intermittent, ([0] * 40 + [30] + [0] * 20 + [60] + [0] * 9) * 3, last_day=YESTERDAY)
    sell_daily(cast.north, cast.seasonal, [4] * 30, last_day=YESTERDAY)
    sell_daily(cast.north, cast.new, [5] * 3, last_day=YESTERDAY)
    forecast_series(
        store=cast.north, product_ids=[product.pk for product in cast.products], forecast_date=TODAY, now=NOW
    )
    rows = {row.product_id: row for row in ProductClass.objects.all()}
    steady, lumpy, new = (rows[product.pk] for product in (cast.steady, cast.intermittent, cast.new))
    assert (steady.xyz_class, steady.error_basis, lumpy.xyz_class) == ("X", "backtest", "Z")
    assert steady.week_error is not None
    assert steady.week_error < 0.05
    assert (new.xyz_class, new.week_error, new.error_basis, new.error_weeks) == ("", None, "", 0)
    assert rows[cast.seasonal.pk].xyz_class == "X"


def test_the_matrix_counts_what_the_reader_may_see(cast: Cast) -> None:
    abc(cast, steady="A", seasonal="A", dead="")
    abc(cast, store=cast.south, steady="C")
    keep_xyz({cast.steady.pk: XyzClass("X", 0.1, "backtest", 9)}, store_id=cast.north.pk, forecast_date=TODAY)
    assert abc_xyz_matrix(scope=EVERY_STORE).counts == {("A", "X"): 1, ("A", ""): 1, ("", ""): 1, ("C", ""): 1}
    own = abc_xyz_matrix(scope=StoreScope(store_ids=frozenset({cast.south.pk})))
    assert (own.counts, own.total, own.row("C"), own.column("")) == ({("C", ""): 1}, 1, [0, 0, 0, 1], [0, 0, 1, 0])
    assert abc_xyz_matrix(scope=EVERY_STORE, store=cast.north).total == 3
    assert abc_xyz_matrix(scope=NO_STORE).total == 0
    assert [row.product_id for row in ProductClass.objects.in_cell(abc="A", xyz="").order_by("pk")] == [
        cast.seasonal.pk
    ]
