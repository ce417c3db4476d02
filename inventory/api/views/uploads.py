"""A sales file comes in: kept at once, imported by a worker (FM-2)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from invencare.lib import clock
from inventory import tasks
from inventory.api.actors import key_of, scope_of
from inventory.api.errors import TooLarge
from inventory.api.serializers.sales import AcceptedFileSerializer, UploadSerializer
from inventory.api.views.base import ApiViewSet, known_row
from inventory.models import SalesFile, Store
from inventory.services.api_keys import key_may
from inventory.services.sales_import import ImportOptions, keep_upload

FORM_BYTES = 1024 * 1024  # room for the form around the file
MAKES_CATALOGUE = ("inventory.add_store", "inventory.add_product")


class SalesUploadViewSet(ApiViewSet):
    """CSV, Parquet or XLSX in long form: store, product, date, quantity, and more where it is known."""

    queryset = SalesFile.objects.all()
    serializer_class = UploadSerializer
    parser_classes = [MultiPartParser]
    permissions_by_action = {"create": "inventory.add_salesfile"}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse before anything reads the body, which authentication by session does."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.SALES_FILE_MAX_BYTES + FORM_BYTES:
            raise TooLarge
        super().initial(request, *args, **kwargs)

    @extend_schema(
        summary="Upload a sales file; it is imported in the background",
        description=(
            "The answer names the file's status page. The same bytes again are the same file: nothing counts twice. "
            "What is not said here is found out from the file. `create_missing` needs the right to add stores and "
            "products, and for a key the scope `catalogue:write`."
        ),
        request={"multipart/form-data": UploadSerializer},
        responses={202: AcceptedFileSerializer},
    )
    def create(self, request: Request) -> Response:
        body = self.read_body(UploadSerializer)
        upload = body.pop("file")
        if body["create_missing"]:
            _check_may_make_catalogue(request)
        if body["store"]:
            known_row(Store.objects.visible_to(scope_of(request)), field="store_id", code=body["store"])
        sales_file = keep_upload(
            file=upload,
            name=upload.name,
            uploaded_by=request.user,
            now=clock.now(),
            options=ImportOptions(**body),
            scope=scope_of(request),
        )
        # Robust: a broker that is away loses nothing, the job “Resume imports” takes the file up.
        transaction.on_commit(lambda: tasks.import_sales_file.delay(sales_file.pk), robust=True)
        url = reverse("salesfile-detail", kwargs={"pk": sales_file.pk}, request=request)
        answer = AcceptedFileSerializer({"id": sales_file.pk, "status": sales_file.status, "status_url": url})
        return Response(answer.data, status=status.HTTP_202_ACCEPTED, headers={"Location": url})


def _check_may_make_catalogue(request: Request) -> None:
    key = key_of(request)
    for permission in MAKES_CATALOGUE:
        if not request.user.has_perm(permission) or (key is not None and not key_may(key, permission)):
            raise PermissionDenied(f"create_missing needs the permission {permission}.")
