"""Logging in and reading the day on the home page, with a mouse, a keyboard, a phone and in the dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import PHONE
from tests.cast import Cast

pytestmark = pytest.mark.browser

SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def test_a_wrong_password_is_refused_and_the_right_one_leads_home(
    cast: Cast, open_page: Callable[..., Any], log_in: Callable[..., Any]
) -> None:
    page = open_page()
    page.goto("/admin/")
    page.get_by_label("Username").fill("vera")
    page.locator("input[name=password]").fill("guess")
    page.locator("button[type=submit]").first.click()
    page.get_by_text("Please enter the correct username and password").wait_for()
    assert log_in(cast.viewer).title() == "Home | InvenCare"


def test_the_home_page_draws_its_charts_with_units_on_the_axes(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.viewer)
    titles = page.evaluate(
        """() => ["units-chart", "revenue-chart"].map((id) => {
            const scales = Chart.getChart(id).options.scales;
            return [scales.x.title.text, scales.y.title.text];
        })"""
    )
    assert titles == [["Business day", "Units"], ["Business day", "Revenue (EUR, GBP)"]]
    labels = page.evaluate("Chart.getChart('units-chart').data.datasets.map((set) => set.label)")
    assert labels == ["Units sold", "Forecast", "95 % of days", "95 % of days"]


def test_the_figures_of_a_chart_are_also_a_table_that_the_keyboard_opens(
    stocked: Cast, log_in: Callable[..., Any]
) -> None:
    page = log_in(stocked.viewer)
    summary = page.locator("figure:has(#units-chart) summary")
    summary.focus()
    page.keyboard.press("Enter")
    table = page.locator("figure:has(#units-chart) table")
    assert table.is_visible()
    assert table.locator("tbody tr").count() == 28 + 14


def test_store_and_period_are_chosen_by_keyboard_and_kept_in_the_address(
    stocked: Cast, log_in: Callable[..., Any]
) -> None:
    page = log_in(stocked.viewer)
    page.get_by_label("Store", exact=True).focus()
    page.keyboard.type("S1")
    page.keyboard.press("Tab")
    page.keyboard.type("We")
    page.get_by_role("button", name="Show").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**store=S1**")
    assert "period=week" in page.url
    assert page.get_by_text("compared with the 7 days before").is_visible()


def test_what_needs_a_decision_is_on_top_and_leads_to_it(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.buyer)
    page.get_by_role("link", name="2 critical recommendations").click()
    page.wait_for_url("**/admin/insights/reorderrecommendation/**")
    assert page.locator("#result_list tbody tr, table tbody tr").count() >= 2


@pytest.mark.parametrize(
    "address",
    [
        "/admin/",
        "/admin/?period=day&store=N1",
        "/admin/inventory/stocklevel/",
        "/admin/inventory/alert/",
        "/admin/inventory/alert/preferences/",
        "/admin/analytics/productclass/",
        "/admin/inventory/product/",
        "/admin/inventory/inventorytransaction/",
        "/admin/insights/reorderrecommendation/",
        "/admin/inventory/purchaseorder/",
        "/admin/inventory/salesfile/upload/",
        "/admin/insights/analysisrun/",
        "/admin/inventory/apikey/add/",
        "/admin/forecasting/productdemandforecast/",
        "/admin/forecasting/forecastaccuracy/overview/",
    ],
)
def test_no_page_scrolls_sideways_on_a_phone(address: str, stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.administrator, viewport=PHONE)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    assert page.evaluate(SCROLLS_SIDEWAYS) is False


def test_the_charts_follow_the_theme(stocked: Cast, log_in: Callable[..., Any]) -> None:
    colour = "Chart.getChart('units-chart').options.scales.y.ticks.color"
    light, dark = (log_in(stocked.viewer, color_scheme=scheme).evaluate(colour) for scheme in ("light", "dark"))
    assert (light, dark) == ("#374151", "#d1d5db")


def test_the_stock_page_lays_the_forecast_over_stock_and_sales(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.viewer)
    page.goto("/admin/inventory/stocklevel/?store__id__exact=" + str(stocked.north.pk))
    page.locator("table tbody tr a").first.click()
    page.wait_for_function("Chart.getChart('stock-chart')?.data.datasets.some((set) => set.label === 'Forecast')")
    labels = page.evaluate("Chart.getChart('stock-chart').data.datasets.map((set) => set.label)")
    assert labels[:2] == ["Stock at close", "Units sold"]
    assert labels[-4:] == ["95 % of days", "95 % of days", "80 % of days", "80 % of days"]
    axes = page.evaluate("Chart.getChart('stock-chart').data.datasets.slice(-4).map((set) => set.yAxisID)")
    assert set(axes) == {"right"}
