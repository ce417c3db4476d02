"""What every chart can do: be walked through by keyboard, saved as a picture and as CSV, printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PHONE
from tests.browser.test_login_and_home import SCROLLS_SIDEWAYS
from tests.cast import Cast

pytestmark = pytest.mark.browser

CHART = "figure:has(#units-chart)"


def test_the_arrow_keys_read_the_days_out(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.viewer)
    said = page.locator(f"{CHART} [data-ic-said]")
    page.locator("#units-chart").focus()
    labels = page.evaluate("Chart.getChart('units-chart').data.labels")
    page.keyboard.press("Home")
    assert said.inner_text() == f"{labels[0]}: Units sold: {sold(page, 0)}"
    page.keyboard.press("ArrowRight")
    assert said.inner_text().startswith(labels[1])
    page.keyboard.press("End")
    assert said.inner_text() == f"{labels[-1]}: Forecast: 9, 95 % of days: 1 – 9"
    assert page.evaluate("Chart.getChart('units-chart').tooltip.opacity") == 1
    page.keyboard.press("Escape")
    assert said.inner_text() == ""


def sold(page: Any, index: int) -> int:
    return int(page.evaluate(f"Chart.getChart('units-chart').data.datasets[0].data[{index}]"))


def test_the_table_is_saved_as_csv_with_plain_numbers(
    stocked: Cast, log_in: Callable[..., Any], tmp_path: Path
) -> None:
    page = log_in(stocked.viewer)
    with page.expect_download() as download:
        page.get_by_role("button", name="Revenue per day, and the forecast: save the table as CSV").click()
    assert download.value.suggested_filename == "revenue-chart.csv"
    download.value.save_as(tmp_path / "table.csv")
    lines = (tmp_path / "table.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("Business day,Revenue (EUR),")
    assert len(lines) == 1 + 28 + 14
    assert all(cell.replace(".", "").isdigit() or not cell for line in lines[1:] for cell in line.split(",")[1:])


def test_the_chart_is_saved_as_a_picture(stocked: Cast, log_in: Callable[..., Any], tmp_path: Path) -> None:
    page = log_in(stocked.viewer, color_scheme="dark")
    with page.expect_download() as download:
        page.locator(f"{CHART} [data-ic-png]").click()
    download.value.save_as(tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_paper_is_light_and_has_no_buttons(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.viewer, color_scheme="dark")
    colour = "Chart.getChart('units-chart').options.scales.y.ticks.color"
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.evaluate(colour) == "#374151"
    assert not page.locator(f"{CHART} [data-ic-png]").is_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(colour) == "#d1d5db"


def test_categories_lie_beside_the_period_before(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.viewer)
    options = page.evaluate(
        """() => {
            const { indexAxis, scales } = Chart.getChart("category-chart").options;
            return [indexAxis, scales.x.title.text, scales.y.title.text];
        }"""
    )
    assert options == ["y", "Units", "Category"]  # two currencies: no money


@pytest.mark.parametrize("store", ["", "?store=N1"])
def test_the_products_page_draws_its_chart_and_fits_a_phone(
    store: str, stocked: Cast, log_in: Callable[..., Any]
) -> None:
    page = log_in(stocked.viewer, viewport=PHONE)
    page.goto(f"/admin/product/{stocked.steady.pk}/{store}")
    page.wait_for_function("Chart.getChart('product-chart') !== undefined")
    labels = page.evaluate("Chart.getChart('product-chart').data.datasets.map((set) => set.label)")
    assert labels[:3] == ["Stock at close", "Units sold", "Forecast"]
    assert page.evaluate(SCROLLS_SIDEWAYS) is False


def test_from_home_to_a_product_and_from_the_matrix_to_its_list(stocked: Cast, log_in: Callable[..., Any]) -> None:
    page = log_in(stocked.viewer)
    page.get_by_role("link", name="1 products in stores: A: the first 80 %, X: steady").click()
    page.wait_for_url("**/productclass/**")
    assert page.locator("#result_list tbody tr, table tbody tr").count() == 1
    page.go_back()
    page.locator("section:has(#top-title) a").first.click()
    page.wait_for_url("**/admin/product/**")
    assert page.get_by_role("heading", name="Orders due").is_visible()
