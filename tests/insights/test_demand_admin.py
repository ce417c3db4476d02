"""The pages of customers and prices: what they show, to whom, and how many queries they take."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from insights.models import PriceElasticity
from tests.cast import TODAY, Cast, make_person
from tests.insights.demand_rows import customer_analysis, price_analysis, score, sell_at_prices

SEGMENTS = "/admin/insights/customerscore/segments/"
AT_RISK = "/admin/insights/customerscore/at-risk/"


def of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("path", [SEGMENTS, AT_RISK])
def test_before_the_first_analysis_the_page_says_what_to_do(cast: Cast, path: str) -> None:
    page = of(cast.analyst).get(path).content.decode()
    assert "Nothing has been learned of customers yet" in page
    assert "manage.py train_demand_insights" in page


@pytest.mark.parametrize("path", [SEGMENTS, AT_RISK, "/admin/insights/customerscore/"])
def test_customers_are_the_analysts_alone(cast: Cast, path: str) -> None:
    customer_analysis()
    allowed = {name for name, user in cast.people.items() if of(user).get(path).status_code == 200}
    assert allowed == {"analyst", "administrator"}


def test_segments_with_their_numbers(cast: Cast) -> None:
    score(customer_analysis(), cast.south, "ann")
    page = of(cast.analyst).get(SEGMENTS).content.decode()
    assert "Segment 0 of 2" in page
    assert "Segment 0 of 3" not in page  # not served
    assert "silhouette 0.50" in page


def test_at_risk_most_money_first_and_as_a_file(cast: Cast) -> None:
    analysis = customer_analysis()
    score(analysis, cast.south, "=cmd()", money_at_stake=900.0)
    score(analysis, cast.south, "bob", money_at_stake=70.0)
    score(analysis, cast.south, "cy", churn_probability=0.2)
    client = of(cast.analyst)
    page = client.get(AT_RISK).content.decode()
    assert page.index("=cmd()") < page.index("bob")
    assert ">cy<" not in page
    lines = client.get(f"{AT_RISK}?format=csv&threshold=0.6").getvalue().decode().splitlines()
    assert lines[0].startswith("customer_id,churn_probability,risk_level,money_at_stake")
    assert [line.split(",")[0] for line in lines[1:]] == ["'=cmd()", "bob"]


def test_an_analyst_of_one_store_sees_its_customers(cast: Cast) -> None:
    analysis = customer_analysis()
    score(analysis, cast.south, "ann")
    bob = score(analysis, cast.north, "bob")
    person = make_person("sue", "Analyst", stores=[cast.south])
    person.groups.clear()
    from django.contrib.auth.models import Permission

    person.user_permissions.add(*Permission.objects.filter(codename__in=["view_customerscore"]))
    client = of(person)
    page = client.get(AT_RISK).content.decode()
    assert "ann" in page
    assert "bob" not in page
    assert client.get(reverse("admin:insights_customerscore_change", args=[bob.pk])).status_code in (302, 403)


def test_a_customers_page_has_the_earlier_scores(cast: Cast) -> None:
    score(customer_analysis(day=TODAY - timedelta(days=7)), cast.south, "ann", segment="As it was")
    newest = score(customer_analysis(), cast.south, "ann")
    page = of(cast.analyst).get(reverse("admin:insights_customerscore_change", args=[newest.pk])).content.decode()
    assert "As it was" in page
    listed = of(cast.analyst).get("/admin/insights/customerscore/").content.decode()
    assert listed.count("As it was") == 0  # the list has the newest analysis alone


def test_the_list_takes_the_same_queries_whatever_its_length(cast: Cast, django_assert_num_queries: Any) -> None:
    analysis = customer_analysis()
    client = of(cast.analyst)
    score(analysis, cast.south, "ann")
    client.get("/admin/insights/customerscore/")
    with django_assert_num_queries(QUERIES_OF_LIST):
        client.get("/admin/insights/customerscore/")
    for one in range(10):
        score(analysis, cast.south, f"more-{one}")
    with django_assert_num_queries(QUERIES_OF_LIST):
        client.get("/admin/insights/customerscore/")


QUERIES_OF_LIST = 10


def test_a_buyer_tries_a_price(cast: Cast) -> None:
    pytest.importorskip("scipy")
    sell_at_prices(cast, elasticities={cast.steady: -2.5}, days=120)
    price_analysis(cast)
    row = PriceElasticity.objects.get(product=cast.steady)
    url = reverse("admin:insights_priceelasticity_change", args=[row.pk])
    page = of(cast.buyer).get(url).content.decode()
    assert "What was sold at which price" in page
    tried = of(cast.buyer).get(f"{url}?tried_price=6&current_price=5&quantity=40&cost=3").content.decode()
    assert "6.00 tried" in tried
    assert "5.00 earns most" in tried  # 3 × 2.5 / 1.5
    wrong = of(cast.buyer).get(f"{url}?tried_price=0&current_price=5&quantity=40&cost=3").content.decode()
    assert "greater than or equal to" in wrong


def test_a_refused_product_says_why_and_offers_no_simulator(cast: Cast) -> None:
    price_analysis(cast)
    row = PriceElasticity.objects.get(product=cast.dead)
    page = of(cast.buyer).get(reverse("admin:insights_priceelasticity_change", args=[row.pk])).content.decode()
    assert "fewer than 4 distinct prices" in page
    assert "Try a price" not in page


def test_prices_are_for_those_who_set_or_analyse_them(cast: Cast) -> None:
    price_analysis(cast)
    path = "/admin/insights/priceelasticity/"
    allowed = {name for name, user in cast.people.items() if of(user).get(path).status_code == 200}
    assert allowed == {"buyer", "analyst", "administrator"}
