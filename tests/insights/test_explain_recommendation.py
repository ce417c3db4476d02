"""The command that explains and recomputes."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from insights.models import ReorderRecommendation
from insights.services.reorder import recommend
from tests.cast import NOW, TODAY, Cast, movement, record
from tests.insights.made_forecasts import forecast
from tests.insights.proposals import recommend as made_without


@pytest.fixture
def row(cast: Cast) -> ReorderRecommendation:
    record(movement(cast.north, cast.steady, "count", 20))
    forecast(cast, cast.steady)
    recommend(store=cast.north, product_ids=[cast.steady.pk], recommendation_date=TODAY, now=NOW)
    found: ReorderRecommendation = ReorderRecommendation.objects.get()
    return found


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("explain_recommendation", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_row_is_explained_and_comes_to_its_quantity(row: ReorderRecommendation) -> None:
    told, _ = run(str(row.pk))
    lines = told.splitlines()
    assert lines[0].startswith(f"Recommendation {row.pk} of 2026-03-16: 30 × SKU-STEADY")
    assert lines[1].startswith("  1. On hand are 20 units")
    assert "Recomputed from this row alone: 30 units, the same." in told


def test_a_row_that_comes_to_another_quantity_is_named_and_fails(row: ReorderRecommendation) -> None:
    ReorderRecommendation.objects.update(recommended_order_quantity=36)
    with pytest.raises(CommandError) as refused:
        run(str(row.pk))
    assert str(refused.value) == f"Not the same quantity: {row.pk}."
    with pytest.raises(CommandError) as of_all:
        run("--all")
    assert str(of_all.value) == "1 rows do not come to their quantity."


def test_all_rows_are_counted_and_those_without_a_dossier_are_told_apart(
    cast: Cast, row: ReorderRecommendation
) -> None:
    made_without(cast.south, cast.steady, cast.supplier)
    told, _ = run("--all")
    assert told == "1 rows come to their quantity, 0 do not, 1 were made without a dossier.\n"


def test_a_row_that_is_not_there_and_a_dossier_that_cannot_be_read_are_said(cast: Cast) -> None:
    with pytest.raises(CommandError) as missing:
        run("999")
    assert str(missing.value) == "There is no recommendation 999."
    torn = made_without(cast.north, cast.steady, cast.supplier, dossier={"version": 7})
    with pytest.raises(CommandError):
        run(str(torn.pk))
