"""Training on the ledger: what is counted, what is kept, what happens twice, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from forecasting.models import TrainedModel
from forecasting.services.trained_models import UnreadableModel
from insights.models import CustomerScore, CustomerSegment, DemandAnalysis
from inventory.models import Customer, InventoryTransaction
from tests.cast import NOW, TODAY, Cast
from tests.forecasting.libraries import needs_boosting
from tests.insights.demand_rows import customer_analysis, sale, score, sell_to_customers

pytest.importorskip("sklearn", reason="the extra “analysis” is not installed")

from insights.frames.customers import load_customer_days
from insights.services.customer_models import load_document, model_name, newest_model
from insights.services.customer_training import train_customers
from insights.services.forgetting import forget_customer


def test_a_day_of_a_customer_is_one_row_of_the_frame(cast: Cast, django_assert_num_queries: Any) -> None:
    ann = Customer.objects.create(code="ann")
    day = TODAY - timedelta(days=5)
    cast.steady.unit_cost = Decimal(2)
    cast.steady.save()
    InventoryTransaction.objects.bulk_create(
        [
            sale(cast.south, cast.steady, day, 8.0, customer=ann),
            sale(cast.south, cast.steady, day, 4.0, customer=ann),
            sale(cast.south, cast.steady, day + timedelta(days=2), -4.0, customer=ann),
            sale(cast.north, cast.steady, day, 99.0, customer=ann),  # pounds
            sale(cast.south, cast.steady, day, 50.0),  # of nobody known
        ]
    )
    with django_assert_num_queries(2):
        frame = load_customer_days(currency="EUR", until=TODAY, most_days=100)
    assert frame is not None
    assert (frame.first_day, frame.last_day) == (day, day + timedelta(days=2))
    assert frame.days.customer_ids.tolist() == [ann.pk]
    assert frame.days.money.tolist() == [12.0, -4.0]
    assert frame.days.margin.tolist() == [8.0, -2.0]
    assert frame.days.sold_units.tolist() == [2.0, 0.0]
    assert frame.days.uses_margin
    assert frame.home_store.tolist() == [cast.south.pk]


def test_nobody_known_gives_no_analysis(cast: Cast) -> None:
    InventoryTransaction.objects.bulk_create([sale(cast.south, cast.steady, TODAY, 5.0)])
    assert train_customers(now=NOW) == []
    with pytest.raises(CommandError, match="import sales first"):
        call_command("train_demand_insights", verbosity=0, only="customers")


def test_an_analysis_scores_every_customer_who_bought(cast: Cast) -> None:
    needs_boosting()
    last = sell_to_customers(cast)
    (outcome,) = train_customers(now=NOW)
    analysis = DemandAnalysis.objects.get(kind="customers")
    bought = InventoryTransaction.objects.filter(movement_type="sale").values("customer").distinct().count()
    assert outcome.customers == analysis.subjects == analysis.scores.count() == bought
    assert analysis.as_of_date == last
    assert not CustomerScore.objects.filter(clv__isnull=True).exists()
    assert not CustomerScore.objects.filter(churn_probability__isnull=True).exists()
    shares = analysis.segments.filter(is_served=True).values_list("customers", flat=True)
    assert sum(shares) == bought
    assert set(analysis.segments.values_list("method", flat=True)) == {"k_means", "rfm_rules"}
    assert analysis.results["churn"]["held_out"]["recency_rule"]["auc"] > 0.5


def test_the_same_day_again_replaces_its_rows_and_keeps_the_models(cast: Cast) -> None:
    needs_boosting()
    sell_to_customers(cast)
    train_customers(now=NOW)
    first = list(CustomerScore.objects.order_by("customer").values_list("customer", "clv", "churn_probability"))
    train_customers(now=NOW + timedelta(hours=1))
    assert DemandAnalysis.objects.count() == 1
    assert list(CustomerScore.objects.order_by("customer").values_list("customer", "clv", "churn_probability")) == first
    assert sorted(TrainedModel.objects.values_list("name", "version")) == [("churn EUR", 1), ("lifetime EUR", 1)]


def test_the_next_week_names_segments_alike_and_says_who_moved(cast: Cast) -> None:
    last = sell_to_customers(cast)
    train_customers(now=NOW, until=last - timedelta(days=7))
    train_customers(now=NOW, until=last)
    newest, before = DemandAnalysis.objects.newest_first()
    moves = newest.results["segments"]["migration"]["moves"]
    assert newest.results["segments"]["migration"]["since"] == before.as_of_date.isoformat()
    assert sum(sum(row.values()) for row in moves.values()) == newest.subjects
    names = [set(one.segments.filter(is_served=True).values_list("name", flat=True)) for one in (newest, before)]
    assert names[0] == names[1]


def test_few_customers_get_the_rules_and_the_reasons(cast: Cast) -> None:
    sell_to_customers(cast, customers=15)
    (outcome,) = train_customers(now=NOW)
    analysis = DemandAnalysis.objects.get()
    assert analysis.results["segments"]["served"] == CustomerSegment.Method.RFM_RULES
    assert "segments need at least 20 customers" in analysis.results["segments"]["reason"]
    assert "lifetime value needs 30 customers" in analysis.results["lifetime"]["reason"]
    assert "churn needs" in analysis.results["churn"]["reason"]
    assert len(outcome.remarks) == 3
    assert analysis.scores.first().clv is None


def test_currencies_are_kept_apart(cast: Cast) -> None:
    sell_to_customers(cast, customers=40, seed=1, store=cast.south)
    sell_to_customers(cast, customers=60, seed=2, store=cast.north)
    assert [(one.currency, one.customers) for one in train_customers(now=NOW)] == [("EUR", 40), ("GBP", 60)]


def test_a_damaged_model_is_not_read(cast: Cast) -> None:
    needs_boosting()
    sell_to_customers(cast)
    train_customers(now=NOW)
    stored = newest_model(model_name("churn", "EUR"))
    assert stored is not None
    assert load_document(stored)["columns"][0] == "days_since_last"
    TrainedModel.objects.filter(pk=stored.id).update(payload=b"something else", checksum="0" * 64)
    damaged = newest_model(model_name("churn", "EUR"))
    assert damaged is not None
    with pytest.raises(UnreadableModel, match="checksum differs"):
        load_document(damaged)


def test_a_model_that_takes_less_of_the_error_away_is_not_promoted(cast: Cast) -> None:
    needs_boosting()
    last = sell_to_customers(cast)
    train_customers(now=NOW, until=last - timedelta(days=7))
    TrainedModel.objects.filter(name="churn EUR").update(metrics={"skill": 0.99})
    train_customers(now=NOW, until=last)
    newest = DemandAnalysis.objects.newest_first()[0]
    assert newest.results["churn"]["promotion"].startswith("version 1 stays: skill 0.990")
    assert TrainedModel.objects.filter(name="churn EUR").count() == 1


def test_a_forgotten_customer_leaves_no_code_and_no_score(cast: Cast) -> None:
    analysis = customer_analysis()
    score(analysis, cast.south, "ann")
    score(analysis, cast.south, "bob")
    ann = Customer.objects.get(code="ann")
    InventoryTransaction.objects.bulk_create([sale(cast.south, cast.steady, TODAY, 5.0, customer=ann)])
    assert forget_customer(code="ann", now=NOW) == 1
    ann.refresh_from_db()
    assert ann.code.startswith("forgotten-")
    assert not CustomerScore.objects.filter(customer=ann).exists()
    assert InventoryTransaction.objects.count() == 1  # the ledger is not changed
    assert train_customers(now=NOW) == [] or CustomerScore.objects.filter(customer=ann).count() == 0


def test_the_command_forgets_once(cast: Cast) -> None:
    Customer.objects.create(code="ann")
    call_command("forget_customer", "ann", verbosity=0)
    with pytest.raises(CommandError, match="no customer of this code"):
        call_command("forget_customer", "ann", verbosity=0)
