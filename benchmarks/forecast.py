"""Our forecasts of long files against the field's: ``python -m benchmarks.forecast DATA …``.

Every method forecasts the same folds of the same series, each in a process of its own, one after another, on one
thread. With ``--local N`` the peers that look at one series at a time answer N series alone; everything is then compared on
these, although ours and LightGBM learned from the whole panel, and ours is shown on the whole panel as well. Processor seconds and memory are those of the forecast, without the interpreter and the libraries (compiled and
warmed up before the clock starts); ours include reading the file and writing the answer, which theirs do not: *engine* is what ours take from
arrays to arrays, backtest and intervals included, as theirs do. Aims are issue 3's.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.forecast_peers import LOCAL_PEERS, PEERS, Peer
from benchmarks.forecast_scores import CLASSES, Answer, Fold, Scores, average, score, slices

ROOT = Path(__file__).resolve().parent.parent
FULL, STATISTICAL = "InvenCare", "InvenCare, NumPy alone"
OURS = {FULL: True, STATISTICAL: False}
WHOLE = "whole panel"
BOUNDS = ("lo-80", "hi-80", "lo-95", "hi-95")
DATE_OF = "(DATE '1970-01-01' + CAST(start + period * period_days AS INTEGER))"


@dataclass(frozen=True)
class Cost:
    """Of one fold. ``engine_seconds``: without reading and writing files; as much where it is not measured by itself."""

    cpu_seconds: float
    engine_seconds: float
    peak_mb: float
    series: int

    @property
    def per_thousand(self) -> float:
        return self.cpu_seconds / self.series * 1000

    @property
    def engine_per_thousand(self) -> float:
        return self.engine_seconds / self.series * 1000


Panel = tuple[dict[str, dict[str, Scores]], dict[str, Cost]]


def main() -> int:
    arguments = _arguments()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "DJANGO_SETTINGS_MODULE": "invencare.settings"}
    if arguments.method:
        _forecast_one_fold(arguments.method, Path(arguments.data[0]), arguments.season)
        return 0
    panels = [_compare(Path(data), arguments) for data in arguments.data]
    if len(panels) > 1:
        _print_means(panels)
    return 0


def _compare(data: Path, arguments: argparse.Namespace) -> Panel:
    with tempfile.TemporaryDirectory(prefix="invencare-bench-") as folder:
        task = argparse.Namespace(**vars(arguments))
        folds, week = _make_folds(data, task, Path(folder))
        print(f"\n# {data.name}: load {os.getloadavg()[0]:.1f} at the start", flush=True)
        scores: dict[str, dict[str, Scores]] = {}
        costs: dict[str, Cost] = {}
        for method in [*OURS, *(name for name in arguments.peers.split(",") if name)]:
            print(f"{method} …", file=sys.stderr, flush=True)
            scores[method], costs[method] = _measure(method, folds, week, task)
        _print_tables(scores)
        _print_costs(costs)
        _print_aims(scores, costs)
    return scores, costs


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast", description=__doc__)
    parser.add_argument("data", nargs="+", help="long files: series_id,date,quantity")
    parser.add_argument("--sample", type=int, default=0, help="so many series, drawn at random (all)")
    parser.add_argument("--local", type=int, default=0, help="series of these that one-series peers answer (all)")
    parser.add_argument("--horizon", type=int, default=0, help="periods ahead (28 days, 8 weeks)")
    parser.add_argument("--folds", type=int, default=3, help="origins, a horizon apart (3)")
    parser.add_argument("--history", type=int, default=0, help="periods of history that every method is given (all)")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"with commas between, out of {','.join(PEERS)}")
    parser.add_argument("--freq", choices=("D", "W"), help="days or weeks (by the dates)")
    parser.add_argument("--method", help=argparse.SUPPRESS)
    parser.add_argument("--season", type=int, default=7, help=argparse.SUPPRESS)
    return parser.parse_args()


def _make_folds(data: Path, arguments: argparse.Namespace, folder: Path) -> tuple[list[Path], int]:
    """One folder per fold: ``in.parquet`` for us and ``fold.npz`` for the peers, with the same histories."""
    from forecasting.services.files.chunks import read_chunk
    from forecasting.services.files.options import FileOptions
    from forecasting.services.files.staging import staged

    with staged(data, FileOptions(frequency=arguments.freq)) as staging:
        keys = np.arange(staging.summary.series)
        if 0 < arguments.sample < len(keys):
            keys = np.sort(np.random.default_rng(0).choice(keys, arguments.sample, replace=False))
        staging.connection.register("chosen", {"key": keys})
        demand = read_chunk(staging, keys, "key IN (SELECT key FROM chosen)", 0).demand
        calendar = staging.calendar
        is_weekly = calendar.period_days > 1
        arguments.season = 1 if is_weekly else 7
        arguments.horizon = arguments.horizon or (8 if is_weekly else 28)
        arguments.freq = "W" if is_weekly else "D"
        folds = []
        for place in range(arguments.folds):
            end = calendar.periods - (place + 1) * arguments.horizon
            start = max(end - arguments.history, 0) if arguments.history else 0
            fold = folder / f"fold-{place}"
            fold.mkdir()
            _write_fold(
                staging.connection,
                fold,
                demand[:, start : end + arguments.horizon],
                end - start,
                calendar.start + start * calendar.period_days,
                calendar.period_days,
                arguments.local,
            )
            folds.append(fold)
    return folds, 1 if is_weekly else 7


def _write_fold(
    connection: Any, fold: Path, demand: Any, periods: int, start: int, period_days: int, local: int
) -> None:
    """Series without a week of known history before the origin are nobody's to forecast."""
    known = np.isfinite(demand[:, :periods]).sum(axis=1) >= 7
    demand = demand[known]
    shared = np.arange(len(demand))
    if 0 < local < len(demand):
        shared = np.sort(np.random.default_rng(0).choice(len(demand), local, replace=False))
    np.savez(fold / "fold.npz", history=demand[:, :periods], actual=demand[:, periods:], shared=shared)
    row, period = np.nonzero(np.isfinite(demand[:, :periods]))
    rows = {"row": row, "period": period, "quantity": demand[row, period]}
    connection.register("fold_rows", rows)
    connection.execute(
        f"COPY (SELECT row AS series_id, DATE '1970-01-01' + ({start} + period * {period_days})::INTEGER AS date, quantity"
        f" FROM fold_rows) TO '{fold / 'in.parquet'}' (FORMAT parquet)"
    )
    connection.unregister("fold_rows")


def _measure(
    method: str, folds: list[Path], week: int, arguments: argparse.Namespace
) -> tuple[dict[str, Scores], Cost]:
    found: dict[str, list[Scores]] = {}
    costs = []
    for path in folds:
        (path / "task.json").write_text(json.dumps({"horizon": arguments.horizon, "freq": arguments.freq}))
        command = [sys.executable, "-m", "benchmarks.forecast", str(path), "--method", method]
        subprocess.run([*command, "--season", str(arguments.season)], check=True, cwd=ROOT)
        with np.load(path / "answer.npz") as answer, np.load(path / "fold.npz") as fold:
            given = Answer(answer["mean"], answer["median"], answer["bounds"])
            truth, shared = Fold(fold["history"], fold["actual"]), fold["shared"]
            seconds = (float(answer[name]) for name in ("cpu_seconds", "engine_seconds"))
            costs.append(Cost(*seconds, float(answer["peak_mb"]), len(given.mean)))
        if len(shared) < len(truth.history):
            if len(given.mean) == len(truth.history):
                everything = np.ones(truth.actual.shape, dtype=bool)
                found.setdefault(WHOLE, []).append(score(given, truth, everything))
                given = Answer(given.mean[shared], given.median[shared], given.bounds[shared])
            truth = Fold(truth.history[shared], truth.actual[shared])
        for name, chosen in slices(truth, week):
            found.setdefault(name, []).append(score(given, truth, chosen))
    cost = Cost(
        float(np.mean([c.cpu_seconds for c in costs])),
        float(np.mean([c.engine_seconds for c in costs])),
        max(c.peak_mb for c in costs),
        costs[0].series,
    )
    return {name: average(scores) for name, scores in found.items()}, cost


def _forecast_one_fold(method: str, fold: Path, season: int) -> None:
    """In a process of its own: warm up, then the clock, then the answer into the fold's folder."""
    task = json.loads((fold / "task.json").read_text())
    forecast = _ours(OURS[method], task) if method in OURS else _peer(method, task, season)
    warm_up = _warm_up_fold(fold)
    forecast(warm_up)
    before_mb, began = _peak_mb(), time.process_time()
    answer = forecast(fold)
    seconds, peak_mb = time.process_time() - began, _peak_mb() - before_mb
    np.savez(
        fold / "answer.npz",
        mean=answer.mean,
        median=answer.median,
        bounds=answer.bounds,
        cpu_seconds=seconds,
        engine_seconds=_engine_seconds(fold, task, season) if method == STATISTICAL else seconds,
        peak_mb=peak_mb,
    )


def _engine_seconds(fold: Path, task: dict[str, Any], season: int) -> float:
    """Processor seconds of the statistical tier on the fold's arrays."""
    from forecasting.calc.config import ForecastConfig
    from forecasting.calc.panel import Panel, forecast_panel

    with np.load(fold / "fold.npz") as arrays:
        panel = Panel(arrays["history"], season=season, year=52 if task["freq"] == "W" else 364)
    began = time.process_time()
    forecast_panel(panel, ForecastConfig(horizon=task["horizon"], levels=()))
    return time.process_time() - began


def _warm_up_fold(fold: Path) -> Path:
    """Three short random series: what is compiled or imported on first use is so before the clock starts."""
    import duckdb

    path = fold / "warm-up"
    path.mkdir(exist_ok=True)
    task = json.loads((fold / "task.json").read_text())
    step = 7 if task["freq"] == "W" else 1
    demand = np.random.default_rng(0).poisson(5, (3, 120)).astype(float)
    np.savez(path / "fold.npz", history=demand, actual=demand[:, : task["horizon"]], shared=np.arange(3))
    row, period = np.nonzero(np.isfinite(demand))
    rows = {"row": row, "period": period, "quantity": demand[row, period]}
    connection = duckdb.connect()
    connection.register("fold_rows", rows)
    connection.execute(
        f"COPY (SELECT row AS series_id, DATE '2024-01-01' + (period * {step})::INTEGER AS date, quantity"
        f" FROM fold_rows) TO '{path / 'in.parquet'}' (FORMAT parquet)"
    )
    return path


def _ours(has_boosting: bool, task: dict[str, Any]) -> Callable[[Path], Answer]:  # noqa: FBT001
    import duckdb

    from forecasting.services.files.forecast import forecast_file
    from forecasting.services.files.options import FileOptions

    def forecast(fold: Path) -> Answer:
        target = fold / "out.parquet"
        options = FileOptions(horizon=task["horizon"], frequency=task["freq"], has_boosting=has_boosting)
        outcome = forecast_file(source=fold / "in.parquet", target=target, options=options)
        if has_boosting and outcome.tier_reason and fold.name != "warm-up":
            print(f"    {outcome.tier} tier: {outcome.tier_reason}", file=sys.stderr)
        columns = duckdb.execute(f"SELECT * FROM '{target}' ORDER BY series_id, date").fetchnumpy()
        shape = (outcome.answered, task["horizon"])
        return Answer(
            columns["mean"].reshape(shape),
            columns["median"].reshape(shape),
            np.stack([columns[name].reshape(shape) for name in BOUNDS], axis=2),
        )

    return forecast


def _peer(method: str, task: dict[str, Any], season: int) -> Callable[[Path], Answer]:
    peer: Peer = PEERS[method]

    def forecast(fold: Path) -> Answer:
        with np.load(fold / "fold.npz") as arrays:
            history = arrays["history"][arrays["shared"]] if method in LOCAL_PEERS else arrays["history"]
        return peer(history, task["horizon"], season)

    return forecast


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _print_tables(scores: dict[str, dict[str, Scores]]) -> None:
    found_slices = next(iter(scores.values()))
    for name in sorted(found_slices, key=_place_of_slice):
        print(f"\n{name:<24}{'WAPE':>8}{'RMSSE':>8}{'bias':>8}{'pinball':>9}{'80 %':>8}{'95 %':>8}")
        for method, found in scores.items():
            if name not in found:
                continue
            one = found[name]
            print(
                f"{method:<24}{one.wape:>8.4f}{one.rmsse:>8.4f}{one.bias:>+8.1%}{one.pinball:>9.4f}"
                f"{one.coverage_80:>8.1%}{one.coverage_95:>8.1%}"
            )


def _place_of_slice(name: str) -> tuple[int, str]:
    """All first, then the whole panel, the classes in their order, the weeks."""
    order = ["all", WHOLE, *CLASSES]
    return (order.index(name), name) if name in order else (len(order) + int(name.rsplit(maxsplit=1)[-1]), name)


def _print_costs(costs: dict[str, Cost]) -> None:
    print(
        f"\n{'cost per fold':<24}{'series':>8}{'CPU s':>8}{'per 1,000 series':>18}{'engine':>8}{'peak MB over start':>20}"
    )
    for method, cost in costs.items():
        print(
            f"{method:<24}{cost.series:>8}{cost.cpu_seconds:>8.2f}{cost.per_thousand:>18.2f}"
            f"{cost.engine_per_thousand:>8.2f}{cost.peak_mb:>20.0f}",
            flush=True,
        )


def _ratios(scores: dict[str, dict[str, Scores]], peers: list[str], metric: str) -> tuple[float, str]:
    """Ours over the best of ``peers``, and which it is."""
    best = min(peers, key=lambda name: getattr(scores[name]["all"], metric))
    return getattr(scores[FULL]["all"], metric) / getattr(scores[best]["all"], metric), best


def _print_aims(scores: dict[str, dict[str, Scores]], costs: dict[str, Cost]) -> None:
    ours, peers = scores[FULL]["all"], [name for name in scores if name not in OURS]
    print("\nOurs against the aims")
    for metric, aim in (("wape", 1.0), ("rmsse", 1.0), ("pinball", 0.93)) if peers else ():
        ratio, best = _ratios(scores, peers, metric)
        print(f"  {metric} / best peer ({best}): {ratio:.3f} (aim ≤ {aim:.2f})")
    if "AutoETS" in peers:
        for metric in ("wape", "rmsse"):
            ratio, _ = _ratios(scores, ["AutoETS"], metric)
            print(f"  {metric} / AutoETS: {ratio:.3f} (aim ≤ 0.90 in the geometric mean of panels)")
        for method, aim in ((STATISTICAL, 300), (FULL, 10)):
            share = costs["AutoETS"].per_thousand / costs[method].engine_per_thousand
            print(f"  {method}: 1/{share:.0f} of AutoETS' processor time per series (aim 1/{aim})")
    print(f"  |bias| {abs(ours.bias):.1%} (aim ≤ 4 %)")
    print(f"  coverage {ours.coverage_80:.1%} and {ours.coverage_95:.1%} (aims 78.5–81.5 % and 94–96 %)", flush=True)


def _print_means(panels: list[Panel]) -> None:
    print(f"\n# Geometric means of {len(panels)} panels, ours over")
    peers = [name for name in panels[0][0] if name not in OURS]
    against = {"the best peer": peers, **({"AutoETS": ["AutoETS"]} if "AutoETS" in peers else {})}
    for called, names in against.items() if peers else ():
        means = [
            float(np.exp(np.mean([np.log(_ratios(scores, names, metric)[0]) for scores, _ in panels])))
            for metric in ("wape", "rmsse", "pinball")
        ]
        print(f"  {called}: WAPE {means[0]:.3f}, RMSSE {means[1]:.3f}, pinball {means[2]:.3f}")


if __name__ == "__main__":
    sys.exit(main())
