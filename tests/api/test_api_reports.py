"""The reports: the same rows as JSON, CSV and XLSX, of the actor's stores alone, and no cell that would run."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook
from rest_framework.test import APIClient

from forecasting.models import ProductDemandForecast
from insights.services.reports import tables
from inventory.models import Product, Store
from tests.api.conftest import forecast, person, recommendation
from tests.cast import TODAY, Cast, movement, record
from tests.insights.move_proposals import make_east, propose_excess, propose_transfer
from tests.insights.proposals import make_products

FORECASTS = "/api/v1/reports/forecast-summary"
RECOMMENDATIONS = "/api/v1/reports/inventory-recommendations"
TWO_DAYS = {"horizon_days": 2}


def as_csv(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def as_xlsx(response: Any) -> list[dict[str, Any]]:
    sheet = load_workbook(io.BytesIO(b"".join(response.streaming_content))).active
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture
def viewer(cast: Cast) -> APIClient:
    return person(cast.viewer)


@pytest.fixture
def forecasts(cast: Cast) -> None:
    """2 and 3 units on two days, of two products in the north and one in the south; 20 of the first are on hand."""
    record(movement(cast.north, cast.steady, "count", 20))
    for store, product, score in [
        (cast.north, cast.steady, 80.0),
        (cast.north, cast.dead, None),
        (cast.south, cast.steady, 60.0),
    ]:
        row = forecast(store, product)
        ProductDemandForecast.objects.filter(pk=row.pk).update(forecast_accuracy_score=score)


@pytest.mark.usefixtures("forecasts")
class TestForecastSummary:
    def test_every_line_with_sums_by_store(self, viewer: APIClient) -> None:
        answer = viewer.get(FORECASTS, TWO_DAYS).json()
        assert (answer["forecast_date"], answer["count"]) == (TODAY.isoformat(), 3)
        assert answer["stores"] == [
            {
                "store_id": "N1",
                "series": 2,
                "expected_units": 10.0,
                "measured_series": 1,
                "mean_accuracy_score": 80.0,
            },
            {
                "store_id": "S1",
                "series": 1,
                "expected_units": 5.0,
                "measured_series": 1,
                "mean_accuracy_score": 60.0,
            },
        ]
        line = answer["results"][1]
        assert (line["store_id"], line["product_id"], line["expected_units"]) == ("N1", "SKU-STEADY", 5.0)
        assert (line["on_hand_units"], line["days_of_stock"]) == (20, 8.0)  # 2.5 a day
        assert line["expected_units_7_days"] is None  # only two days are forecast

    def test_files_hold_the_same_lines(self, viewer: APIClient) -> None:
        lines = viewer.get(FORECASTS, TWO_DAYS).json()["results"]
        table = as_csv(viewer.get(FORECASTS, {**TWO_DAYS, "file_format": "csv"}))
        sheet = as_xlsx(viewer.get(FORECASTS, {**TWO_DAYS, "file_format": "xlsx"}))
        assert [row["product_id"] for row in table] == [line["product_id"] for line in lines]
        assert [row["days_of_stock"] for row in table] == ["", "8.0", ""]
        assert [row["days_of_stock"] for row in sheet] == [None, 8, None]
        assert list(table[0]) == list(sheet[0]) == list(lines[0])

    def test_a_store_manager_gets_the_own_store(self, cast: Cast) -> None:
        manager = person(cast.store_manager)
        assert [row["store_id"] for row in manager.get(FORECASTS, TWO_DAYS).json()["stores"]] == ["N1"]
        for file_format in ("json", "csv", "xlsx"):
            refused = manager.get(FORECASTS, {"store_id": "S1", "file_format": file_format})
            assert (refused.status_code, refused.json()["error"]["fields"]) == (
                404,
                {"store_id": ["There is no “S1” here."]},
            )

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ({"store_id": "N1"}, 2),
            ({"category": "Coffee"}, 2),
            ({"category": "Nothing"}, 0),
            ({"forecast_date": "2020-01-01"}, 0),
            ({"horizon_days": 28}, 0),
        ],
    )
    def test_it_is_narrowed(self, viewer: APIClient, query: dict[str, Any], count: int) -> None:
        assert viewer.get(FORECASTS, {**TWO_DAYS, **query}).json()["count"] == count


@pytest.fixture
def proposals(cast: Cast) -> Store:
    """An order in both stores, a move from north to east and back, and an excess."""
    east = make_east()
    recommendation(cast, cast.north, cast.steady, notes="count first")
    recommendation(cast, cast.south, cast.steady)
    recommendation(cast, cast.north, cast.dead, status="rejected")
    propose_transfer(cast.north, east, cast.steady)
    propose_transfer(east, cast.north, cast.seasonal)
    propose_excess(cast.north, cast.seasonal, "mark_down")
    return east


@pytest.mark.usefixtures("proposals")
class TestInventoryRecommendations:
    def test_three_kinds_in_one_table_with_their_sums(self, viewer: APIClient) -> None:
        answer = viewer.get(RECOMMENDATIONS).json()
        assert [(row["kind"], row["store_id"], row["to_store_id"], row["action"]) for row in answer["results"]] == [
            ("order", "N1", None, "order"),
            ("order", "S1", None, "order"),
            ("transfer", "N1", "E1", "move"),
            ("transfer", "E1", "N1", "move"),
            ("excess", "N1", None, "mark_down"),
        ]
        first = answer["results"][0]
        assert (first["units"], first["value"], first["money"], first["currency"]) == (24, "72.00", "80.00", "GBP")
        assert answer["sums"] == [
            {
                "kind": "order",
                "group": "high",
                "currency": currency,
                "recommendations": 1,
                "units": 24,
                "value": "72.00",
                "money": "80.00",
            }
            for currency in ("EUR", "GBP")
        ] + [
            {
                "kind": "transfer",
                "group": "move",
                "currency": "GBP",
                "recommendations": 2,
                "units": 20,
                "value": "60.00",
                "money": "80.00",
            },
            {
                "kind": "excess",
                "group": "mark_down",
                "currency": "GBP",
                "recommendations": 1,
                "units": 100,
                "value": "300.00",
                "money": "20.00",
            },
        ]

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ({"kind": "order"}, 2),
            ({"kind": "order", "status": "all"}, 3),
            ({"status": "rejected"}, 1),
            ({"store_id": "E1"}, 2),  # of transfers, either end
            ({"store_id": "S1"}, 1),
            ({"category": "Tools", "status": "all"}, 1),
        ],
    )
    def test_it_is_narrowed(self, viewer: APIClient, query: dict[str, str], count: int) -> None:
        assert viewer.get(RECOMMENDATIONS, query).json()["count"] == count
        assert len(as_csv(viewer.get(RECOMMENDATIONS, {**query, "file_format": "csv"}))) == count

    def test_a_store_manager_gets_the_own_store_and_both_directions(self, cast: Cast) -> None:
        rows = person(cast.store_manager).get(RECOMMENDATIONS).json()["results"]
        assert [row["kind"] for row in rows] == ["order", "transfer", "transfer", "excess"]
        assert all("N1" in (row["store_id"], row["to_store_id"]) for row in rows)

    def test_what_a_spreadsheet_would_run_is_text(self, cast: Cast, viewer: APIClient) -> None:
        Product.objects.filter(pk=cast.seasonal.pk).update(name="=HYPERLINK(1)\x01", category="-2+3")
        only = {"kind": "excess"}
        line = as_csv(viewer.get(RECOMMENDATIONS, {**only, "file_format": "csv"}))[0]
        assert (line["product_name"], line["category"]) == ("'=HYPERLINK(1)\x01", "'-2+3")
        cell = as_xlsx(viewer.get(RECOMMENDATIONS, {**only, "file_format": "xlsx"}))[0]
        assert (cell["product_name"], cell["category"]) == ("'=HYPERLINK(1)", "'-2+3")
        assert cell["value"] == Decimal(300)

    def test_downloads_have_a_name_and_a_type(self, viewer: APIClient) -> None:
        for file_format, content_type in [
            ("csv", "text/csv; charset=utf-8"),
            ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ]:
            response: Any = viewer.get(RECOMMENDATIONS, {"file_format": file_format})
            assert response.headers["Content-Type"] == content_type
            assert f'attachment; filename="inventory-recommendations.{file_format}"' in str(
                response.headers["Content-Disposition"]
            )

    def test_a_report_that_is_too_long_says_what_to_narrow(
        self, viewer: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tables, "MOST_JSON_ROWS", 4)
        refused = viewer.get(RECOMMENDATIONS)
        assert refused.status_code == 400
        assert refused.json()["error"]["fields"] == {
            "store_id": [
                (
                    "The report has 5 rows, more than 4: narrow it to a store or category, or take it as CSV or XLSX "
                    "(`file_format`)."
                )
            ]
        }
        assert viewer.get(RECOMMENDATIONS, {"file_format": "csv"}).status_code == 200

    @pytest.mark.parametrize(
        ("query", "field"),
        [({"file_format": "pdf"}, "file_format"), ({"kind": "price"}, "kind"), ({"colour": "red"}, "colour")],
    )
    def test_bad_parameters_are_named(self, viewer: APIClient, query: dict[str, str], field: str) -> None:
        refused = viewer.get(RECOMMENDATIONS, query)
        assert (refused.status_code, list(refused.json()["error"]["fields"])) == (400, [field])


@pytest.mark.parametrize("file_format", ["json", "csv", "xlsx"])
@pytest.mark.parametrize("rows", [3, 30])
def test_queries_do_not_grow_with_rows(cast: Cast, rows: int, file_format: str) -> None:
    east = make_east()
    for product in make_products(rows):
        recommendation(cast, cast.north, product)
        propose_transfer(cast.north, east, product)
        propose_excess(cast.north, product)
        forecast(cast.north, product)
    counts = []
    for address, query in ((FORECASTS, TWO_DAYS), (RECOMMENDATIONS, {})):
        client = person(cast.viewer)
        with CaptureQueriesContext(connection) as captured:
            response: Any = client.get(address, {**query, "file_format": file_format})
            assert response.status_code == 200
            if file_format != "json":
                b"".join(response.streaming_content)
        counts.append(len(captured))
    assert counts == [8, 13]
