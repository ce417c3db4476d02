"""The three files of a replay, read and checked: every mistake is one sentence, nothing is guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.replay import Case
from insights.calc.replenishment.arrays import Floats, Ints

PERIOD_DAYS = {"D": 1, "W": 7}
EPOCH = date(1970, 1, 1)
SHOWN = 3
IN_TRANSIT = re.compile(r"in_transit_([1-9]\d*)")


class BadFile(Exception):
    """What is wrong with a file, for the person who made it."""


@dataclass(frozen=True)
class Long:
    """A long file: N rows. ``day`` since 1970-01-01; ``in_stock`` 0 to 1."""

    series: Any
    day: Ints
    quantity: Floats
    in_stock: Floats


@dataclass(frozen=True)
class Terms:
    """The command's numbers."""

    lead_time: int
    holding_cost: float
    lost_sale_cost: float
    orders: int
    frequency: str


def read_case(demand: Path, initial: Path, actuals: Path, terms: Terms) -> tuple[Case, list[str]]:
    """The case and what the reader should know about it. Raises ``BadFile``.

    The series are those of ``initial``; each must have rows in the other two. Series of ``demand`` alone are left out. Periods
    without a row between a series' first one and the end are zero sales, as in the forecast of files.
    """
    past, future = _read_long(demand, terms), _read_long(actuals, terms)
    series, on_hand, in_transit = _read_initial(initial)
    _same_series(series, past, demand, future, actuals)
    step = PERIOD_DAYS[terms.frequency]
    first, last = int(past.day.min()), int(past.day.max())
    _on_the_grid(past, demand, first, step, terms.frequency)
    _on_the_grid(future, actuals, first, step, terms.frequency)
    if int(future.day.min()) != last + step:
        raise BadFile(
            f"{actuals.name} begins on {_date(int(future.day.min()))}; the period after {demand.name} is {_date(last + step)}."
        )
    place = {name: row for row, name in enumerate(series)}
    notes = _left_out(past, place, demand)
    history = _spread(past, place, first, last, step, from_first_row=True)
    coming = _spread(future, place, last + step, int(future.day.max()), step, from_first_row=False)
    case = Case(
        series=tuple(series),
        period_days=step,
        history=history[0],
        history_in_stock=history[1],
        actuals=coming[0],
        actuals_in_stock=coming[1],
        on_hand=on_hand,
        in_transit=in_transit,
        lead_time=terms.lead_time,
        holding_cost=terms.holding_cost,
        lost_sale_cost=terms.lost_sale_cost,
        orders=terms.orders,
    )
    return case, notes + _notes(case, coming[2])


def _notes(case: Case, missing: int) -> list[str]:
    notes = []
    if missing:
        notes.append(f"{missing} periods of the actuals have no row and count as no demand")
    reach = case.orders + case.lead_time + case.first_order
    given = case.actuals.shape[1]
    if given > reach:
        notes.append(f"{given} periods of actuals: the replay ends after {reach}, the last that the orders decide")
    if given < reach:
        notes.append(f"{given} periods of actuals: orders that would come in after them cost and serve nothing")
    return notes


def _read_long(path: Path, terms: Terms) -> Long:
    connection, columns = _open(path)
    _require(path, columns, ["series_id", "date", "quantity"])
    in_stock = "in_stock" if "in_stock" in columns else "'1'"
    rows = connection.execute(
        "SELECT trim(series_id::VARCHAR) AS series, date_diff('day', DATE '1970-01-01', try_cast(date AS DATE)) AS day,"
        " try_cast(quantity AS DOUBLE) AS quantity,"
        f" CASE lower(trim({in_stock}::VARCHAR)) WHEN 'true' THEN 1 WHEN 'false' THEN 0 WHEN 't' THEN 1 WHEN 'f' THEN 0"
        f" WHEN 'yes' THEN 1 WHEN 'no' THEN 0 WHEN '' THEN 1 ELSE try_cast({in_stock} AS DOUBLE) END AS in_stock,"
        f" {in_stock} IS NULL AS unsaid, row_number() OVER () AS row FROM file ORDER BY row"
    ).fetchnumpy()
    quantity, share = _floats(rows["quantity"]), _floats(rows["in_stock"])
    share = np.where(np.asarray(rows["unsaid"], dtype=bool), 1.0, share)
    _refuse(path, _blank(rows["series"]), "has no series_id")
    _refuse(path, _masked(rows["day"]), "has no date of the form YYYY-MM-DD")
    _refuse(path, ~np.isfinite(quantity), "has no quantity that is a number")
    _refuse(path, quantity < 0, "has a negative quantity")
    _refuse(path, ~((share >= 0) & (share <= 1)), "has an in_stock that is neither true or false nor from 0 to 1")
    if not len(quantity):
        raise BadFile(f"{path.name} has no rows.")
    found = Long(np.asarray(rows["series"], dtype=str), np.asarray(rows["day"], dtype=np.int64), quantity, share)
    keys = np.char.add(np.char.add(found.series, "\n"), found.day.astype(str))
    _, places, counts = np.unique(keys, return_index=True, return_counts=True)
    if (counts > 1).any():
        row = int(places[counts > 1][0])
        raise BadFile(
            f"{path.name} has more than one row of series {found.series[row]} on {_date(int(found.day[row]))}."
        )
    return found


def _read_initial(path: Path) -> tuple[list[str], Floats, Floats]:
    connection, columns = _open(path)
    _require(path, columns, ["series_id", "on_hand"])
    places = {int(match[1]): name for name in columns if (match := IN_TRANSIT.fullmatch(name))}
    if sorted(places) != list(range(1, len(places) + 1)):
        raise BadFile(f"{path.name}: the columns in_transit_1, in_transit_2, … must be numbered without gaps.")
    names = [places[number] for number in sorted(places)]
    wanted = ", ".join(
        f'coalesce(try_cast("{name}" AS DOUBLE), CASE WHEN "{name}" IS NULL THEN 0 END) AS "{name}"' for name in names
    )
    rows = connection.execute(
        "SELECT trim(series_id::VARCHAR) AS series, try_cast(on_hand AS DOUBLE) AS on_hand"
        + (f", {wanted}" if wanted else "")
        + " FROM file"
    ).fetchnumpy()
    series = np.asarray(rows["series"], dtype=str)
    _refuse(path, _blank(rows["series"]), "has no series_id")
    on_hand = _floats(rows["on_hand"])
    due = np.stack([_floats(rows[name]) for name in names], axis=1) if names else np.zeros((len(series), 0))
    _refuse(path, ~np.isfinite(on_hand) | (on_hand < 0), "has no on_hand of at least 0")
    _refuse(path, (~np.isfinite(due) | (due < 0)).any(axis=1), "has an in_transit that is not a number of at least 0")
    if not len(series):
        raise BadFile(f"{path.name} has no rows.")
    names_once, counts = np.unique(series, return_counts=True)
    if (counts > 1).any():
        raise BadFile(f"{path.name} has more than one row of series {names_once[counts > 1][0]}.")
    return series.tolist(), on_hand, due


def _open(path: Path) -> tuple[Any, list[str]]:
    """A connection with the table ``file``; all text for CSV, so that what does not fit is found row by row."""
    import duckdb

    if not path.is_file():
        raise BadFile(f"{path} does not exist.")
    connection = duckdb.connect()
    source = "read_parquet(?)" if path.suffix == ".parquet" else "read_csv(?, all_varchar = true, header = true)"
    try:
        connection.execute(f"CREATE TABLE file AS SELECT * FROM {source}", [str(path)])
    except duckdb.Error as error:
        raise BadFile(f"{path.name} cannot be read: {str(error).strip().splitlines()[0]}") from error
    return connection, [row[0] for row in connection.execute("DESCRIBE file").fetchall()]


def _require(path: Path, columns: list[str], needed: list[str]) -> None:
    missing = [name for name in needed if name not in columns]
    if missing:
        raise BadFile(f"{path.name} has no column {' and no column '.join(missing)}; it has {', '.join(columns)}.")


def _refuse(path: Path, bad: Any, what: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        more = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
        raise BadFile(f"{path.name}: row {rows[0] + 1}{more} {what}.")


def _same_series(series: list[str], past: Long, demand: Path, future: Long, actuals: Path) -> None:
    known = set(series)
    strange = sorted(set(future.series.tolist()) - known)
    if strange:
        raise BadFile(f"{actuals.name} has series without initial stock: {_some(strange)}.")
    for path, found in ((demand, past), (actuals, future)):
        missing = sorted(known - set(found.series.tolist()))
        if missing:
            raise BadFile(f"{path.name} has no row of series with initial stock: {_some(missing)}.")


def _left_out(past: Long, place: dict[str, int], demand: Path) -> list[str]:
    others = set(past.series.tolist()) - set(place)
    return [f"{len(others)} series of {demand.name} have no initial stock and are left out"] if others else []


def _on_the_grid(rows: Long, path: Path, first: int, step: int, frequency: str) -> None:
    off = np.flatnonzero((rows.day - first) % step)
    if len(off):
        raise BadFile(
            f"{path.name}: {_date(int(rows.day[off[0]]))} is no period of frequency {frequency} counted from {_date(first)}."
        )


def _spread(
    rows: Long, place: dict[str, int], first: int, last: int, step: int, *, from_first_row: bool
) -> tuple[Floats, Floats, int]:
    """Series × periods: quantities and shares in stock, and how many periods had no row and count as zeros."""
    chosen = np.array([name in place for name in rows.series.tolist()])
    row = np.array([place[name] for name in rows.series[chosen].tolist()], dtype=np.int64)
    period = (rows.day[chosen] - first) // step
    shape = (len(place), (last - first) // step + 1)
    given = np.zeros(shape, dtype=bool)
    given[row, period] = True
    quantity, share = np.zeros(shape), np.ones(shape)
    quantity[row, period], share[row, period] = rows.quantity[chosen], rows.in_stock[chosen]
    if from_first_row:
        quantity[~np.logical_or.accumulate(given, axis=1)] = np.nan
    return quantity, share, int((~given).sum())


def _blank(values: Any) -> Any:
    return np.array([value is None or value is np.ma.masked or not str(value) for value in values], dtype=bool)


def _masked(values: Any) -> Any:
    return np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else np.zeros(len(values), dtype=bool)


def _floats(values: Any) -> Floats:
    return np.ma.filled(np.ma.asarray(values, dtype=float), np.nan)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{', '.join(names[:SHOWN])}{more}"


def _date(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()
