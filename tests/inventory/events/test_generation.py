"""Made events: the same for the same seed, with faults in the shares asked for, by every way in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from inventory.calc.events.generation import EventPlan, MadeEvent, make_events
from inventory.models import StockEvent, StockLevel
from inventory.services.api_keys import create_key
from inventory.services.events.sending import DirectTarget, Sent, SiteTarget, Undelivered, send_events
from inventory.services.rebuild import find_differences
from tests.cast import NOW, Cast
from tests.inventory.events.making import read_payloads

PLAN = EventPlan(
    seed=7,
    stores=["N1", "S1"],
    products=[("SKU-STEADY", "Steady product"), ("SKU-NEW", "New product")],
    bad_share=0.05,
    duplicate_share=0.04,
    disorder_share=0.03,
)
STEP = timedelta(milliseconds=10)


def made(plan: EventPlan = PLAN, count: int = 8000) -> list[MadeEvent]:
    return list(make_events(plan, count, start=NOW - timedelta(hours=1), step=STEP))


def test_the_same_seed_makes_the_same_events_and_another_one_others() -> None:
    assert made() == made()
    assert made() != made(EventPlan(seed=8, stores=PLAN.stores, products=PLAN.products))


def test_the_shares_are_those_asked_for() -> None:
    kinds = Counter(event.kind for event in made())
    assert kinds.total() == 8000
    assert {kind: round(kinds[kind] / 80) for kind in ("bad", "duplicate", "late")} == {
        "bad": 5,
        "duplicate": 4,
        "late": 3,
    }


def test_without_faults_every_event_is_right_and_in_order() -> None:
    plan = EventPlan(seed=7, stores=PLAN.stores, products=PLAN.products)
    read = read_payloads([json.loads(event.data) for event in made(plan)], latest=NOW)
    assert not [received.errors for received in read if received.errors]
    times = [received.event.occurred_at for received in read if received.event]
    assert times == sorted(times)
    assert len({received.identity for received in read}) == 8000


@pytest.mark.parametrize(
    "wrong", [{"stores": []}, {"products": []}, {"bad_share": -0.1}, {"bad_share": 0.6, "duplicate_share": 0.5}]
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"at least one|between 0 and 1"):
        EventPlan(**{"seed": 1, "stores": ["N1"], "products": [("P", "p")]} | wrong)


def test_straight_in_with_all_faults_the_ledger_is_the_stock(cast: Cast) -> None:
    sent = Sent()
    events = make_events(PLAN, 600, start=NOW - timedelta(hours=1), step=STEP)
    send_events(events, DirectTarget(lambda: NOW), per_second=None, batch=100, stop=Event(), sent=sent)
    assert sent.outcomes.total() == sent.events == 600
    assert sent.outcomes["rejected"] == sent.kinds["bad"] == StockEvent.objects.dead_letters().count()
    assert sent.outcomes["duplicate"] == sent.kinds["duplicate"]
    assert StockLevel.objects.count() == 4
    assert list(find_differences()) == []


def test_the_command_tells_what_it_sent(cast: Cast) -> None:
    out = StringIO()
    call_command("generate_events", count=50, seed=3, bad=0.1, stores="N1", products=2, stdout=out)
    first, kinds, outcome = out.getvalue().splitlines()
    assert first.startswith("Done: 50 events in ")
    assert "bad" in kinds
    assert "applied" in outcome
    assert set(StockEvent.objects.values_list("source", flat=True)) == {"generator"}


@pytest.mark.parametrize(
    "wrong", [{"count": 0}, {"rate": 0.0}, {"bad": 2.0}, {"url": "https://x.example"}, {"url": "ftp://x"}]
)
def test_the_command_says_what_is_wrong_with_its_options(
    wrong: dict[str, Any], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INVENCARE_API_KEY", "k" if wrong.get("url") == "ftp://x" else "")
    with pytest.raises(CommandError):
        call_command("generate_events", **wrong)
    assert not StockEvent.objects.exists()


def test_it_keeps_to_the_rate(cast: Cast) -> None:
    began = time.monotonic()
    call_command("generate_events", count=30, rate=100.0, batch=5, stdout=StringIO())
    assert time.monotonic() - began > 0.24


@pytest.mark.django_db(transaction=True)
def test_to_a_site_by_its_api(cast: Cast, live_server: Any) -> None:
    _, key = create_key(owner=cast.administrator, name="generator", scopes=["events:write"], now=NOW)
    sent = Sent()
    events = make_events(PLAN, 120, start=NOW - timedelta(hours=1), step=STEP)
    send_events(events, SiteTarget(live_server.url, key), per_second=None, batch=50, stop=Event(), sent=sent)
    assert sent.outcomes.total() == 120
    assert StockEvent.objects.filter(source="api", outcome="applied").count() == sent.outcomes["applied"] > 90
    assert list(find_differences()) == []


@pytest.mark.django_db(transaction=True)
def test_a_wrong_key_is_said_so(cast: Cast, live_server: Any) -> None:
    with pytest.raises(Undelivered, match="answered 401"):
        SiteTarget(live_server.url, "wrong.key").send(made(count=2))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_cleanly_with_what_was_sent(number: signal.Signals, tmp_path: Path) -> None:
    """The whole command in a process of its own, on an empty database of its own."""
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3", "INVENCARE_VAR_DIR": str(tmp_path)}
    run = [sys.executable, "manage.py"]
    here: dict[str, Any] = {"cwd": django_settings.BASE_DIR, "env": environment, "text": True}
    subprocess.run([*run, "migrate", "--verbosity=0"], check=True, **here)
    catalogue = (
        "from inventory.models import Product, Store; Store.objects.create(code='N1', name='N');"
        "Product.objects.create(sku='P', name='p'); print('made')"
    )
    subprocess.run([*run, "shell", "-c", catalogue], check=True, capture_output=True, **here)
    command = [*run, "generate_events", "--count=100000", "--rate=100", "--batch=5"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **here)
    deadline = time.monotonic() + 60
    while not _events_in(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert out.startswith("Stopped by you: ")
    assert f"Stopped by you: {_events_in(tmp_path)} events" in out.replace(",", "")


def _events_in(folder: Path) -> int:
    import sqlite3

    with sqlite3.connect(f"file:{folder}/db.sqlite3?mode=ro", uri=True, timeout=5) as database:
        return int(database.execute("SELECT COUNT(*) FROM stock_events").fetchone()[0])


def test_times_never_lie_in_the_future(cast: Cast) -> None:
    call_command("generate_events", count=20, stdout=StringIO())
    latest = StockEvent.objects.latest("occurred_at").occurred_at
    assert isinstance(latest, datetime)
    assert latest <= StockEvent.objects.latest("received_at").received_at
