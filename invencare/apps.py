from django.apps import AppConfig


class InvencareConfig(AppConfig):
    name = "invencare"

    def ready(self) -> None:
        # Both register themselves: the Celery app that @shared_task finds, and the system checks.
        from invencare import celery, checks  # noqa: F401  (settings must be loaded first)
