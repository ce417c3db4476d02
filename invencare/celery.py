"""The Celery application: finds each app's tasks and carries the correlation id from sender to worker."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task

from invencare.lib.correlation import correlated, current_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "invencare.settings")


class CorrelatedTask(Task):  # type: ignore[type-arg]
    """A task that runs under the correlation id of whoever sent it."""

    abstract = True

    def apply_async(self, *args: Any, **options: Any) -> Any:
        headers = dict(options.pop("headers", None) or {})
        headers.setdefault("correlation_id", current_id())
        return super().apply_async(*args, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with correlated(self.request.get("correlation_id") or ""):
            return super().__call__(*args, **kwargs)


app = Celery("invencare", task_cls=CorrelatedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
