from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from invencare.jobs import JOBS
from invencare.schedules import sync_schedules


class Command(BaseCommand):
    help = "Bring the registry of jobs into the schedules of Celery beat; schedules changed by a person stay."

    def handle(self, *args: Any, **options: Any) -> None:
        for what, names in asdict(sync_schedules(JOBS)).items():
            if names and (what != "refreshed" or options["verbosity"] > 1):  # that is every row, every time
                self.stdout.write(f"{what}: {', '.join(names)}")
