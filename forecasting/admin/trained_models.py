"""What was learned from all series: every kept model with its training, its trial, and whether it serves."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from forecasting.models import TrainedModel
from forecasting.services.model_health import model_problems
from invencare.lib import clock
from inventory.admin.base import ReadOnlyAdmin

SERVES, SUPERSEDED, REFUSED = "newest", "superseded", "not promoted"
SHOWN_COLUMNS = 15


@admin.register(TrainedModel)
class TrainedModelAdmin(ReadOnlyAdmin):
    """Never reads the model itself: only workers do."""

    filled_by = "The nightly run trains models where there are series enough, and keeps them here."
    list_display = [
        "name",
        "kind",
        "version",
        "window",
        "state",
        "trial",
        "naive_trial",
        "series",
        "size",
        "created_at",
    ]
    list_display_links = ["name", "version"]
    list_filter = [("kind", ChoicesDropdownFilter), "is_promoted"]
    ordering = ["-id"]
    fields = [
        "name", "version", "state", "promotion_reason", "window", "trial", "naive_trial", "bias", "series", "days",
        "processor_seconds", "metrics", "columns", "most_used", "parameters", "recipe", "seed", "code_version", "size", "checksum",
        "created_at",
    ]  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> Any:
        newest = TrainedModel.objects.promoted().filter(kind=OuterRef("kind"), name=OuterRef("name"))
        best = newest.order_by("-trained_until", "-version").values("pk")[:1]
        return super().get_queryset(request).defer("payload").annotate(newest_promoted_id=Subquery(best))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        problems = model_problems(now=clock.now()) if self.has_view_permission(request) else {}
        for name, problem in problems.items():
            messages.warning(request, f"{name}: {problem}")
        return super().changelist_view(request, extra_context)

    @display(description="learned from", ordering="trained_until")
    def window(self, row: TrainedModel) -> str:
        return f"{row.trained_from} to {row.trained_until}"

    @display(description="state", label={SERVES: "success", SUPERSEDED: "info", REFUSED: "danger"})
    def state(self, row: Any) -> str:
        if not row.is_promoted:
            return REFUSED
        return SERVES if row.pk == row.newest_promoted_id else SUPERSEDED

    @display(description="WAPE on trial")
    def trial(self, row: TrainedModel) -> str:
        return _percent(row.metrics.get("trial", {}).get("wape"))

    @display(description="the naive's WAPE")
    def naive_trial(self, row: TrainedModel) -> str:
        return _percent(row.metrics.get("trial", {}).get("naive_wape"))

    @display(description="bias on trial (above 0: too low)")
    def bias(self, row: TrainedModel) -> str:
        return _percent(row.metrics.get("trial", {}).get("bias"))

    @display(description="series")
    def series(self, row: TrainedModel) -> str:
        return f"{row.metrics['series']:,}" if "series" in row.metrics else ""

    @display(description="days")
    def days(self, row: TrainedModel) -> str:
        return f"{row.metrics['days']:,}" if "days" in row.metrics else ""

    @display(description="training (processor seconds)")
    def processor_seconds(self, row: TrainedModel) -> str:
        return f"{row.metrics['processor_seconds']:.1f}" if "processor_seconds" in row.metrics else ""

    @display(description="columns that it learned from")
    def columns(self, row: TrainedModel) -> str:
        names: list[str] = (
            row.features.get("names") or row.features.get("columns") or list(row.features.get("gains", {}))
        )
        return ", ".join(names) or "–"

    @display(description="share of the trees' gain, by column")
    def most_used(self, row: TrainedModel) -> str:
        gains = list(row.features.get("gains", {}).items())[:SHOWN_COLUMNS]
        return format_html_join(", ", "{} {}", ((name, _percent(share)) for name, share in gains)) or "–"

    @display(description="size", ordering="size_bytes")
    def size(self, row: TrainedModel) -> str:
        return f"{row.size_bytes / 1024:,.0f} KiB"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
