"""How the tiers grow: ``python -m benchmarks.forecast_scale --series 10000 --periods 730 --jobs 2``; ``--full`` the full one.

Simulated counts of fast and slow movers, made chunk by chunk in the processes that forecast them, as a run of files or of
the night hands them out. Processor seconds are those of the forecasts (backtest, weights and intervals included), without
the simulation; the wall clock is divided in the same way. *MB over input* is the most that the first chunk's forecast
allocated beside its input; *MB of a process* the most that any process ever held, libraries, simulation and all. *Import*
is what loading the statistical tier costs a bare process, NumPy included.

``--full`` measures a whole run of a file, as a user starts it: reading, training the trees, forecasting, writing. *MB held* is
the most that its processes held together, looked at ten times a second.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

CHUNK_SERIES = 1000
SLOWEST, FASTEST = 0.1, 50.0


@dataclass(frozen=True)
class ChunkCost:
    cpu_seconds: float
    wall_seconds: float
    process_mb: float
    process: int


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forecast_scale", description=__doc__)
    parser.add_argument("--series", type=int, nargs="+", default=[1_000, 10_000], help="panels of so many series")
    parser.add_argument("--periods", type=int, default=730, help="days of history (730)")
    parser.add_argument("--horizon", type=int, default=28, help="days ahead (28)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--full", action="store_true", help="the full tier, from file to file")
    arguments = parser.parse_args()
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "DJANGO_SETTINGS_MODULE": "invencare.settings"}
    print(f"{arguments.periods} days, {arguments.jobs} processes, load {os.getloadavg()[0]:.1f} at the start")
    if arguments.full:
        _measure_files(arguments)
    else:
        _measure_chunks(arguments)
    return 0


def _measure_chunks(arguments: argparse.Namespace) -> None:
    print(f"import {_import_seconds():.2f} s of a processor")
    over_input = _over_input_mb(arguments)
    print(f"{over_input:.0f} MB over input for a chunk of {CHUNK_SERIES:,}")
    print(f"{'series':>10}{'busiest process s':>19}{'CPU s':>9}{'CPU s per 1,000':>17}{'MB of a process':>17}")
    for series in arguments.series:
        costs = _run(series, arguments)
        cpu = sum(cost.cpu_seconds for cost in costs)
        busy = {cost.process: 0.0 for cost in costs}
        for cost in costs:
            busy[cost.process] += cost.wall_seconds
        memory = max(cost.process_mb for cost in costs)
        print(
            f"{series:>10,}{max(busy.values()):>19.2f}{cpu:>9.2f}{cpu / series * 1000:>17.3f}{memory:>17.0f}",
            flush=True,
        )


def _import_seconds() -> float:
    """Processor time of the statistical tier's import in a fresh process, the least of five: others run beside it."""
    code = "import time; began = time.process_time(); import forecasting.calc.panel; print(time.process_time() - began)"
    return min(float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(5))


def _measure_files(arguments: argparse.Namespace) -> None:
    print(f"{'series':>10}{'wall s':>9}{'CPU s':>9}{'CPU s per 1,000':>17}{'MB held':>10}")
    for series in arguments.series:
        with tempfile.TemporaryDirectory(prefix="invencare-scale-") as folder:
            source = Path(folder) / "in.parquet"
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                pool.submit(_write_file, source, series, arguments.periods).result()
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                work = partial(_forecast_file, horizon=arguments.horizon, jobs=arguments.jobs)
                wall, cpu, held = pool.submit(work, source).result()
        print(f"{series:>10,}{wall:>9.1f}{cpu:>9.1f}{cpu / series * 1000:>17.2f}{held:>10.0f}", flush=True)


def _write_file(target: Path, series: int, periods: int) -> None:
    """A long Parquet file, chunk by chunk: what a run of files reads."""
    import duckdb
    import numpy as np

    connection = duckdb.connect()
    connection.execute("CREATE TABLE sales (series_id INTEGER, day INTEGER, quantity REAL)")
    for first in range(0, series, CHUNK_SERIES):
        demand = _simulated(min(CHUNK_SERIES, series - first), first, periods)
        row, day = np.divmod(np.arange(demand.size), periods)
        connection.register("chunk", {"row": row + first, "day": day, "quantity": demand.reshape(-1)})
        connection.execute("INSERT INTO sales SELECT row, day, quantity FROM chunk")
        connection.unregister("chunk")
    connection.execute(
        f"COPY (SELECT series_id, DATE '2023-01-01' + day AS date, quantity FROM sales) TO '{target}' (FORMAT parquet)"
    )


def _forecast_file(source: Path, *, horizon: int, jobs: int) -> tuple[float, float, float]:
    """Wall and processor seconds of a run, its processes' too, and the most MB that they held together."""
    from forecasting.services.files.forecast import FULL_TIER, forecast_file
    from forecasting.services.files.options import FileOptions

    began = time.perf_counter()
    options = FileOptions(horizon=horizon, jobs=jobs)
    with _held_mb() as held:
        outcome = forecast_file(source=source, target=source.with_name("out.parquet"), options=options)
    wall = time.perf_counter() - began
    if outcome.tier != FULL_TIER:
        raise SystemExit(f"not the full tier: {outcome.tier_reason}")
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = sum(part.ru_utime + part.ru_stime for part in (own, others))
    return wall, cpu, max(held)


@contextmanager
def _held_mb() -> Iterator[list[float]]:
    """Fills a list with what this process and its children hold, in MB. (``ru_maxrss`` of a child begins with its parent's.)"""
    held: list[float] = []
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(0.1):
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            held.append(sum(_resident_mb(process) for process in ("self", *children)))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield held
    finally:
        is_over.set()
        watcher.join()


def _resident_mb(process: str) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):  # over since it was listed
        return 0.0
    return pages * resource.getpagesize() / 1e6


def _run(series: int, arguments: argparse.Namespace) -> list[ChunkCost]:
    """Processes of this panel alone, so that their memory is its own."""
    sizes = [min(CHUNK_SERIES, series - first) for first in range(0, series, CHUNK_SERIES)]
    work = partial(_forecast_chunk, periods=arguments.periods, horizon=arguments.horizon)
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, sizes, range(len(sizes))))


def _over_input_mb(arguments: argparse.Namespace) -> float:
    """In a process of its own, because following every allocation takes time."""
    work = partial(_allocated_mb, periods=arguments.periods, horizon=arguments.horizon)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, CHUNK_SERIES, 0).result()


def _allocated_mb(series: int, seed: int, *, periods: int, horizon: int) -> float:
    demand = _simulated(series, seed, periods)
    _forecast(demand[:3], horizon)  # what is loaded on first use
    tracemalloc.start()
    _forecast(demand, horizon)
    return tracemalloc.get_traced_memory()[1] / 1e6


def _forecast_chunk(series: int, seed: int, *, periods: int, horizon: int) -> ChunkCost:
    demand = _simulated(series, seed, periods)
    _forecast(demand[:3], horizon)
    began, cpu = time.perf_counter(), time.process_time()
    _forecast(demand, horizon)
    held_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return ChunkCost(time.process_time() - cpu, time.perf_counter() - began, held_mb, os.getpid())


def _simulated(series: int, seed: int, periods: int) -> Any:
    import numpy as np  # after the number of threads is set

    random = np.random.default_rng(seed)
    mean = np.exp(random.uniform(np.log(SLOWEST), np.log(FASTEST), (series, 1)))
    week = np.exp(0.2 * np.sin(2 * np.pi * np.arange(periods) / 7))
    return random.poisson(mean * week).astype(np.float32)


def _forecast(demand: Any, horizon: int) -> None:
    from forecasting.calc.config import ForecastConfig
    from forecasting.calc.panel import Panel, forecast_panel

    forecast_panel(Panel(demand), ForecastConfig(horizon=horizon, levels=()))


if __name__ == "__main__":
    sys.exit(main())
