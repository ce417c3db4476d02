"""The Celery application: finds each app's tasks and carries the correlation id from sender to worker."""

from __future__ import annotations

import io
import logging.config
import os
from contextvars import Token
from typing import Any

from celery import Celery, Task, signals
from kombu.transport import TRANSPORT_ALIASES

from invencare.lib.correlation import begin, current_id, end
from invencare.lib.enqueue import connect

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "invencare.settings")

# Not "correlation_id": AMQP has a property of that name, which Celery sets to the task's id.
HEADER = "invencare_correlation_id"

TRANSPORT_ALIASES["filesystem"] = "invencare.lib.folder_broker:Transport"

_tokens: dict[str, Token[str]] = {}


class CorrelatedTask(Task[Any, Any]):
    """A task whose message carries the correlation id of whoever sent it."""

    abstract = True

    def apply_async(self, *args: Any, **options: Any) -> Any:
        headers = {HEADER: current_id()} | (options.pop("headers", None) or {})
        return super().apply_async(*args, headers=headers, **options)


@signals.task_prerun.connect
def take_correlation_id(*, task_id: str, task: Any, **_: Any) -> None:
    """Run under the sender's id. A signal, not ``__call__``: Celery's own success and failure lines get the id too."""
    # On the request itself in a worker, in its headers where the task runs eagerly.
    sent = task.request.get(HEADER) or (task.request.headers or {}).get(HEADER) or ""
    _tokens[task_id] = begin(sent)


@signals.task_postrun.connect
def give_back_correlation_id(*, task_id: str, **_: Any) -> None:
    token = _tokens.pop(task_id, None)
    if token is not None:
        end(token)


@signals.setup_logging.connect
def log_like_the_site(**_: Any) -> None:
    """Being connected keeps Celery from replacing the LOGGING setting, in worker and beat alike."""
    from django.conf import settings  # only now: importing this module must not load the settings

    logging.config.dictConfig(settings.LOGGING)


app = Celery("invencare", task_cls=CorrelatedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# By signature, so that eager tests run the job and nobody needs its module.
connect(lambda name, args: app.signature(name, args=args).apply_async())


@signals.import_modules.connect
def stop_on_wrong_settings(*, sender: Any, **_: Any) -> None:
    """Let no worker and no beat start where a system check finds an error.

    Celery runs the checks itself, but goes on whatever they find. This signal comes first in both processes, and
    unlike the others hands an exception of its receivers on.
    """
    if sender is not app:
        return
    import django  # the framework is started by whoever needs it, not by importing this module
    from django.core.management import call_command

    django.setup()
    call_command("check", stdout=io.StringIO())
