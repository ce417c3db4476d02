"""Trained models as people and probes see them: fresh, stale, missing, not promoted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from forecasting.models import TrainedModel
from forecasting.services.model_health import model_problems
from forecasting.services.trained_models import newest_models, why_untrained
from invencare.lib import clock
from tests.cast import NOW, TODAY, Cast
from tests.forecasting.libraries import needs_boosting

LIST = reverse("admin:forecasting_trainedmodel_changelist")
YESTERDAY = TODAY - timedelta(days=1)
BOOSTING = "gradient_boosting"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


def stored(version: int = 1, *, ago: int = 0, **changes: Any) -> TrainedModel:
    values: dict[str, Any] = {
        "kind": "demand", "name": BOOSTING, "version": version, "trained_from": YESTERDAY - timedelta(days=1091),
        "trained_until": YESTERDAY - timedelta(days=ago), "recipe": f"r{version}", "payload": b"secret trees",
        "size_bytes": 91_136, "checksum": "c" * 64, "created_at": NOW, "parameters": {"rounds": 80},
        "features": {"names": ["mean_4_weeks", "holiday"], "gains": {"mean_4_weeks": 0.9, "holiday": 0.1}},
        "metrics": {
            "series": 1000, "days": 1092, "processor_seconds": 6.2,
            "trial": {"points": 9000, "wape": 0.25, "bias": -0.031, "naive_wape": 0.4},
        },
    }  # fmt: skip
    return TrainedModel.objects.create(**values | changes)


REFUSED = {"is_promoted": False, "promotion_reason": "it lost to the seasonal naive on its trial."}


def test_a_fresh_model_is_no_problem(cast: Cast, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    stored()
    with django_assert_num_queries(2):
        assert model_problems(now=NOW) == {}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "Missing: none has been trained here yet."),
        ([{"ago": 8}], f"Stale: last trained until {YESTERDAY - timedelta(days=8)}, which is over 7 days ago."),
        ([{"ago": 1}, {"version": 2, **REFUSED}], f"Version 2 of {YESTERDAY} was not promoted: it lost"),
    ],
)
def test_a_model_that_is_missing_stale_or_not_promoted_is_said_so(
    cast: Cast, client: Client, rows: list[dict[str, Any]], words: str
) -> None:
    for row in rows:
        stored(**row)
    assert model_problems(now=NOW)[BOOSTING].startswith(words)
    client.force_login(cast.viewer)
    assert words in client.get(LIST).text
    assert client.get("/readyz").json()["notices"][BOOSTING].startswith(words)


def test_a_site_that_trains_nothing_misses_nothing(cast: Cast, settings: Settings) -> None:
    settings.NIGHTLY_MODELS = []
    assert model_problems(now=NOW) == {}


def test_a_model_that_was_not_promoted_serves_nobody_and_an_earlier_one_does(cast: Cast) -> None:
    good = stored(ago=2)
    stored(2, **REFUSED)
    assert [key.id for key in newest_models([BOOSTING], last_day=YESTERDAY)] == [good.pk]
    good.delete()
    assert newest_models([BOOSTING], last_day=YESTERDAY) == []


def test_why_nothing_serves_names_the_version_that_was_not_promoted(cast: Cast) -> None:
    needs_boosting()  # without the library, that is the reason
    stored(2, **REFUSED)
    assert why_untrained(BOOSTING, last_day=YESTERDAY) == (
        f"version 2 of {YESTERDAY} was not promoted: it lost to the seasonal naive on its trial."
    )


def test_the_list_tells_of_every_version_whether_it_serves_and_never_reads_the_model(
    cast: Cast, client: Client
) -> None:
    stored(1, ago=2)
    stored(2, ago=1)
    stored(3, **REFUSED)
    client.force_login(cast.viewer)
    with CaptureQueriesContext(connection) as queries:
        page = client.get(LIST)
    assert not [query["sql"] for query in queries if '"payload"' in query["sql"] or "`payload`" in query["sql"]]
    rows = page.text.split("<tbody")[1:]
    assert [word in "".join(rows) for word in ("newest", "superseded", "not promoted")] == [True] * 3
    assert "25.0%" in page.text
    assert "89 KiB" in page.text


@pytest.mark.parametrize("count", [2, 7])
def test_the_list_takes_the_same_queries_for_2_and_for_7_models(cast: Cast, client: Client, count: int) -> None:
    for version in range(1, count + 1):
        stored(version, ago=count - version)
    client.force_login(cast.viewer)
    client.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        client.get(LIST)
    assert len(queries) == QUERIES, "\n".join(query["sql"][:150] for query in queries)


QUERIES = 8


def test_the_page_of_a_model_tells_its_training_its_trial_and_its_columns(cast: Cast, client: Client) -> None:
    row = stored(4, **REFUSED)
    client.force_login(cast.analyst)
    page = client.get(reverse("admin:forecasting_trainedmodel_change", args=[row.pk])).text
    for words in (
        "it lost to the seasonal naive",
        "mean_4_weeks 90.0%, holiday 10.0%",
        "-3.1%",
        "40.0%",
        "c" * 64,
        "6.2",
    ):
        assert words in page, words
    assert "secret trees" not in page


def test_a_model_of_customers_is_listed_with_what_it_has(cast: Cast, client: Client) -> None:
    row = stored(
        1, kind="customers", name="churn EUR", features={"columns": ["recency", "frequency"]}, metrics={"auc": 0.81}
    )
    client.force_login(cast.viewer)
    assert "churn EUR" in client.get(LIST).text
    page = client.get(reverse("admin:forecasting_trainedmodel_change", args=[row.pk])).text
    assert "recency, frequency" in page
    assert "0.81" in page


def test_nobody_changes_or_deletes_a_model_and_an_outsider_sees_none(cast: Cast, client: Client) -> None:
    row = stored()
    change = reverse("admin:forecasting_trainedmodel_change", args=[row.pk])
    delete = reverse("admin:forecasting_trainedmodel_delete", args=[row.pk])
    for name, user in cast.people.items():
        client.force_login(user)
        assert client.get(LIST).status_code == (403 if name == "outsider" else 200), name
        assert client.post(change, {"version": 9}).status_code == 403, name
        assert client.post(delete, {"post": "yes"}).status_code == 403, name
        assert (LIST in client.get(reverse("admin:index")).text) is (name != "outsider"), name
    row.refresh_from_db()
    assert row.version == 1
