"""From a file of sales to a file of forecasts: read and check, train, forecast chunk by chunk, write."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ValidationError

from forecasting.calc.config import GRADIENT_BOOSTING
from forecasting.services.files.bad_rows import write_bad_rows
from forecasting.services.files.chunks import Chunk, read_chunks, read_sample
from forecasting.services.files.options import FileOptions, check_options, check_paths
from forecasting.services.files.output import add_results, create_results, write_results
from forecasting.services.files.stage import Calendar, Staging, Summary
from forecasting.services.files.staging import staged
from forecasting.services.files.work import ChunkForecast, Job, TrainedModels, forecast_chunk, train

FULL_TIER = "full"
STATISTICAL_TIER = "statistical"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class FileForecast:
    """What was done. ``tier_reason`` says why the tier is not the full one; ``bad_rows`` is None where none were."""

    summary: Summary
    calendar: Calendar
    answered: int
    unanswered: int
    tier: str
    tier_reason: str
    bad_rows: Path | None


def forecast_file(
    *, source: Path, target: Path, options: FileOptions, progress: Progress | None = None
) -> FileForecast:
    """Forecast every series of ``source`` for the periods after the file's last date. Touches no database of the site.

    ``progress`` is called with (series done, series in all). Raises ``ValidationError`` on wrong options and on a file
    that cannot be understood as a whole; single bad rows are written to ``bad_rows_to`` and reported.
    """
    check_options(options)
    check_paths(source, target)
    report = progress or (lambda done, total: None)
    with staged(source, options) as staging:
        bad_rows = _report_bad_rows(staging, options.bad_rows_to or bad_rows_path(target))
        staging.connection.execute("DROP TABLE lines")  # its room on the disk is needed no more
        job = _job(staging.calendar, options)
        create_results(staging, options.levels)
        report(0, staging.summary.series)
        models, reason = _trained(staging, job, options)
        done = 0
        for forecast in _forecasts(read_chunks(staging, options.horizon), job, models, options.jobs):
            add_results(staging, forecast)
            done += len(forecast.keys)
            report(done, staging.summary.series)
        write_results(staging, target, options.levels)
        unanswered = staging.one("SELECT count(*) FROM unanswered")[0]
        return FileForecast(
            summary=staging.summary,
            calendar=staging.calendar,
            answered=staging.summary.series - unanswered,
            unanswered=unanswered,
            tier=FULL_TIER if GRADIENT_BOOSTING in models else STATISTICAL_TIER,
            tier_reason=reason,
            bad_rows=bad_rows,
        )


def bad_rows_path(target: Path) -> Path:
    return target.with_name(f"{target.name}.bad-rows.csv")


def _report_bad_rows(staging: Staging, path: Path) -> Path | None:
    if not staging.summary.bad_fields:
        return None
    write_bad_rows(staging, path)
    return path


def _job(calendar: Calendar, options: FileOptions) -> Job:
    return Job(
        first_day=calendar.start,
        period_days=calendar.period_days,
        season=calendar.season,
        horizon=options.horizon,
        levels=options.levels,
        models=options.models,
    )


def _trained(staging: Staging, job: Job, options: FileOptions) -> tuple[TrainedModels, str]:
    """The global models of this file by name, and the reason why gradient boosting is not among them.

    Raises ``ValidationError`` where one that was asked for by name could not be trained: no other answers in its place.
    """
    models: TrainedModels = {}
    problems = (
        {} if options.wants_boosting else {GRADIENT_BOOSTING: "no model that was asked for uses gradient boosting"}
    )
    sample = read_sample(staging, options.horizon) if options.global_models else None
    for name in options.global_models:
        try:
            trained = train(name, sample, job) if sample else None
        except ImportError as error:
            problems[name] = str(error)
        else:
            if trained:
                models[name] = trained
            else:
                problems[name] = f"the histories are too short to train {name.replace('_', ' ')} on"
        if name in problems and name in options.models:
            raise ValidationError({"models": f"{name}: {problems[name]}."})
    return models, problems.get(GRADIENT_BOOSTING, "")


def _forecasts(chunks: Iterator[Chunk], job: Job, models: TrainedModels, jobs: int) -> Iterator[ChunkForecast]:
    """In the chunks' order. At most one chunk more than there are processes waits in memory."""
    if jobs == 1:
        for chunk in chunks:
            yield forecast_chunk(chunk, job, models)
        return
    # One thread each: the processes already share the processors, and a number must not depend on how many there are.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=(job, models)) as pool:
        waiting: deque[Future[ChunkForecast]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(_work_on, chunk))
            if len(waiting) > jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_worker: tuple[Job, TrainedModels]


def _start_worker(job: Job, models: TrainedModels) -> None:
    """Kept in the process: the models are sent once, not with every chunk."""
    global _worker  # noqa: PLW0603
    _worker = (job, models)


def _work_on(chunk: Chunk) -> ChunkForecast:
    return forecast_chunk(chunk, *_worker)
