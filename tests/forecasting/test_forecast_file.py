"""No test here asks for the database: pytest-django fails any that touches it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command

from forecasting.services.files import chunks, forecast
from forecasting.services.files.forecast import FileForecast, forecast_file
from forecasting.services.files.options import FileOptions, read_levels
from forecasting.services.files.staging import staged
from forecasting.services.files.work import _around
from tests.forecasting.test_boosting import needs_boosting

MONDAY = date(2024, 1, 1)
COLUMNS = ["series_id", "date", "quantity"]
OUT_COLUMNS = ["series_id", "date", "mean", "median", "lo-80", "hi-80", "lo-95", "hi-95", "model"]
STATISTICAL = FileOptions(horizon=7, has_boosting=False)


def sales(series: int = 3, days: int = 84, *, step: int = 1, seed: int = 4) -> list[tuple[str, date, int]]:
    random = np.random.default_rng(seed)
    return [
        (f"item {row}", MONDAY + timedelta(days=day * step), int(random.poisson(5 + 3 * row)))
        for row in range(series)
        for day in range(days)
    ]


def write(path: Path, rows: Iterable[tuple[Any, ...]], columns: list[str] = COLUMNS) -> Path:
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([columns, *rows])
    return path


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def run(folder: Path, rows: Iterable[tuple[Any, ...]], options: FileOptions = STATISTICAL) -> FileForecast:
    source = write(folder / "in.csv", rows)
    return forecast_file(source=source, target=folder / "out.csv", options=options)


def demand_of(source: Path, options: FileOptions = STATISTICAL) -> np.ndarray:
    with staged(source, options) as staging:
        return shown(next(chunks.read_chunks(staging, 7)).demand)


def shown(values: np.ndarray) -> np.ndarray:
    """Without the unknown days that a panel under two weeks is filled up with, at its front."""
    return values[:, np.isfinite(values).any(axis=0).argmax() :]


def problems(source: Path, target: Path, options: FileOptions = STATISTICAL) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        forecast_file(source=source, target=target, options=options)
    return refused.value.message_dict


def test_every_series_is_forecast_for_the_days_after_the_files_last_date(tmp_path: Path) -> None:
    outcome = run(tmp_path, sales())
    rows = read(tmp_path / "out.csv")
    assert list(rows[0]) == OUT_COLUMNS
    days = [str(MONDAY + timedelta(days=84 + ahead)) for ahead in range(7)]
    assert [(row["series_id"], row["date"]) for row in rows] == [
        (f"item {item}", day) for item in range(3) for day in days
    ]
    assert (outcome.answered, outcome.unanswered, outcome.bad_rows) == (3, 0, None)


def test_numbers_are_in_order_and_near_what_was_sold(tmp_path: Path) -> None:
    run(tmp_path, sales())
    for row in read(tmp_path / "out.csv"):
        lows, highs = (float(row["lo-95"]), float(row["lo-80"])), (float(row["hi-80"]), float(row["hi-95"]))
        assert 0 <= lows[0] <= lows[1] <= float(row["median"]) <= highs[0] <= highs[1]
        assert float(row["mean"]) == pytest.approx(5 + 3 * int(row["series_id"][-1]), rel=0.35)


def test_an_interval_that_leaves_the_median_out_is_widened_to_it() -> None:
    median = np.array([[0.0, 4, 9]])
    intervals = np.array([[[[1.0, 2]], [[1, 5]], [[1, 8]]]])
    np.testing.assert_array_equal(_around(median, intervals), [[[[0, 2]], [[1, 5]], [[1, 9]]]])


def test_the_order_of_the_rows_changes_nothing(tmp_path: Path) -> None:
    rows = sales()
    run(tmp_path, rows)
    before = (tmp_path / "out.csv").read_bytes()
    np.random.default_rng(0).shuffle(rows)
    run(tmp_path, rows)
    assert (tmp_path / "out.csv").read_bytes() == before


def test_parquet_keeps_the_types_of_ids_and_dates(tmp_path: Path) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    duckdb.execute(
        "COPY (SELECT CAST(i AS SMALLINT) AS series_id, TIMESTAMP '2024-01-01' + d * INTERVAL 1 DAY AS date,"
        f" i + d % 7 AS quantity FROM range(9, 12) a(i), range(60) b(d)) TO '{source}' (FORMAT parquet)"
    )
    forecast_file(source=source, target=target, options=STATISTICAL)
    answer = duckdb.execute(f"SELECT series_id, date FROM '{target}'")
    assert [str(column[1]) for column in answer.description] == ["SMALLINT", "TIMESTAMP"]
    assert answer.fetchall()[0] == (9, datetime(2024, 3, 1))


def test_series_with_numbers_for_names_come_in_the_order_of_the_numbers(tmp_path: Path) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.csv"
    duckdb.execute(
        "COPY (SELECT i AS series_id, DATE '2024-01-01' + d::INTEGER AS date, 1 AS quantity"
        f" FROM range(8, 12) a(i), range(30) b(d)) TO '{source}' (FORMAT parquet)"
    )
    forecast_file(source=source, target=target, options=STATISTICAL)
    assert list(dict.fromkeys(row["series_id"] for row in read(target))) == ["8", "9", "10", "11"]


def test_names_with_leading_zeros_stay_as_they_are(tmp_path: Path) -> None:
    run(tmp_path, [("007", day, units) for _, day, units in sales(1)])
    assert {row["series_id"] for row in read(tmp_path / "out.csv")} == {"007"}


def test_days_without_a_row_are_zero_sales_and_those_before_the_first_are_unknown(tmp_path: Path) -> None:
    rows = [("a", "2024-01-01", 3), ("a", "2024-01-04", 5), ("b", "2024-01-03", 2), ("b", "2024-01-05", 4)]
    demand = demand_of(write(tmp_path / "in.csv", rows))
    np.testing.assert_array_equal(demand, [[3, 0, 0, 5, 0], [np.nan, np.nan, 2, 0, 4]])


def test_where_a_file_writes_its_zeros_what_follows_a_series_is_unknown(tmp_path: Path) -> None:
    rows = [("a", "2024-01-01", 3), ("a", "2024-01-02", 0), ("b", "2024-01-01", 2), ("b", "2024-01-02", 0)]
    rows += [("b", "2024-01-03", 4)]
    demand = demand_of(write(tmp_path / "in.csv", rows))
    np.testing.assert_array_equal(demand, [[3, 0, np.nan], [2, 0, 4]])


def test_rows_of_one_series_and_date_are_added_and_a_day_of_returns_is_zero(tmp_path: Path) -> None:
    rows = [("a", "2024-01-01", 3), ("a", "2024-01-01", 4), ("a", "2024-01-02", 1), ("a", "2024-01-02", -6)]
    rows += [("a", "2024-01-03", 2)]
    source = write(tmp_path / "in.csv", rows)
    np.testing.assert_array_equal(demand_of(source), [[7, 0, 2]])
    with staged(source, STATISTICAL) as staging:
        assert (staging.summary.merged_rows, staging.summary.returned_days) == (2, 1)


BAD = """series_id,date,quantity,price,promotion,in_stock
a,2024-01-01,4,2.5,0,1
a,2024-01-02,many,2.5,0,1

a,2024-01-03
a,31.01.2024,4,2.5,0,1
,2024-01-02,4,2.5,0,1
a,2024-01-04,inf,-1,perhaps,7
a,2024-01-05,,2.5,0,1
a,2024-01-06,6,2.5,true,0.5
a,2024-01-08,,1.5,1,
"""


def test_every_bad_field_is_reported_with_its_line_and_reason(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(BAD)
    outcome = forecast_file(source=tmp_path / "in.csv", target=tmp_path / "out.csv", options=STATISTICAL)
    assert outcome.bad_rows == tmp_path / "out.csv.bad-rows.csv"
    rows = read(outcome.bad_rows)
    assert [(row["line"], row["field"], row["value"]) for row in rows] == [
        ("3", "quantity", "many"),
        ("5", "", ""),
        ("6", "date", "31.01.2024"),
        ("7", "series_id", ""),
        ("8", "in_stock", "7"),
        ("8", "price", "-1"),
        ("8", "promotion", "perhaps"),
        ("8", "quantity", "inf"),
        ("9", "quantity", ""),
    ]
    assert rows[0]["reason"] == "is not a finite number: the day counts as unknown, not as zero"
    assert rows[2]["reason"] == "is not a date (YYYY-MM-DD): the row is left out"
    assert outcome.summary.bad_fields == 9


def test_a_day_whose_quantity_was_refused_is_unknown_and_not_zero(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(BAD)
    demand = demand_of(tmp_path / "in.csv")
    # The 3rd had too few fields: a row that is left out is a day without a row.
    np.testing.assert_array_equal(demand, [[4, np.nan, 0, np.nan, np.nan, 6]])
    with staged(tmp_path / "in.csv", FileOptions(season=30)) as staging:
        assert staging.calendar.periods == 60  # two seasons, unknown before the first row


def test_rows_past_the_last_sale_plan_price_and_promotion_ahead(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(BAD)
    with staged(tmp_path / "in.csv", STATISTICAL) as staging:
        chunk = next(chunks.read_chunks(staging, 7))
    assert chunk.demand.shape == (1, 14)  # eight unknown days before the six of the file
    np.testing.assert_array_equal(chunk.promotion, [[0] * 8 + [0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]])
    np.testing.assert_array_equal(chunk.price, [[np.nan] * 8 + [2.5] * 6 + [2.5, 1.5] + [2.5] * 5])
    np.testing.assert_array_equal(chunk.in_stock, [[1] * 8 + [1, 1, 1, 1, 1, 0.5]])


def test_a_file_without_bad_rows_writes_no_report(tmp_path: Path) -> None:
    run(tmp_path, sales())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


@pytest.mark.parametrize("frequency", ["W", None])
def test_weeks_stay_on_the_files_own_week_day(tmp_path: Path, frequency: str | None) -> None:
    rows = [(name, day + timedelta(days=2), units) for name, day, units in sales(2, 60, step=7)]
    run(tmp_path, rows, FileOptions(horizon=3, has_boosting=False, frequency=frequency))
    last = MONDAY + timedelta(days=2 + 59 * 7)
    dates = [row["date"] for row in read(tmp_path / "out.csv")]
    assert dates == [str(last + timedelta(weeks=ahead)) for ahead in (1, 2, 3)] * 2


def test_a_row_beside_the_weeks_is_reported_and_left_out(tmp_path: Path) -> None:
    rows = [*sales(2, 60, step=7), ("item 0", date(2024, 1, 3), 99)]
    outcome = run(tmp_path, rows, FileOptions(horizon=3, has_boosting=False, frequency="W"))
    assert read(tmp_path / "out.csv.bad-rows.csv") == [
        {
            "line": "122",
            "field": "week_day",
            "value": "2024-01-03",
            "reason": "falls on another week day than the weeks of the file: the row is left out",
        }
    ]
    assert outcome.summary.bad_fields == 1


def test_days_taken_for_weeks_and_months_are_refused(tmp_path: Path) -> None:
    days = write(tmp_path / "days.csv", sales())
    months = write(tmp_path / "months.csv", [("a", f"2024-{month:02}-01", 5) for month in range(1, 13)])
    weekly = FileOptions(frequency="W", has_boosting=False)
    out = tmp_path / "out.csv"
    assert problems(days, out, weekly) == {
        "freq": ["The dates are not a week apart: they fall on several week days. Try --freq D."]
    }
    assert problems(months, out) == {
        "freq": ["The dates lie a month or more apart; files are of days (D) or weeks (W)."]
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("series_id,day,units\na,2024-01-01,1\n", "There is no column date, quantity."),
        ("series_id,date,quantity\n", "in.csv has no rows."),
        ("series_id,date,quantity\na,soon,1\n", "in.csv has no row with a series, a date and a quantity."),
        ("", "There is no column series_id, date, quantity."),
    ],
)
def test_a_file_that_cannot_be_understood_is_refused_in_words(tmp_path: Path, body: str, message: str) -> None:
    (tmp_path / "in.csv").write_text(body)
    assert problems(tmp_path / "in.csv", tmp_path / "out.csv")["in"][0].startswith(message)
    assert not (tmp_path / "out.csv").exists()


def test_what_only_calls_itself_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.parquet").write_text("series_id,date,quantity\n")
    assert problems(tmp_path / "in.parquet", tmp_path / "out.csv")["in"][0].startswith("in.parquet cannot be read")


def test_paths_are_checked_before_anything_is_read(tmp_path: Path) -> None:
    source = write(tmp_path / "in.csv", sales())
    assert problems(tmp_path / "no.csv", tmp_path / "out.csv") == {"in": [f"There is no file {tmp_path}/no.csv."]}
    assert problems(source, source) == {"out": ["must be another file than the one that is read."]}
    assert "must end in one of" in problems(source, tmp_path / "out.xlsx")["out"][0]
    assert problems(source, tmp_path / "no" / "out.csv") == {"out": [f"There is no folder {tmp_path}/no."]}


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (FileOptions(horizon=0), "horizon"),
        (FileOptions(horizon=1001), "horizon"),
        (FileOptions(levels=()), "levels"),
        (FileOptions(levels=(80.0, 100.0)), "levels"),
        (FileOptions(season=0), "season"),
        (FileOptions(jobs=0), "jobs"),
        (FileOptions(models=("magic",)), "models"),
        (FileOptions(models=()), "models"),
    ],
)
def test_a_wrong_option_is_named(tmp_path: Path, options: FileOptions, field: str) -> None:
    assert list(problems(write(tmp_path / "in.csv", sales()), tmp_path / "out.csv", options)) == [field]


def test_levels_are_read_in_rising_order_and_name_the_columns(tmp_path: Path) -> None:
    assert read_levels("95, 80,95") == (80.0, 95.0)
    with pytest.raises(ValidationError):
        read_levels("80;95")
    run(tmp_path, sales(), FileOptions(horizon=2, levels=(50.0, 99.5), has_boosting=False))
    assert list(read(tmp_path / "out.csv")[0])[4:8] == ["lo-50", "hi-50", "lo-99.5", "hi-99.5"]


def test_without_lightgbm_the_run_says_that_it_used_the_statistical_tier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    outcome = run(tmp_path, sales(), FileOptions(horizon=7))
    assert outcome.tier == "statistical"
    assert outcome.tier_reason.startswith("Gradient boosting needs LightGBM, the extra “boosting”")
    asked = FileOptions(models=("gradient_boosting",))
    assert "extra “boosting”" in problems(tmp_path / "in.csv", tmp_path / "out.csv", asked)["models"][0]


def test_with_lightgbm_the_ensemble_is_of_the_full_tier_and_boosting_can_be_asked_for_alone(tmp_path: Path) -> None:
    needs_boosting()
    rows = sales(12, 300)
    assert run(tmp_path, rows, FileOptions(horizon=7)).tier == "full"
    with_boosting = (tmp_path / "out.csv").read_bytes()
    assert run(tmp_path, rows, STATISTICAL).tier == "statistical"
    assert (tmp_path / "out.csv").read_bytes() != with_boosting
    run(tmp_path, rows, FileOptions(horizon=7, models=("gradient_boosting",)))
    assert "gradient_boosting" in {row["model"] for row in read(tmp_path / "out.csv")}


def test_histories_too_short_for_boosting_fall_back_and_say_so(tmp_path: Path) -> None:
    needs_boosting()
    outcome = run(tmp_path, sales(3, 20), FileOptions(horizon=7))
    assert (outcome.tier, outcome.tier_reason) == (
        "statistical",
        "the histories are too short to train gradient boosting on",
    )


def test_without_duckdb_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "in.csv", sales())
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert problems(source, tmp_path / "out.csv") == {
        "in": ["Reading files needs DuckDB, part of the extra “analysis”: pip install 'invencare[analysis]'."]
    }


def test_a_series_with_three_days_is_answered_and_counted(tmp_path: Path) -> None:
    rows = sales()
    rows += [("new", MONDAY + timedelta(days=day), 6) for day in (81, 82, 83)]
    outcome = run(tmp_path, rows)
    assert (outcome.summary.short_series, outcome.answered) == (1, 4)
    means = [float(row["mean"]) for row in read(tmp_path / "out.csv") if row["series_id"] == "new"]
    assert len(means) == 7
    assert 2 < np.mean(means) < 12


def test_a_series_of_unknown_quantities_alone_is_not_answered_and_counted(tmp_path: Path) -> None:
    rows: list[tuple[Any, ...]] = [*sales(), ("never", MONDAY, ""), ("never", MONDAY + timedelta(days=1), "")]
    outcome = run(tmp_path, rows)
    assert (outcome.answered, outcome.unanswered) == (3, 1)
    assert "never" not in {row["series_id"] for row in read(tmp_path / "out.csv")}


def test_chunks_are_even_and_depend_on_the_number_of_series_alone() -> None:
    assert chunks.chunk_bounds(500) == [(0, 500)]
    assert chunks.chunk_bounds(501) == [(0, 251), (251, 501)]
    assert chunks.chunk_bounds(2500) == [(0, 834), (834, 1667), (1667, 2500)]
    assert chunks.chunk_bounds(1) == [(0, 1)]


def test_two_processes_write_what_one_writes_and_report_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "MOST_SERIES", 4)
    source = write(tmp_path / "in.csv", sales(10, 60))
    seen: list[tuple[int, int]] = []
    for jobs in (1, 2):
        options = FileOptions(horizon=7, jobs=jobs, has_boosting=False)
        target = tmp_path / f"out-{jobs}.csv"
        forecast_file(source=source, target=target, options=options, progress=lambda *done: seen.append(done))
    assert (tmp_path / "out-1.csv").read_bytes() == (tmp_path / "out-2.csv").read_bytes()
    assert seen == [(0, 10), (4, 10), (7, 10), (10, 10)] * 2


def test_a_failure_leaves_the_earlier_answer_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, sales())
    before = (tmp_path / "out.csv").read_bytes()

    def fail(*arguments: Any) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(forecast, "forecast_chunk", fail)
    with pytest.raises(RuntimeError):
        run(tmp_path, sales(seed=9))
    assert (tmp_path / "out.csv").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_the_command_says_what_it_read_and_what_it_did(tmp_path: Path) -> None:
    rows: list[tuple[Any, ...]] = [*sales(), ("item 0", MONDAY, "x")]
    source, target = write(tmp_path / "in.csv", rows), tmp_path / "out.csv"
    out, bar = StringIO(), StringIO()
    call_command("forecast_file", str(source), str(target), "--horizon", "7", "--no-boosting", stdout=out, stderr=bar)
    assert out.getvalue().splitlines() == [
        "253 rows of 3 series, days from 2024-01-01 to 2024-03-24.",
        f"Forecast 3 series, 7 days from 2024-03-25, to {target}.",
        "Tier: statistical (no model that was asked for uses gradient boosting).",
        "1 rows repeated a series and date: their quantities were added.",
        f"1 bad fields, with line and reason: {target}.bad-rows.csv",
    ]
    assert "3/3" in bar.getvalue()


def test_the_command_refuses_in_the_words_of_its_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    source = write(tmp_path / "in.csv", sales())
    with pytest.raises(CommandError, match=r"^--horizon: must be from 1 to 1000 periods, not 0\.$"):
        call_command("forecast_file", str(source), str(tmp_path / "out.csv"), "--horizon", "0", "--no-progress")
    with pytest.raises(CommandError, match=r"^--models: lstm needs the extra “neural”"):
        call_command("forecast_file", str(source), str(tmp_path / "out.csv"), "--models", "lstm", "--no-progress")
