"""Nightly runs: their progress and failures, and the buttons that start or resume one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from kombu.exceptions import OperationalError as BrokerDown
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from forecasting.models import ForecastRun
from forecasting.services.tiers import tier_sentence
from insights import tasks
from insights.models import AnalysisRun, AnalysisRunChunk
from insights.services import runs
from invencare.lib import clock
from inventory.admin.base import ReadOnlyAdmin, ScopedFilter, visible_rows
from inventory.models import Store
from inventory.services.access import scope_of_user

SHOWN_CHUNKS = 100
LABELS = {
    "Done": "success",
    "Done with failures": "warning",
    "Failed": "danger",
    "Running": "info",
}


@admin.register(AnalysisRun)
class AnalysisRunAdmin(ReadOnlyAdmin):
    change_list_template = "admin/insights/run_list.html"
    change_form_template = "admin/insights/run.html"
    list_display = [
        "business_date",
        "show_status",
        "progress",
        "series_failed",
        "starter",
        "created_at",
        "duration",
    ]
    list_select_related = ["started_by"]
    list_filter = [("status", ChoicesDropdownFilter), ("business_date", RangeDateFilter)]
    fieldsets = [
        (
            "Made by",
            {"fields": ["starter", "created_at", "code_version", "seed", "parameters", "correlation_id"]},
        ),
    ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("start/", view(self.start_view), name="insights_analysisrun_start"),
            path("<int:run_id>/resume/", view(self.resume_view), name="insights_analysisrun_resume"),
            path("<int:run_id>/again/", view(self.again_view), name="insights_analysisrun_again"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {**(extra_context or {}), "may_start": self._may_start(request)}
        return super().changelist_view(request, context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        context = {**(extra_context or {}), "may_start": self._may_start(request)}
        if run is not None:
            context.update(self._run_context(request, run))
        return super().change_view(request, object_id, form_url, context)

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """“Run nightly now”: the last complete day, or the run of it that is under way."""
        self._require_post_and_permission(request)
        return self._start(request, business_date=None)

    def again_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Analyse a finished run's day once more."""
        self._require_post_and_permission(request)
        return self._start(request, business_date=self._run(run_id).business_date)

    def resume_view(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Wake workers up for a run whose messages or workers were lost; harmless while workers are on it."""
        self._require_post_and_permission(request)
        run = self._run(run_id)
        if run.is_finished:
            messages.info(request, "This run has ended; there is nothing to resume.")
            return self._to_run(run)
        return self._dispatch(request, run, "Workers were told to go on with this run.")

    def _start(self, request: HttpRequest, *, business_date: Any) -> HttpResponse:
        user: Any = request.user
        run = runs.start_nightly(business_date=business_date, started_by=user, now=clock.now())
        return self._dispatch(request, run, f"The nightly analysis of {run.business_date:%-d %b %Y} is on its way.")

    def _dispatch(self, request: HttpRequest, run: AnalysisRun, success: str) -> HttpResponse:
        try:
            tasks.dispatch(run.pk)
        except BrokerDown:
            messages.warning(
                request, "No message could be sent to the workers now; the run is kept and taken up later."
            )
        else:
            messages.success(request, success)
        return self._to_run(run)

    def _run_context(self, request: HttpRequest, run: AnalysisRun) -> dict[str, Any]:
        scope = scope_of_user(request.user)
        chunks = visible_rows(AnalysisRunChunk.objects.filter(run=run), scope, "store_id").select_related("store")
        return {
            "title": str(run),
            "run": run,
            "percent": _percent_done(run),
            "chunks": chunks.order_by("position")[:SHOWN_CHUNKS],
            "failures": _visible_failures(request, run),
            "tier": _tier(run),
        }

    def _run(self, run_id: int) -> AnalysisRun:
        run = AnalysisRun.objects.filter(pk=run_id).first()
        if run is None:
            raise Http404("There is no such run.")
        return run

    def _to_run(self, run: AnalysisRun) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:insights_analysisrun_change", args=[run.pk]))

    def _may_start(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("insights.add_analysisrun"))

    def _require_post_and_permission(self, request: HttpRequest) -> None:
        if request.method != "POST" or not self._may_start(request):
            raise PermissionDenied

    @display(description="status", ordering="status", label=LABELS)
    def show_status(self, run: AnalysisRun) -> str:
        return run.get_status_display()

    @display(description="started by", ordering="started_by__username")
    def starter(self, run: AnalysisRun) -> str:
        """The name alone: a link would lead most readers to a page that they may not open."""
        return run.started_by.get_username() if run.started_by else "schedule or command"

    @display(description="series done")
    def progress(self, run: AnalysisRun) -> str:
        return f"{run.series_done:,} of {run.series_total:,} ({_percent_done(run)} %)"

    @display(description="took")
    def duration(self, run: AnalysisRun) -> str:
        if not (run.started_at and run.finished_at):
            return ""
        return f"{(run.finished_at - run.started_at).total_seconds():.0f} s"


@admin.register(AnalysisRunChunk)
class AnalysisRunChunkAdmin(ReadOnlyAdmin):
    """The parts of runs, for operators: which worker had which, and what went wrong."""

    store_lookup = "store_id"
    list_display = ["run", "position", "store", "show_status", "attempts", "worker", "finished_at"]
    list_select_related = ["run", "store"]
    list_filter = [("store", ScopedFilter), ("status", ChoicesDropdownFilter)]
    ordering = ["-run", "position"]

    @display(description="status", ordering="status", label=LABELS)
    def show_status(self, chunk: AnalysisRunChunk) -> str:
        return chunk.get_status_display()


def _tier(run: AnalysisRun) -> str:
    """Which models took part in the run's forecast, or why only the statistical ones did; empty before it has one."""
    forecast_run = ForecastRun.objects.filter(pk=run.parameters.get("forecast_run_id")).first()
    return tier_sentence(forecast_run) if forecast_run else ""


def _percent_done(run: AnalysisRun) -> int:
    return round(100 * (run.series_done + run.series_failed) / run.series_total) if run.series_total else 0


def _visible_failures(request: HttpRequest, run: AnalysisRun) -> list[dict[str, Any]]:
    """A run covers every store; its failures name products and stores, so each reader sees those of their stores."""
    scope = scope_of_user(request.user)
    failures: list[dict[str, Any]] = run.failures
    if scope.all_stores:
        return failures
    codes = set(Store.objects.visible_to(scope).values_list("code", flat=True))
    return [failure for failure in failures if failure.get("store") in codes]
