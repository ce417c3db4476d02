"""A sales file between its upload and the word to import it: kept aside, previewed, then handed over."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from inventory.models import Store
from inventory.services.sales_import import ImportOptions

SALT = "inventory.admin.sales_upload"
KEPT_SECONDS = 24 * 3600
STOCK_CHOICES = [
    ("auto", "Move stock, except for sales from before the stock was first counted"),
    ("history", "Only history: move no stock"),
    ("move", "Every row moves stock"),
]
DATE_CHOICES = [("", "Find out"), ("day-first", "Day first (31/12/2025)"), ("month-first", "Month first (12/31/2025)")]


class UploadForm(forms.Form):
    """The file, and what may have to be said about it; what is left open is found out and shown in the preview."""

    file = forms.FileField(label="File (CSV, XLSX or Parquet)", widget=UnfoldAdminFileFieldWidget)
    store: Any = forms.ModelChoiceField(
        queryset=Store.objects.none(),
        to_field_name="code",
        required=False,
        empty_label="The file has a store column",
        help_text="Only for a file of one store without such a column.",
    )
    stock = forms.ChoiceField(label="Effect on stock", choices=STOCK_CHOICES, widget=UnfoldAdminSelectWidget)
    date_order = forms.ChoiceField(
        label="Order of dates", choices=DATE_CHOICES, required=False, widget=UnfoldAdminSelectWidget
    )
    columns = forms.CharField(
        label="Columns",
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Only when the preview guesses wrong: quantity=Menge, product=Artikel.",
    )
    create_missing = forms.BooleanField(
        label="Create unknown stores and products", required=False, widget=UnfoldBooleanSwitchWidget
    )

    def __init__(self, *args: Any, stores: Any, may_create: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        store: Any = self.fields["store"]
        store.queryset = stores
        store.widget = UnfoldAdminSelectWidget(choices=store.choices)
        if not may_create:
            del self.fields["create_missing"]

    def clean_columns(self) -> dict[str, str]:
        pairs = [part.partition("=") for part in self.cleaned_data["columns"].split(",") if part.strip()]
        if any(not sign or not name.strip() or not column.strip() for name, sign, column in pairs):
            raise forms.ValidationError("Write field=column, separated by commas.")
        return {name.strip(): column.strip() for name, _, column in pairs}

    def options(self) -> ImportOptions:
        """Raises ``ValidationError`` for a field that no file has."""
        said = self.cleaned_data
        return ImportOptions(
            columns=said["columns"],
            store=said["store"].code if said["store"] else "",
            stock=said["stock"],
            date_order=said["date_order"],
            create_missing=said.get("create_missing", False),
        )


@dataclass(frozen=True)
class SetAside:
    """An upload that waits for its uploader's word; ``token`` names it to that user alone."""

    path: Path
    name: str
    options: ImportOptions


def set_aside(upload: UploadedFile[Any], *, options: ImportOptions, user_id: int) -> tuple[SetAside, str]:
    """Keep the bytes for a day; the token holds name, options and user, signed."""
    _forget_old()
    path = _folder() / uuid4().hex
    with path.open("wb") as target:
        for chunk in upload.chunks():
            target.write(chunk)
    name = upload.name or "sales file"
    token = signing.dumps(
        {"file": path.name, "name": name, "options": options.as_json(), "user": user_id}, salt=SALT, compress=True
    )
    return SetAside(path, name, options), token


def find_aside(token: str, *, user_id: int) -> SetAside | None:
    """The upload of a token; None when it is another user's, forged, too old, or was handed over already."""
    try:
        said = signing.loads(token, salt=SALT, max_age=KEPT_SECONDS)
    except signing.BadSignature:
        return None
    path = _folder() / said["file"]
    if said["user"] != user_id or not path.is_file():
        return None
    return SetAside(path, said["name"], ImportOptions.from_json(said["options"]))


def forget(aside: SetAside) -> None:
    aside.path.unlink(missing_ok=True)


def _forget_old() -> None:
    """Previews that nobody confirmed."""
    oldest = time.time() - KEPT_SECONDS
    for path in _folder().iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "sales_previews"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
