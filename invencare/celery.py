"""The Celery application: finds each app's tasks and carries the correlation id from sender to worker."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging
from kombu.transport import TRANSPORT_ALIASES

from invencare.lib.correlation import correlated, current_id

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "invencare.settings")

# Not "correlation_id": AMQP has a property of that name, which Celery sets to the task's id.
HEADER = "invencare_correlation_id"

TRANSPORT_ALIASES["filesystem"] = "invencare.lib.folder_broker:Transport"


class CorrelatedTask(Task):  # type: ignore[type-arg]
    """A task that runs under the correlation id of whoever sent it."""

    abstract = True

    def apply_async(self, *args: Any, **options: Any) -> Any:
        headers = {HEADER: current_id()} | (options.pop("headers", None) or {})
        return super().apply_async(*args, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Set on the request by a worker, in its headers where the task runs eagerly.
        sent = self.request.get(HEADER) or (self.request.headers or {}).get(HEADER) or ""
        with correlated(sent):
            return super().__call__(*args, **kwargs)


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Being connected keeps Celery from replacing the LOGGING setting, in worker and beat alike."""


app = Celery("invencare", task_cls=CorrelatedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
