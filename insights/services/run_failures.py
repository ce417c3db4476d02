"""What went wrong in a run and stopped nothing else, kept on its row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from insights.models import AnalysisRun

FAILURES_KEPT = 200


def keep_failures(run_id: int, failures: Sequence[dict[str, Any]]) -> None:
    """Add failures (store, product, step, message) to the run's list, up to ``FAILURES_KEPT``."""
    if not failures:
        return
    with transaction.atomic():
        known = AnalysisRun.objects.select_for_update().values_list("failures", flat=True).get(pk=run_id)
        AnalysisRun.objects.filter(pk=run_id).update(failures=[*known, *failures][:FAILURES_KEPT])
