"""Import with a preview and export for catalogue tables; streamed export for tables of ledger size."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import URLPattern, path, reverse
from import_export.admin import ImportExportMixin
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from invencare.lib.spreadsheets import escape_cell
from inventory.admin.formats import SPREADSHEETS, FileTooLarge

EXPORT_ROWS = 1_000_000
"""The most rows that one streamed export holds; more than that is asked for in parts, by filter."""


class CatalogueExchange(ImportExportMixin):
    """Import (preview, row errors, then confirm) and export of a catalogue table, CSV and XLSX."""

    formats = SPREADSHEETS
    import_form_class = ImportForm
    export_form_class = ExportForm
    tmp_storage_class = "import_export.tmp_storages.MediaStorage"  # a folder of its own, shared by web processes
    import_error_display = ("message",)

    def has_import_permission(self, request: HttpRequest) -> bool:
        allowed: bool = self.has_change_permission(request)
        return allowed

    def has_export_permission(self, request: HttpRequest) -> bool:
        allowed: bool = self.has_view_permission(request)
        return allowed

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        """Say what is wrong with the file where we know it; else what the package says."""
        if isinstance(e, FileTooLarge):
            form.add_error("import_file", str(e))
        else:
            super().add_data_read_fail_error_to_form(form, e)

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return {"user": request.user}

    def get_export_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return {"user": request.user}


class StreamedExport:
    """A “Download CSV” button that sends what the list is filtered to, row by row, without holding it in memory.

    ``export_columns`` maps the column's heading to the look-up that fills it.
    """

    export_columns: ClassVar[dict[str, str]] = {}
    change_list_template = "admin/inventory/streamed_change_list.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_csv)  # type: ignore[attr-defined]
        urls: list[URLPattern] = super().get_urls()  # type: ignore[misc]
        return [path("export.csv", view, name=self._export_name()), *urls]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        query = request.GET.urlencode()
        url = reverse(f"admin:{self._export_name()}")
        context = {**(extra_context or {}), "export_url": f"{url}?{query}" if query else url}
        response: HttpResponse = super().changelist_view(request, context)  # type: ignore[misc]
        return response

    def export_csv(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        rows = self.get_changelist_instance(request).get_queryset(request)  # type: ignore[attr-defined]
        if rows.order_by()[: EXPORT_ROWS + 1].count() > EXPORT_ROWS:
            messages.error(request, f"That is more than {EXPORT_ROWS:,} rows. Choose a store or dates, then export.")
            opts = self.model._meta  # type: ignore[attr-defined]
            return HttpResponseRedirect(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"))
        name = f"{self.model._meta.db_table}.csv"  # type: ignore[attr-defined]
        return StreamingHttpResponse(
            self._lines(rows),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    def _lines(self, rows: QuerySet[Any]) -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield "\ufeff" + writer.writerow(list(self.export_columns))
        for row in rows.prefetch_related(None).values_list(*self.export_columns.values()).iterator(chunk_size=5000):
            yield writer.writerow([escape_cell(cell) for cell in row])

    def _export_name(self) -> str:
        opts = self.model._meta  # type: ignore[attr-defined]
        return f"{opts.app_label}_{opts.model_name}_export_csv"


class _Echo:
    """A file that hands back what is written, so that ``csv`` can feed a stream."""

    def write(self, line: str) -> str:
        return line
