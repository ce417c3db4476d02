"""The forecast's chart and the accuracy page, with a mouse, a keyboard, a phone and in the dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import PHONE
from tests.browser.test_login_and_home import SCROLLS_SIDEWAYS
from tests.cast import Cast

pytestmark = pytest.mark.browser

CHART = "Chart.getChart('forecast-chart')"


def open_forecast(page: Any, cast: Cast) -> None:
    page.goto(f"/admin/forecasting/productdemandforecast/of/{cast.north.pk}/{cast.steady.pk}/")
    page.wait_for_function(f"{CHART} !== undefined")


def test_intervals_are_areas_that_the_legend_names_once(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.viewer)
    open_forecast(page, stocked)
    drawn = page.evaluate(f"{CHART}.data.datasets.map((set) => [set.label, set.fill ?? false, set.borderWidth])")
    assert drawn == [
        ["Sold", False, 0],
        ["Forecast", False, 2],
        ["95 % of days", False, 0],
        ["95 % of days", "-1", 0],
        ["80 % of days", False, 0],
        ["80 % of days", "-1", 0],
    ]
    legend = page.evaluate(f"{CHART}.legend.legendItems.map((item) => item.text)")
    assert sorted(legend) == ["80 % of days", "95 % of days", "Forecast", "Sold"]


def test_pointing_at_a_day_tells_its_interval_in_one_line(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.viewer)
    open_forecast(page, stocked)
    told = page.evaluate(
        f"""() => {{
            const chart = {CHART};
            const day = chart.data.labels.length - 1;
            const shown = chart.data.datasets.map((set, i) => ({{ datasetIndex: i, index: day }}));
            chart.tooltip.setActiveElements(shown.slice(1), {{ x: 0, y: 0 }});
            chart.update();
            return chart.tooltip.body.map((line) => line.lines[0]);
        }}"""
    )
    assert told == ["Forecast: 4.5", "95 % of days: 1 – 9", "80 % of days: 2 – 7"]


def test_the_chart_is_also_a_table_that_the_keyboard_opens(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.viewer)
    open_forecast(page, stocked)
    page.locator("figure:has(#forecast-chart) summary").focus()
    page.keyboard.press("Enter")
    table = page.locator("figure:has(#forecast-chart) table")
    assert table.is_visible()
    headings = table.locator("thead th").all_inner_texts()
    assert headings == [
        "Business day",
        "Sold",
        "Forecast",
        "95 % of days, from",
        "95 % of days, to",
        "80 % of days, from",
        "80 % of days, to",
    ]
    assert table.locator("tbody tr").count() == 120 + 14


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_forecast_fits_a_phone_and_follows_the_theme(
    scheme: str, stocked: Cast, log_in: Callable[..., Any]
) -> None:
    page = log_in(stocked.viewer, viewport=PHONE, color_scheme=scheme)
    open_forecast(page, stocked)
    assert page.evaluate(SCROLLS_SIDEWAYS) is False
    area = page.evaluate(f"{CHART}.data.datasets.at(-1).backgroundColor")
    assert area == {"light": "#7c3aed59", "dark": "#c4b5fd59"}[scheme]


def test_accuracy_is_chosen_by_keyboard_and_leads_to_the_forecast(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.viewer)
    page.get_by_role("link", name="Forecast accuracy").click()
    page.get_by_label("Compare", exact=True).focus()
    page.keyboard.type("P")
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**by=product**")
    page.locator(".ic-worst a").first.click()
    page.wait_for_url("**/productdemandforecast/*/change/")
    assert page.locator(".ic-page h1").inner_text().startswith("Steady product")
