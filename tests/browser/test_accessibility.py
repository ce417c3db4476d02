"""axe-core on the pages that people open every day, in light and dark: nothing serious, nothing critical."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from inventory.models import Alert
from tests.cast import Cast

axe_api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the extra “browser”")

pytestmark = pytest.mark.browser

GRAVE = {"serious", "critical"}


def address_of(page: str, cast: Cast) -> str:
    return {
        "home": "/admin/",
        "home of one store": "/admin/?store=N1&period=week",
        "product": f"/admin/product/{cast.steady.pk}/",
        "product in one store": f"/admin/product/{cast.steady.pk}/?store=N1",
        "alerts": "/admin/inventory/alert/",
        "alert": f"/admin/inventory/alert/{Alert.objects.first().pk}/change/",
        "my alerts": "/admin/inventory/alert/preferences/",
        "recommendations": "/admin/insights/reorderrecommendation/",
    }[page]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_grave_barrier(scheme: str, stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.administrator, color_scheme=scheme)
    names = ["home", "home of one store", "product", "product in one store"]
    names += ["alerts", "alert", "my alerts", "recommendations"]
    found = {}
    for name in names:
        page.goto(address_of(name, stocked))
        page.wait_for_load_state("networkidle")
        results = axe_api.Axe().run(page).response
        assert results["passes"], "axe-core looked at nothing"
        found[name] = [
            f"{one['id']} ({one['impact']}): {node['html'][:160]}"
            for one in results["violations"]
            if one["impact"] in GRAVE
            for node in one["nodes"][:5]
        ]
    assert {name: grave for name, grave in found.items() if grave} == {}
