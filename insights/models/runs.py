"""Long analyses that a person can watch, and that survive their worker."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from insights.querysets.runs import AnalysisRunChunkQuerySet, AnalysisRunQuerySet
from inventory.models import Store


class AnalysisRun(models.Model):
    """One analysis over many series, cut into chunks that workers claim one at a time.

    ``run_key`` names the work (such as ``nightly:2026-11-20``) while it is unfinished, so that two starts at
    once make one run. Written by ``insights.services.runs``.
    """

    class Kind(models.TextChoices):
        NIGHTLY = "nightly", "Nightly analysis"

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        PARTIAL = "partial", "Done with failures"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    run_key = models.CharField(max_length=100, unique=True, null=True, blank=True)
    business_date = models.DateField(help_text="The day whose close is analysed: the last complete one.")
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    parameters = models.JSONField(default=dict)
    code_version = models.CharField(max_length=64, blank=True)
    seed = models.PositiveIntegerField(default=0)
    correlation_id = models.CharField(max_length=64, blank=True)
    series_total = models.PositiveIntegerField(default=0)
    series_done = models.PositiveIntegerField(default=0)
    series_failed = models.PositiveIntegerField(default=0)
    failures = models.JSONField(default=list, help_text="The first 200: product, store, step and message.")
    message = models.TextField(blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = AnalysisRunQuerySet.as_manager()

    class Meta:
        db_table = "analysis_runs"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.business_date}"

    @property
    def is_finished(self) -> bool:
        return self.status in {self.Status.DONE, self.Status.PARTIAL, self.Status.FAILED}


class AnalysisRunChunk(models.Model):
    """One part of a run: some products of one store. A worker holds it by lease; a lease that ran out is free."""

    class Status(models.TextChoices):
        PENDING = "pending", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    run = models.ForeignKey(AnalysisRun, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    product_ids = models.JSONField()
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    times_completed = models.PositiveSmallIntegerField(default=0, help_text="1 at the end: nothing is done twice.")
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = AnalysisRunChunkQuerySet.as_manager()

    class Meta:
        db_table = "analysis_run_chunks"
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="analysis_run_chunk_once")]
        indexes = [
            # The next chunk that a worker may claim.
            models.Index(fields=["run", "status", "lease_until"], name="analysis_run_chunk_free"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.position}"
