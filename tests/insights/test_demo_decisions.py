"""Decisions planted in the demo: made once, with their truth, and valued with the right sign."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command

from insights.models import Decision, DecisionValue, ReorderRecommendation
from insights.services.decision_reasons import create_reasons
from insights.services.demo_decisions import plant_decisions, truth_path, verify_decisions
from insights.services.roles import create_roles
from inventory.calc.simulation.config import DemoConfig
from inventory.services.demo.seeding import seed_demo
from inventory.services.errors import Conflict

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 16)
NOW = datetime(2026, 3, 16, 9, tzinfo=UTC)
CONFIG = DemoConfig(
    days=150,
    stores=3,
    products=30,
    suppliers=6,
    customers=60,
    launch_days_before_end=15,
    dead_days_before_end=80,
    spike_days_before_end=10,
    silent_days_before_end=20,
)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    if not Group.objects.exists():  # a transactional test before this one emptied the tables
        create_roles(apps)
    create_reasons(apps)
    settings.VAR_DIR = tmp_path / "var"


def test_good_and_bad_decisions_are_planted_once_and_get_the_sign_of_the_truth() -> None:
    seed_demo(config=CONFIG, today=TODAY, now=NOW)
    added = plant_decisions(now=NOW)
    facts = json.loads(truth_path().read_text())["decisions"]
    assert added == len(facts) == Decision.objects.count() == DecisionValue.objects.count() >= 15
    assert {fact["kind"] for fact in facts} >= {
        "bad_raise",
        "good_cut",
        "bad_rejection",
        "good_rejection",
        "good_raise",
    }
    assert {fact["is_good"] for fact in facts if fact["value"] > 0} == {True}
    assert {fact["is_good"] for fact in facts if fact["value"] < 0} == {False}
    assert verify_decisions().differences == []
    before = list(ReorderRecommendation.objects.values()), list(DecisionValue.objects.values())
    assert plant_decisions(now=NOW) == 0
    assert (list(ReorderRecommendation.objects.values()), list(DecisionValue.objects.values())) == before

    worst = DecisionValue.objects.order_by("value")[0]
    DecisionValue.objects.filter(pk=worst.pk).update(value=-worst.value)
    [difference] = verify_decisions().differences
    assert worst.product.sku in difference
    truth_path().unlink()
    assert "missing" in verify_decisions().differences[0]
    assert plant_decisions(now=NOW) == 0
    assert len(json.loads(truth_path().read_text())["decisions"]) == added


def test_without_a_demo_nothing_is_planted() -> None:
    with pytest.raises(Conflict, match="no complete demo"):
        plant_decisions(now=NOW)
    with pytest.raises(CommandError, match="no complete demo"):
        call_command("verify_demo")
    assert not ReorderRecommendation.objects.exists()
