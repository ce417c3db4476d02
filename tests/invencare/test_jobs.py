"""The registry of jobs and its rows in Celery beat's table."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from celery.schedules import crontab
from django.core.management import call_command
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from invencare.celery import app
from invencare.jobs import JOBS, Job
from invencare.schedules import sync_schedules

pytestmark = pytest.mark.django_db

COUNT = Job(name="Count stock", task="inventory.count", schedule="30 6 * * 1", description="Counts.", expire_seconds=60)


def row() -> PeriodicTask:
    return PeriodicTask.objects.get(name="Count stock")


def test_every_job_names_a_task_that_exists_and_a_schedule_that_parses() -> None:
    app.loader.import_default_modules()
    for job in JOBS:
        assert job.task in app.tasks, job
        crontab(*job.schedule.split())
    assert len({job.name for job in JOBS}) == len(JOBS)


def test_a_new_job_gets_a_row_in_the_companys_time(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Zurich"
    synced = sync_schedules([COUNT])

    assert synced.added == ["Count stock"]
    assert (row().task, row().expire_seconds, row().enabled, row().description) == (
        "inventory.count",
        60,
        True,
        "Counts.",
    )
    assert str(row().crontab) == "30 6 * * 1 (m/h/dM/MY/d) Europe/Zurich"


def test_a_second_sync_changes_nothing() -> None:
    sync_schedules([COUNT])
    changed_at = row().date_changed
    synced = sync_schedules([COUNT])

    assert (synced.added, synced.refreshed, synced.kept, synced.disabled) == ([], ["Count stock"], [], [])
    assert row().date_changed == changed_at
    assert CrontabSchedule.objects.filter(minute="30", hour="6").count() == 1


def test_a_schedule_that_an_operator_changed_stays_while_the_rest_follows_the_code() -> None:
    sync_schedules([COUNT])
    PeriodicTask.objects.filter(name="Count stock").update(
        crontab=CrontabSchedule.objects.create(minute="0", hour="9"), enabled=False
    )
    synced = sync_schedules([replace(COUNT, schedule="0 5 * * *", task="inventory.count_again")])

    assert synced.kept == ["Count stock"]
    assert (row().crontab.hour, row().enabled, row().task) == ("9", False, "inventory.count_again")


def test_a_row_at_its_default_follows_a_new_default() -> None:
    sync_schedules([COUNT])
    sync_schedules([replace(COUNT, schedule="0 5 * * *")])

    assert (row().crontab.minute, row().crontab.hour, row().crontab.day_of_week) == ("0", "5", "*")


def test_a_removed_job_is_disabled_and_a_row_of_somebody_else_is_left_alone() -> None:
    sync_schedules([COUNT])
    PeriodicTask.objects.create(name="Mine", task="x.y", crontab=row().crontab)
    synced = sync_schedules([])

    assert synced.disabled == ["Count stock"]
    assert dict(PeriodicTask.objects.values_list("name", "enabled")) == {"Count stock": False, "Mine": True}


def test_the_command_says_what_it_did() -> None:
    out = StringIO()
    call_command("sync_jobs", stdout=out)

    assert out.getvalue() == f"added: {', '.join(job.name for job in JOBS)}\n"
