"""Elasticities learned from daily sales, and the price that is chosen with them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from insights.models import DemandAnalysis, PriceElasticity
from insights.services.price_choice import PriceQuestion, find_best_price
from insights.services.price_training import train_prices
from inventory.services.errors import Conflict, Unknown
from tests.cast import NOW, TODAY, Cast
from tests.insights.demand_rows import price_analysis, sell_at_prices

QUESTION = PriceQuestion(current_price=6.0, current_quantity=100.0, cost_per_unit=4.0)


def test_planted_elasticities_are_found(cast: Cast) -> None:
    planted = {cast.steady: -2.5, cast.seasonal: -1.5, cast.intermittent: -0.8, cast.new: -2.0, cast.dead: -1.2}
    sell_at_prices(cast, elasticities=planted)
    (outcome,) = train_prices(now=NOW)
    assert (outcome.currency, outcome.as_of_date, outcome.refused) == ("EUR", TODAY - timedelta(days=1), 0)
    for product, true in planted.items():
        row = PriceElasticity.objects.get(product=product)
        assert row.own_elasticity == pytest.approx(true, abs=0.3)
        assert row.lower <= true <= row.upper
        assert row.verdict == ("elastic" if row.elasticity < -1 else "inelastic")
    tools = PriceElasticity.objects.get(product__isnull=True, category="Tools")
    assert tools.products == 3
    assert tools.elasticity == pytest.approx(-1.33, abs=0.4)


def test_a_price_that_never_moved_is_refused_with_the_reason(cast: Cast) -> None:
    sell_at_prices(cast, elasticities={cast.steady: -2.0, cast.seasonal: -2.0})
    from inventory.models import DailySales

    for row in DailySales.objects.filter(product=cast.seasonal):
        DailySales.objects.filter(pk=row.pk).update(revenue=row.units * 5)
    train_prices(now=NOW)
    row = PriceElasticity.objects.get(product=cast.seasonal)
    assert (row.verdict, row.reason) == ("not_enough_price_variation", "fewer than 4 distinct prices")
    assert row.elasticity is None


def test_the_same_day_again_replaces_its_rows(cast: Cast) -> None:
    sell_at_prices(cast, elasticities={cast.steady: -2.0, cast.seasonal: -1.5}, days=120)
    train_prices(now=NOW)
    train_prices(now=NOW)
    assert DemandAnalysis.objects.count() == 1
    assert PriceElasticity.objects.filter(product__isnull=False).count() == 2


def test_the_best_price_of_a_measured_product(cast: Cast) -> None:
    answer = find_best_price(price_analysis(cast), product=cast.steady, question=QUESTION)
    assert answer["best"]["price"] == pytest.approx(20 / 3)
    assert answer["free_optimum_price"] == pytest.approx(20 / 3)
    assert answer["best"]["profit_lower"] < answer["best"]["profit"] < answer["best"]["profit_upper"]
    assert answer["elasticity_of"] == "product"


def test_a_refused_product_is_answered_only_by_its_category_and_only_on_request(cast: Cast) -> None:
    analysis = price_analysis(cast)
    with pytest.raises(Conflict, match=r"fewer than 4 distinct prices.*send use_category=true"):
        find_best_price(analysis, product=cast.dead, question=QUESTION)
    wished = PriceQuestion(current_price=5.0, current_quantity=100.0, cost_per_unit=4.0, uses_category=True)
    answer = find_best_price(analysis, product=cast.dead, question=wished)
    assert answer["elasticity_of"] == "category"
    assert answer["highest_allowed_price"] == pytest.approx(5.5)  # 10 % over the one price observed


def test_a_product_that_was_not_sold_is_unknown(cast: Cast) -> None:
    with pytest.raises(Unknown):
        find_best_price(price_analysis(cast), product=cast.new, question=QUESTION)


def test_a_cost_that_no_price_covers_names_the_input(cast: Cast) -> None:
    wished = PriceQuestion(current_price=6.0, current_quantity=100.0, cost_per_unit=50.0)
    with pytest.raises(ValidationError) as refusal:
        find_best_price(price_analysis(cast), product=cast.steady, question=wished)
    assert "no price fits the rules" in str(refusal.value).lower()
