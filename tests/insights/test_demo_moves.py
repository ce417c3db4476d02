"""The demo's transfers and excess: they follow from what was simulated, and the check finds what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db.models import F

from insights.models import ExcessRecommendation, TransferRecommendation
from insights.services.demo_moves import verify_moves
from insights.services.roles import create_roles
from inventory.models import Store
from inventory.services.demo.seeding import seed_demo
from inventory.services.demo.truth import read_truth
from tests.insights.test_demo_decisions import CONFIG, NOW, TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    if not Group.objects.exists():  # a transactional test before this one emptied the tables
        create_roles(apps)
    settings.VAR_DIR = tmp_path / "var"
    settings.NIGHTLY_MODELS = []
    settings.TRANSFER_FIXED_COST = settings.TRANSFER_LEAST_GAIN = (
        0.5  # three stores and thirty products have little to move
    )


def test_the_demo_has_moves_that_recompute_and_agree_with_its_truth() -> None:
    seed_demo(config=CONFIG, today=TODAY, now=NOW)
    assert verify_moves().differences == []  # before the first night there is nothing to differ
    call_command("nightly", "--date", "2026-03-15")
    assert set(ExcessRecommendation.objects.values_list("action", flat=True)) >= {"mark_down"}
    assert TransferRecommendation.objects.exists()
    assert verify_moves().differences == []

    TransferRecommendation.objects.update(recommended_quantity=F("recommended_quantity") + 1)
    broken = verify_moves().differences
    assert len(broken) == TransferRecommendation.objects.count()
    assert "recomputed to" in broken[0]
    TransferRecommendation.objects.all().delete()

    skus = [product["sku"] for product in read_truth().document["products"] if product["kind"] == "dead"]
    dead = ExcessRecommendation.objects.filter(product__sku__in=skus).order_by("-tied_up_value")[0]
    store = Store.objects.get(pk=dead.store_id)
    ExcessRecommendation.objects.filter(pk=dead.pk).delete()
    [difference] = verify_moves().differences
    assert difference.startswith(f"{store.code} {dead.product.sku}: dead stock worth")
