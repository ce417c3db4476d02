"""A nightly run spread over two real Celery workers, one of which is killed in the middle (issue row OP-3)."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F

from analytics.models import ProductPerformance
from forecasting.models import ForecastRun, ProductDemandForecast
from insights.models import AnalysisRun, ReorderRecommendation
from inventory.models import InventoryTransaction, Product
from tests.cast import Cast, movement, record
from tests.live.site import Site, kill, site_on_test_database, wait_until

pytestmark = [pytest.mark.mariadb, pytest.mark.django_db(transaction=True)]

DAY = date(2026, 3, 15)
PRODUCTS = 30
HISTORY_DAYS = 28
REDIS = "redis://127.0.0.1:6379/14"


@pytest.fixture(params=[pytest.param("redis", marks=pytest.mark.redis), "filesystem"])
def site(request: pytest.FixtureRequest, tmp_path: Path, transactional_db: None) -> Iterator[Site]:
    """One series a chunk, so that there are many chunks to be killed between."""
    if request.param == "filesystem":
        yield site_on_test_database(tmp_path, CELERY_BROKER_URL="filesystem://", NIGHTLY_CHUNK_SERIES="1")
        return
    redis = pytest.importorskip("redis", reason="needs the Python package redis")
    prefix = f"invencare-test-{uuid.uuid4()}-"
    yield site_on_test_database(tmp_path, CELERY_BROKER_URL=REDIS, CELERY_KEY_PREFIX=prefix, NIGHTLY_CHUNK_SERIES="1")
    client = redis.Redis.from_url(REDIS)
    for key in client.scan_iter(f"{prefix}*"):
        client.delete(key)


@pytest.fixture
def history(cast: Cast) -> int:
    """Sales of many products in both stores; the number of series."""
    products = Product.objects.bulk_create(
        Product(sku=f"P{n:03}", name=f"Product {n}", category="Tools", price=5, unit_cost=3) for n in range(PRODUCTS)
    )
    for store in (cast.north, cast.south):
        for product in Product.objects.filter(sku__in=[p.sku for p in products]):
            opening = movement(store, product, "count", 500, day=DAY - timedelta(days=HISTORY_DAYS))
            sales = [
                movement(store, product, "sale", 1 + (product.pk + back) % 5, day=DAY - timedelta(days=back))
                for back in range(HISTORY_DAYS)
            ]
            record(opening, *sales)
    return 2 * PRODUCTS


def test_a_run_ends_complete_with_nothing_done_twice_when_a_worker_is_killed(site: Site, history: int) -> None:
    ledger_before = InventoryTransaction.objects.count()
    with ExitStack() as stack:
        workers = {name: stack.enter_context(site.worker(name)) for name in ("first", "second")}
        for name in workers:
            wait_until(partial(is_up, site, name), seconds=40, what=f"worker {name} is up")
        site.run("manage.py", "nightly", "--date", str(DAY), "--enqueue", "--workers", "2")
        run = AnalysisRun.objects.get()
        wait_until(lambda: both_have_done_some(run), seconds=40, what="both workers have done a chunk")
        assert chunks(run)["pending"] >= 10  # in the middle, not at the end

        killed_pid = kill_while_it_holds_a_chunk(run, workers["first"])
        # The other goes on until only the killed one's chunk is left: nobody may take that as long as it is leased.
        wait_until(lambda: chunks(run)["pending"] == 0, seconds=60, what="the survivor has done the rest")
        wait_until(lambda: chunks(run) == {"done": history - 1, "running": 1}, seconds=20, what="one chunk is held")
        held = run.chunks.get(status="running")
        assert held.worker.endswith(f":{killed_pid}")
        run.refresh_from_db()
        assert (run.status, run.series_done) == ("running", history - 1)

        AnalysisRun.objects.update(created_at=F("created_at") - timedelta(minutes=1))  # a minute passes
        site.run("-m", "celery", "-A", "invencare", "call", "insights.resume_runs")  # as beat does every minute
        wait_until(lambda: not AnalysisRun.objects.unfinished().exists(), seconds=30, what="the run has ended")

    run.refresh_from_db()
    assert (run.status, run.series_total, run.series_done, run.series_failed) == ("done", history, history, 0)
    assert set(run.chunks.values_list("status", "times_completed")) == {("done", 1)}
    assert list(run.chunks.exclude(attempts=1).values_list("pk", "attempts")) == [(held.pk, 2)]
    assert_one_row_per_series(run, history)
    assert InventoryTransaction.objects.count() == ledger_before


def is_up(site: Site, name: str) -> bool:
    return f"{name}@test ready." in site.log_of(name)


def both_have_done_some(run: AnalysisRun) -> bool:
    return run.chunks.filter(status="done").values("worker").distinct().count() == 2


def chunks(run: AnalysisRun) -> dict[str, int]:
    return Counter(run.chunks.values_list("status", flat=True))


def kill_while_it_holds_a_chunk(run: AnalysisRun, worker: subprocess.Popen[bytes]) -> int:
    """Kill the worker in the middle of a chunk; the process id of its child that held it."""
    mine = {str(pid) for pid in child_pids(worker.pid)}

    def held_pids() -> set[str]:
        holders = run.chunks.filter(status="running").values_list("worker", flat=True)
        return {holder.rpartition(":")[2] for holder in holders} & mine

    for _ in range(50):  # a chunk may end between the look and the kill: look again, with the worker stopped
        wait_until(lambda: bool(held_pids()), seconds=20, what="the worker holds a chunk")
        os.killpg(worker.pid, signal.SIGSTOP)
        time.sleep(0.1)  # a commit that was sent before is done by now
        if held := held_pids():
            kill(worker)
            return int(held.pop())
        os.killpg(worker.pid, signal.SIGCONT)
    raise AssertionError("the worker was never caught with a chunk in hand")


def child_pids(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def assert_one_row_per_series(run: AnalysisRun, series: int) -> None:
    for model, day in (
        (ProductPerformance, {"analysis_date": DAY}),
        (ProductDemandForecast, {"forecast_date": DAY + timedelta(days=1)}),
    ):
        rows: Any = model.objects.filter(**day).values_list("store_id", "product_id")  # type: ignore[attr-defined]
        assert Counter(rows).most_common(1)[0][1] == 1
        assert rows.count() == series
    forecast_run = ForecastRun.objects.get()
    assert (forecast_run.status, forecast_run.series_done) == ("done", series)
    proposals = Counter(ReorderRecommendation.objects.values_list("store_id", "product_id"))
    assert set(proposals.values()) <= {1}
