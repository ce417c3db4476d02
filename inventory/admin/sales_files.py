"""Sales files: upload with a preview, progress while the worker imports, rejected rows to read and download."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from kombu.exceptions import OperationalError as BrokerDown
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from invencare.lib import clock
from inventory import tasks
from inventory.admin.base import ReadOnlyAdmin, ScopedFilter
from inventory.admin.sales_upload import SetAside, UploadForm, find_aside, forget, set_aside
from inventory.models import SalesFile, Store
from inventory.services.access import scope_of_user
from inventory.services.errors import Conflict
from inventory.services.sales_import import keep_upload, preview_sales_file, rejects_path

PREVIEW_ROWS = 50
SHOWN_ERRORS = 100


@admin.register(SalesFile)
class SalesFileAdmin(ReadOnlyAdmin):
    filled_by = "Send a file of sales with “Import sales”, by the API or with “manage.py import_sales”."
    change_list_template = "admin/inventory/sales_file_list.html"
    change_form_template = "admin/inventory/sales_file.html"
    list_display = [
        "name",
        "show_status",
        "rows_read",
        "rows_added",
        "rows_known",
        "rows_rejected",
        "first_date",
        "last_date",
        "uploader",
        "created_at",
    ]
    list_select_related = ["uploaded_by"]
    list_filter = [("status", ChoicesDropdownFilter), ("store", ScopedFilter)]
    search_fields = ["name"]
    search_help_text = "File name"
    fieldsets = [("File", {"fields": ["store", "uploader", "size_bytes", "checksum", "created_at"]})]

    def visible(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Files of the user's stores, and the user's own: a file over several stores belongs to no single one."""
        return super().visible(request, rows) | rows.filter(uploaded_by=request.user.pk)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("upload/", view(self.upload_view), name="inventory_salesfile_upload"),
            path("upload/confirm/", view(self.confirm_view), name="inventory_salesfile_confirm"),
            path("<int:file_id>/rejects.csv", view(self.rejects_view), name="inventory_salesfile_rejects"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "may_upload": _may_upload(request)})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        sales_file = self.get_object(request, object_id)
        context = dict(extra_context or {})
        if sales_file is not None:
            context.update(
                title=sales_file.name,
                sales_file=sales_file,
                is_finished=sales_file.status not in (SalesFile.Status.PENDING, SalesFile.Status.RUNNING),
                row_errors=sales_file.row_errors[:SHOWN_ERRORS],
                has_rejects_file=rejects_path(sales_file).is_file(),
            )
        return super().change_view(request, object_id, form_url, context)

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        """Take a file, keep it aside, and show what its import would do."""
        _require_upload(request)
        user: Any = request.user
        form = UploadForm(
            request.POST or None,
            request.FILES or None,
            stores=Store.objects.visible_to(scope_of_user(user)).active(),
            may_create=user.has_perms(["inventory.add_store", "inventory.add_product"]),
        )
        context: dict[str, Any] = {}
        if request.method == "POST" and form.is_valid():
            context = self._previewed(request, form)
        return self._upload_page(request, form, context)

    def confirm_view(self, request: HttpRequest) -> HttpResponse:
        """Hand the previewed file over to the worker."""
        _require_upload(request)
        aside = find_aside(request.POST.get("token", ""), user_id=int(request.user.pk or 0))
        if request.method != "POST" or aside is None:
            messages.error(request, "This preview is no longer there. Upload the file again.")
            return HttpResponseRedirect(reverse("admin:inventory_salesfile_upload"))
        try:
            sales_file = self._handed_over(request, aside)
        except (Conflict, ValidationError) as refusal:
            messages.error(request, _text_of(refusal))
            return HttpResponseRedirect(reverse("admin:inventory_salesfile_upload"))
        return HttpResponseRedirect(reverse("admin:inventory_salesfile_change", args=[sales_file.pk]))

    def rejects_view(self, request: HttpRequest, file_id: int) -> HttpResponse | FileResponse:
        sales_file = self.get_object(request, str(file_id))
        if sales_file is None or not self.has_view_permission(request, sales_file):
            raise Http404("There is no such file in your stores.")
        rejects = rejects_path(sales_file)
        if not rejects.is_file():
            raise Http404("This file has no rejected rows.")
        return FileResponse(rejects.open("rb"), as_attachment=True, filename=f"rejected-rows-{sales_file.pk}.csv")

    def _previewed(self, request: HttpRequest, form: UploadForm) -> dict[str, Any]:
        """The preview with its token; or the form gets the reason why there is none."""
        try:
            options = form.options()
            aside, token = set_aside(form.cleaned_data["file"], options=options, user_id=int(request.user.pk or 0))
        except ValidationError as refusal:
            form.add_error(None, _text_of(refusal))
            return {}
        try:
            preview = preview_sales_file(
                path=aside.path, options=options, limit=PREVIEW_ROWS, scope=scope_of_user(request.user)
            )
        except ValidationError as refusal:
            forget(aside)
            form.add_error(None, _text_of(refusal))
            return {}
        return {"preview": preview, "token": token, "file_name": aside.name}

    def _handed_over(self, request: HttpRequest, aside: SetAside) -> SalesFile:
        with aside.path.open("rb") as file:
            sales_file = keep_upload(
                file=file,
                name=aside.name,
                uploaded_by=request.user,
                now=clock.now(),
                options=aside.options,
                scope=scope_of_user(request.user),
            )
        forget(aside)
        try:
            tasks.import_sales_file.delay(sales_file.pk)
        except BrokerDown:
            messages.warning(request, "No worker could be told now; the file is kept and taken up later.")
        return sales_file

    def _upload_page(self, request: HttpRequest, form: UploadForm, context: dict[str, Any]) -> HttpResponse:
        page = {
            **self.admin_site.each_context(request),
            "title": "Import sales",
            "opts": self.opts,
            "form": form,
            **context,
        }
        return TemplateResponse(request, "admin/inventory/sales_upload.html", page)

    @display(description="uploaded by", ordering="uploaded_by__username")
    def uploader(self, sales_file: SalesFile) -> str:
        """The name alone: a link would lead most readers to a page that they may not open."""
        return sales_file.uploaded_by.get_username() if sales_file.uploaded_by else ""

    @display(
        description="status",
        ordering="status",
        label={"Done": "success", "Done with rejected rows": "warning", "Failed": "danger", "Running": "info"},
    )
    def show_status(self, sales_file: SalesFile) -> str:
        return sales_file.get_status_display()


def _may_upload(request: HttpRequest) -> bool:
    user: Any = request.user
    return bool(user.has_perm("inventory.add_salesfile"))


def _require_upload(request: HttpRequest) -> None:
    if not _may_upload(request):
        raise PermissionDenied


def _text_of(refusal: Exception) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
