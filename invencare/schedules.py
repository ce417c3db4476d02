"""Brings the registry of jobs into Celery beat's table, and leaves alone what an operator decided there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from invencare.jobs import Job

FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
# Kept in the row's headers, which nobody edits: whose row it is, and the default that it was last given.
JOB_HEADER = "invencare_job"
DEFAULT_HEADER = "invencare_default_schedule"


@dataclass(frozen=True)
class Synced:
    """Names of jobs by what was done with their row."""

    added: list[str]
    refreshed: list[str]
    kept: list[str]
    disabled: list[str]


@transaction.atomic
def sync_schedules(jobs: Iterable[Job]) -> Synced:
    """Add new jobs, refresh those at their default, keep schedules that a person changed, disable removed jobs."""
    synced = Synced(added=[], refreshed=[], kept=[], disabled=[])
    rows = {row.name: row for row in PeriodicTask.objects.select_related("crontab")}
    wanted = {job.name: job for job in jobs}
    for job in wanted.values():
        row = rows.get(job.name)
        if row is None:
            _write(PeriodicTask(name=job.name), job, crontab=_crontab(job))
            synced.added.append(job.name)
        elif _is_at_default(row):
            _write(row, job, crontab=_crontab(job))
            synced.refreshed.append(job.name)
        else:
            _write(row, job, crontab=row.crontab)
            synced.kept.append(job.name)
    for name, row in rows.items():
        if name not in wanted and row.enabled and JOB_HEADER in json.loads(row.headers or "{}"):
            row.enabled = False
            row.save()
            synced.disabled.append(name)
    return synced


def _write(row: Any, job: Job, *, crontab: Any) -> None:
    """Save only what differs: each save makes beat read its whole schedule again."""
    values = {
        "task": job.task,
        "description": job.description,
        "expire_seconds": job.expire_seconds,
        "crontab": crontab,
        "headers": json.dumps({JOB_HEADER: job.name, DEFAULT_HEADER: _default(job)}),
    }
    if row.pk is None or any(getattr(row, field) != value for field, value in values.items()):
        for field, value in values.items():
            setattr(row, field, value)
        row.save()


def _is_at_default(row: Any) -> bool:
    given = json.loads(row.headers or "{}").get(DEFAULT_HEADER)
    return row.crontab is not None and _line(row.crontab) == given


def _crontab(job: Job) -> Any:
    fields = dict(zip(FIELDS, job.schedule.split(), strict=True))
    # Not get_or_create: the table has no unique constraint, so an equal row may be there twice.
    known = CrontabSchedule.objects.filter(**fields, timezone=settings.TIME_ZONE).first()
    return known or CrontabSchedule.objects.create(**fields, timezone=settings.TIME_ZONE)


def _default(job: Job) -> str:
    return f"{job.schedule} {settings.TIME_ZONE}"


def _line(crontab: Any) -> str:
    return " ".join(str(getattr(crontab, field)) for field in (*FIELDS, "timezone"))
