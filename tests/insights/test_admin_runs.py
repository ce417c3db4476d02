"""The runs page: progress and failures for each reader, and who may start, repeat and resume a run."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from kombu.exceptions import OperationalError

from forecasting.models import ForecastRun
from forecasting.services.tiers import tier_parameters
from insights import tasks
from insights.models import AnalysisRun, AnalysisRunChunk
from tests.cast import NOW, TODAY, Cast, set_bounds

START = reverse("admin:insights_analysisrun_start")


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The runs for which workers were told to wake up."""
    runs: list[int] = []
    monkeypatch.setattr(tasks, "dispatch", runs.append)
    return runs


def make_run(cast: Cast, status: str) -> AnalysisRun:
    run = AnalysisRun.objects.create(
        kind="nightly",
        business_date=TODAY,
        status=status,
        run_key=None if status == "partial" else "nightly:2026-03-16",
        series_total=4,
        series_done=1,
        series_failed=2,
        failures=[
            {"store": store.code, "product": "SKU-NEW", "step": "forecast", "message": f"too short at {store.name}"}
            for store in (cast.north, cast.south)
        ],
        created_at=NOW,
    )
    for position, store in enumerate((cast.north, cast.south)):
        AnalysisRunChunk.objects.create(run=run, position=position, store=store, product_ids=[1, 2])
    return run


def test_a_run_says_which_tier_forecast_and_why(cast: Cast, client: Client) -> None:
    run = make_run(cast, "partial")
    client.force_login(cast.viewer)
    page = reverse("admin:insights_analysisrun_change", args=[run.pk])
    assert "tier" not in client.get(page).text
    forecast_run = ForecastRun.objects.create(
        forecast_date=TODAY, horizon_days=28, started_at=NOW,
        parameters=tier_parameters([], {"gradient_boosting": "the histories are too short to train it on"}),
    )  # fmt: skip
    AnalysisRun.objects.filter(pk=run.pk).update(parameters={"forecast_run_id": forecast_run.pk})
    words = "Statistical tier alone: gradient_boosting: the histories are too short to train it on."
    assert words in client.get(page).text


def act(client: Client, user: Any, action: str, run: AnalysisRun) -> Any:
    client.force_login(user)
    return client.post(reverse(f"admin:insights_analysisrun_{action}", args=[run.pk]), follow=True)


def test_an_analyst_starts_a_run_and_is_led_to_its_page(cast: Cast, client: Client, woken: list[int]) -> None:
    set_bounds(cast.north, cast.steady, minimum=1, maximum=9)
    client.force_login(cast.analyst)
    response = client.post(START)
    run = AnalysisRun.objects.get()
    assert (run.started_by, woken) == (cast.analyst, [run.pk])
    assert response["Location"] == reverse("admin:insights_analysisrun_change", args=[run.pk])


def test_two_clicks_make_one_run(cast: Cast, client: Client, woken: list[int]) -> None:
    client.force_login(cast.analyst)
    client.post(START)
    client.post(START)
    assert AnalysisRun.objects.count() == 1


@pytest.mark.parametrize("person", ["viewer", "store_manager", "buyer", "outsider"])
def test_others_start_nothing(person: str, cast: Cast, client: Client, woken: list[int]) -> None:
    run = make_run(cast, "running")
    assert client.post(START).status_code == 302  # to the login
    for action in ("resume", "again"):
        assert act(client, cast.people[person], action, run).status_code == 403
    assert client.post(START).status_code == 403
    assert (AnalysisRun.objects.count(), woken) == (1, [])


def test_a_link_cannot_start_a_run(cast: Cast, client: Client, woken: list[int]) -> None:
    client.force_login(cast.analyst)
    assert client.get(START).status_code == 403
    assert not AnalysisRun.objects.exists()


def test_an_unfinished_run_is_resumed(cast: Cast, client: Client, woken: list[int]) -> None:
    run = make_run(cast, "running")
    assert "go on with this run" in act(client, cast.analyst, "resume", run).content.decode()
    assert woken == [run.pk]


def test_an_ended_run_is_not_resumed_but_its_day_can_be_run_again(cast: Cast, client: Client, woken: list[int]) -> None:
    ended = make_run(cast, "partial")
    assert "nothing to resume" in act(client, cast.analyst, "resume", ended).content.decode()
    act(client, cast.analyst, "again", ended)
    newer = AnalysisRun.objects.order_by("-pk").first()
    assert newer is not None
    assert (newer.pk != ended.pk, newer.business_date, woken) == (True, TODAY, [newer.pk])


def test_a_broker_that_is_down_is_said_and_the_run_is_kept(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(run_id: int) -> None:
        raise OperationalError("no route to host")

    monkeypatch.setattr(tasks, "dispatch", down)
    client.force_login(cast.analyst)
    assert "the run is kept" in client.post(START, follow=True).content.decode()
    assert AnalysisRun.objects.count() == 1


def test_a_reader_of_every_store_sees_every_failure(cast: Cast, client: Client) -> None:
    run = make_run(cast, "partial")
    client.force_login(cast.viewer)
    text = client.get(reverse("admin:insights_analysisrun_change", args=[run.pk])).content.decode()
    assert "too short at North" in text
    assert "too short at South" in text


def test_a_store_manager_sees_the_failures_and_parts_of_the_own_store(cast: Cast, client: Client) -> None:
    run = make_run(cast, "partial")
    client.force_login(cast.store_manager)
    text = client.get(reverse("admin:insights_analysisrun_change", args=[run.pk])).content.decode()
    assert "too short at North" in text
    assert "South" not in text


def test_the_page_of_an_unfinished_run_renews_itself_until_it_ends(cast: Cast, client: Client) -> None:
    run = make_run(cast, "running")
    client.force_login(cast.viewer)
    address = reverse("admin:insights_analysisrun_change", args=[run.pk])
    assert 'hx-trigger="every 2s"' in client.get(address).content.decode()
    AnalysisRun.objects.filter(pk=run.pk).update(status="done")
    assert 'hx-trigger="every 2s"' not in client.get(address).content.decode()
