"""The command on files: what it writes, and what it says about files that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.replenishment import main

duckdb = pytest.importorskip("duckdb", reason="needs DuckDB: install the extra “analysis”")

MONDAY = np.datetime64("2024-01-01")
HISTORY, COMING, SERIES = 30, 8, 12


def long_file(path: Path, first: int, periods: int, *, seed: int, series: int = SERIES) -> Path:
    demand = np.random.default_rng(seed).poisson(np.linspace(0.5, 9, series)[:, None], (series, periods))
    lines = [
        f"s{row},{MONDAY + 7 * (first + period)},{demand[row, period]},{'False' if (row, period) == (3, 5) else 'True'}"
        for row in range(series)
        for period in range(periods)
    ]
    path.write_text("\n".join(["series_id,date,quantity,in_stock", *lines]) + "\n")
    return path


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    initial = tmp_path / "initial.csv"
    rows = [f"s{row},{2 * row},{row},{row}" for row in range(SERIES)]
    initial.write_text("\n".join(["series_id,on_hand,in_transit_1,in_transit_2", *rows]) + "\n")
    return {
        "demand": long_file(tmp_path / "demand.csv", 0, HISTORY, seed=1),
        "initial": initial,
        "actuals": long_file(tmp_path / "actuals.csv", HISTORY, COMING, seed=2),
    }


def run(files: dict[str, Path], **changes: Any) -> tuple[int, dict[str, Any]]:
    out = files["demand"].with_name("out.json")
    options = {"lead-time-periods": 2, "holding-cost": 0.2, "lost-sale-cost": 1, "freq": "W", "orders": 6, **changes}
    arguments = [part for name, value in {**files, **options, "out": out}.items() for part in (f"--{name}", str(value))]
    code = main(arguments)
    return code, json.loads(out.read_text()) if out.exists() else {}


def test_every_policy_is_in_the_answer_with_its_costs(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = run(files)
    assert code == 0
    assert list(answer["policies"]) == [
        "default",
        "moving_average_13_weeks",
        "cover_3_periods",
        "cover_4_periods",
        "cover_5_periods",
        "min_max",
        "z_sigma_sqrt_l",
        "heuristic_7_days",
        "heuristic_10_days",
        "heuristic_14_days",
    ]
    for found in answer["policies"].values():
        assert found["total_cost"] == pytest.approx(sum(found["per_period_cost"]), abs=1e-4)
        assert len(found["per_period_cost"]) == 8
        assert 0 < found["fill_rate"] <= 1
        assert isinstance(found["orders"], int)
    # The first two periods were decided before the first order.
    assert len({tuple(found["per_period_cost"][:2]) for found in answer["policies"].values()}) == 1
    assert "default" in capsys.readouterr().out


def test_the_same_files_give_the_same_answer_as_csv_and_as_parquet(files: dict[str, Path]) -> None:
    _, from_csv = run(files)
    for name, path in files.items():
        files[name] = path.with_suffix(".parquet")
        duckdb.sql(f"COPY (SELECT * FROM '{path}') TO '{files[name]}'")
    _, from_parquet = run(files)
    assert from_parquet == from_csv


def test_what_comes_after_an_order_does_not_change_it(files: dict[str, Path]) -> None:
    """The last period of the actuals made ten times as large changes no cost before it."""
    _, before = run(files)
    lines = files["actuals"].read_text().splitlines()
    last = str(MONDAY + 7 * (HISTORY + COMING - 1))
    files["actuals"].write_text(
        "\n".join(line.replace(f"{last},", f"{last},9") if last in line else line for line in lines) + "\n"
    )
    _, after = run(files)
    for name, found in before["policies"].items():
        assert after["policies"][name]["per_period_cost"][:-1] == found["per_period_cost"][:-1]
        assert after["policies"][name]["orders"] == found["orders"]


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("demand", "series_id,", "sku,", "demand.csv has no column series_id; it has sku, date, quantity, in_stock."),
        ("demand", "s0,2024-01-08", "s0,2024-01-09", "demand.csv: 2024-01-09 is no period of frequency W counted from 2024-01-01."),
        ("demand", "s0,2024-01-08", "s0,soon", "demand.csv: row 2 has no date of the form YYYY-MM-DD."),
        ("demand", "s0,2024-01-08,", "s0,2024-01-08,x", "demand.csv: row 2 has no quantity that is a number."),
        ("demand", "s0,2024-01-08,", "s0,2024-01-08,-", "demand.csv: row 2 has a negative quantity."),
        ("demand", "s0,2024-01-08,", "s0,2024-01-01,", "demand.csv has more than one row of series s0 on 2024-01-01."),
        ("demand", ",True", ",often", "demand.csv: row 1 (and 358 more) has an in_stock that is neither true or false nor from 0 to 1."),
        ("actuals", "s11,", "t,", "actuals.csv has series without initial stock: t."),
        ("initial", "s11,", "s12,", "actuals.csv has series without initial stock: s11."),
        ("initial", "s1,2,1,1\n", "s1,2,1,1\nnew,1,1,1\n", "demand.csv has no row of series with initial stock: new."),
        ("initial", "s1,2,1,1\n", "s1,2,1,1\ns1,2,1,1\n", "initial.csv has more than one row of series s1."),
        ("initial", "s1,2,", "s1,-2,", "initial.csv: row 2 has no on_hand of at least 0."),
        ("initial", "s1,2,1,1\n", "s1,2,1,many\n", "initial.csv: row 2 has an in_transit that is not a number of at least 0."),
        ("initial", "in_transit_1", "in_transit_3", "initial.csv: the columns in_transit_1, in_transit_2, … must be numbered without gaps."),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_refused_by_name(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str], name: str, old: str, new: str, message: str
) -> None:
    text = files[name].read_text()
    assert old in text
    files[name].write_text(text.replace(old, new))
    code, answer = run(files)
    assert (code, answer) == (2, {})
    assert capsys.readouterr().err == f"error: {message}\n"


def test_actuals_that_do_not_follow_the_history_are_refused(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    long_file(files["actuals"], HISTORY + 1, COMING, seed=2)
    assert run(files)[0] == 2
    assert (
        capsys.readouterr().err
        == "error: actuals.csv begins on 2024-08-05; the period after demand.csv is 2024-07-29.\n"
    )


def test_a_file_that_is_not_there(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    files["initial"].unlink()
    assert run(files)[0] == 2
    assert capsys.readouterr().err == f"error: {files['initial']} does not exist.\n"


@pytest.mark.parametrize(
    ("periods", "note"),
    [
        (12, "note: 12 periods of actuals: the replay ends after 8, the last that the orders decide"),
        (5, "note: 5 periods of actuals: orders that would come in after them cost and serve nothing"),
    ],
)
def test_more_or_fewer_actuals_than_the_orders_reach_are_named(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str], periods: int, note: str
) -> None:
    long_file(files["actuals"], HISTORY, periods, seed=2)
    code, answer = run(files)
    assert (code, answer["replay"]["periods"]) == (0, min(periods, 8))
    assert note in capsys.readouterr().err


def test_series_without_initial_stock_are_left_out_and_named(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    long_file(files["demand"], 0, HISTORY, seed=1, series=SERIES + 2)
    code, answer = run(files)
    assert (code, answer["replay"]["series"]) == (0, SERIES)
    assert "note: 2 series of demand.csv have no initial stock and are left out" in capsys.readouterr().err
