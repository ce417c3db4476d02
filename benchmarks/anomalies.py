"""Injected anomalies: how many of each kind and size are found, beside a global and a rolling z at the same false alerts.

``python -m benchmarks.anomalies FILE --series COLUMN[,COLUMN] [--date date] [--value sales] [--most 200]``. FILE is a long
file (CSV or Parquet), one row per series and day or several, which are added up. Each combination of COLUMN is a
series; the ``--most`` biggest are taken. The first half year of each is history alone.

Real series are watched as they are: every alert counts as false, also what really was odd (holidays are not told). Then one
anomaly at a time is put into a copy: a day of ±30, 50, 80 %, a day without sales, a level that drops by 20 % and
stays, a leak of 1 % more every day. It is found when an alert comes on the day (day, silence), within a week (shift), or
within four weeks (leak) that the untouched series did not have. Neither z knows weekdays or levels; their bounds are set
so that they alert as often as ours does.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.calc.anomalies import WatchConfig, alerts, watch

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
HISTORY, MONTH = 182, 30.4375
PLACES = 12  # days of each series that anomalies are put into
SEED = 20
KNOWN_DAYS = 400  # before an injection, what any judge looks back on
AT_ONCE = 10  # copies of the panel, each with an anomaly in every tenth series: its peers stay as they were
Judge = Callable[[Floats, int], Bools]
"""S × T values of so many panels below each other to S × T alerts."""


@dataclass(frozen=True)
class Injection:
    """What is done to the days from one on, and within how many it should be noticed."""

    name: str
    factors: tuple[float, ...]
    within: int


INJECTIONS = (
    *(Injection(f"day {100 * size:+.0f} %", (1 + size,), 1) for size in (-0.8, -0.5, -0.3, 0.3, 0.5, 0.8)),
    Injection("silent day", (0.0,), 1),
    Injection("shift -20 %", (0.8,) * 28, 7),
    Injection("leak -1 % a day", tuple(1 - 0.01 * day for day in range(1, 29)), 28),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path)
    parser.add_argument("--series", required=True, help="columns that tell the series apart, with commas; 'all' is one")
    parser.add_argument("--date", default="date")
    parser.add_argument("--value", default="sales")
    parser.add_argument("--most", type=int, default=200)
    parser.add_argument("--rate", type=float, help="false alerts per series and month to set ours to, too")
    given = parser.parse_args()
    values, weekday = load(given.file, given.series, given.date, given.value, given.most)
    study(values, weekday, given.rate)


def load(file: Path, series: str, date: str, value: str, most: int) -> tuple[Floats, int]:
    """S × T daily sums, NaN before a series' first day and 0 on later days without a row; the weekday of column 0."""
    import duckdb

    reader = "read_csv_auto" if file.suffix == ".csv" else "read_parquet"
    key = "'all'" if series == "all" else " || '/' || ".join(f'"{name}"' for name in series.split(","))
    rows = duckdb.sql(
        f"""SELECT ({key})::VARCHAR AS series, "{date}"::DATE AS day, SUM("{value}")::DOUBLE AS value
            FROM {reader}('{file}') GROUP BY 1, 2"""
    ).fetchall()
    days = {day for _, day, _ in rows}
    first, last = min(days), max(days)
    totals: dict[str, float] = {}
    for name, _, amount in rows:
        totals[name] = totals.get(name, 0.0) + amount
    chosen = sorted(totals, key=lambda name: (-totals[name], name))[:most]
    place = {name: row for row, name in enumerate(chosen)}
    values = np.zeros((len(chosen), (last - first).days + 1))
    begun = np.full(len(chosen), values.shape[1])
    for name, day, amount in rows:
        if name in place:
            column = (day - first).days
            values[place[name], column] = amount
            begun[place[name]] = min(begun[place[name]], column)
    values[np.arange(values.shape[1]) < begun[:, None]] = np.nan
    return values, first.weekday()


def study(values: Floats, weekday: int, rate: float | None) -> None:
    config = WatchConfig()
    ours = partial(judge_ours, weekday=weekday, config=config)
    months = judged_months(values)
    if rate is not None:
        bound = calibrated(
            lambda bound: partial(judge_ours, weekday=weekday, config=scaled(config, bound)), values, rate
        )
        ours = partial(judge_ours, weekday=weekday, config=scaled(config, bound))
    rate = false_rate(ours, values, months)
    judges: dict[str, Judge] = {"ours": ours}
    for name, scores in (("global z", global_z), ("rolling z", rolling_z)):
        bound = calibrated(lambda bound, scores=scores: partial(judge_z, scores=scores, bound=bound), values, rate)
        judges[name] = partial(judge_z, scores=scores, bound=bound)
    print(f"{len(values)} series, {months:,.0f} series-months judged")
    print(f"  {'recall':<20}" + "".join(f"{name:>12}" for name in judges))
    found = {name: recalls(judge, values) for name, judge in judges.items()}
    for injection in INJECTIONS:
        print(f"  {injection.name:<20}" + "".join(f"{found[name][injection.name]:>12.1%}" for name in judges))
    rates = {name: false_rate(judge, values, months) for name, judge in judges.items()}
    print(f"  {'false / series-month':<20}" + "".join(f"{rates[name]:>12.3f}" for name in judges))


def judged_months(values: Floats) -> float:
    return float(np.isfinite(values[:, HISTORY:]).sum()) / MONTH


def false_rate(judge: Judge, values: Floats, months: float) -> float:
    return float(judge(values, 1)[:, HISTORY:].sum()) / months


def scaled(config: WatchConfig, factor: float) -> WatchConfig:
    from dataclasses import replace

    return replace(config, day_bound=config.day_bound * factor, week_bound=config.week_bound * factor)


def calibrated(make: Callable[[float], Judge], values: Floats, rate: float) -> float:
    """The bound whose false alerts come nearest to the rate, by halving; alerts fall as bounds rise."""
    months = judged_months(values)
    low, high = 0.05, 40.0
    for _ in range(22):
        middle = (low + high) / 2
        low, high = (middle, high) if false_rate(make(middle), values, months) > rate else (low, middle)
    return high


def judge_ours(values: Floats, copies: int, *, weekday: int, config: WatchConfig) -> Bools:
    """The weekday of the first column does not matter: weekdays are learned, whatever they are called."""
    peers = np.repeat(np.arange(copies), len(values) // copies)
    watched = watch(values, unit_value=np.ones(len(values)), first_weekday=weekday, groups=peers, config=config)
    return alerts(watched, config)


def judge_z(values: Floats, copies: int, *, scores: Callable[[Floats], Floats], bound: float) -> Bools:
    with np.errstate(invalid="ignore"):
        found: Bools = np.abs(scores(values)) > bound
    return found


def global_z(values: Floats) -> Floats:
    """By mean and standard deviation of all days before."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    count = np.cumsum(known, axis=1)
    total, squares = np.cumsum(filled, axis=1), np.cumsum(filled**2, axis=1)
    return _z(values, count, total, squares)


def rolling_z(values: Floats, days: int = 28) -> Floats:
    """By mean and standard deviation of the four weeks before."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    sums = [np.cumsum(part, axis=1) for part in (known.astype(float), filled, filled**2)]
    windows = [part - np.pad(part, ((0, 0), (days, 0)))[:, : part.shape[1]] for part in sums]
    return _z(values, *windows)


def _z(values: Floats, count: Any, total: Floats, squares: Floats) -> Floats:
    count, total, squares = (np.pad(part, ((0, 0), (1, 0)))[:, :-1].astype(float) for part in (count, total, squares))
    safe = np.maximum(count, 2)
    mean = total / safe
    variance = np.maximum(squares / safe - mean**2, 0.0) * safe / (safe - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((count >= 14) & (variance > 0), (values - mean) / np.sqrt(variance), np.nan)


def recalls(judge: Judge, values: Floats) -> dict[str, float]:
    """Share of injections found, over the same days of every series for every judge."""
    copies = min(AT_ONCE, len(values))
    is_changed = np.arange(len(values))[None] % copies == np.arange(copies)[:, None]
    shares: dict[str, float] = {}
    for injection in INJECTIONS:
        hits = tries = 0
        for day in chosen_days(values):
            first, end = max(day - KNOWN_DAYS, 0), day + injection.within
            panel = np.tile(values[:, first:end], (copies, 1, 1))
            factors = np.array(injection.factors[: injection.within])
            panel[is_changed, day - first : day - first + len(factors)] *= factors
            watched = slice(day - first, None)
            usual = judge(values[:, first:end], 1)[:, watched].any(axis=1)
            found = judge(np.round(panel.reshape(-1, end - first), 2), copies).reshape(panel.shape)
            new = found[is_changed][:, watched].any(axis=1)
            rows = np.nonzero(is_changed)[1]
            counted = ~usual[rows] & (values[rows, day] > 0) & np.isfinite(values[rows, day - HISTORY + 1])
            hits += int((new & counted).sum())
            tries += int(counted.sum())
        shares[injection.name] = hits / max(tries, 1)
    return shares


def chosen_days(values: Floats) -> list[int]:
    rng = np.random.default_rng(SEED)
    last = values.shape[1] - 28
    return sorted(rng.choice(np.arange(HISTORY, last), size=min(PLACES, last - HISTORY), replace=False).tolist())


if __name__ == "__main__":
    main()
