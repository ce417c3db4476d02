"""Sales files as rows and as kept uploads: one row per distinct file, known by its checksum."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from inventory.models import SalesFile
from inventory.querysets.scope import EVERY_STORE, StoreScope
from inventory.services.errors import Conflict
from inventory.services.sales_import.claims import is_claimed
from inventory.services.sales_import.options import ImportOptions

CHUNK_BYTES = 1024 * 1024
NAME_CHARACTERS = 255


@dataclass(frozen=True)
class Fingerprint:
    """What makes a file that file."""

    checksum: str
    size_bytes: int


def keep_upload(
    *,
    file: Any,
    name: str,
    uploaded_by: Any,
    now: datetime,
    options: ImportOptions,
    scope: StoreScope = EVERY_STORE,
) -> SalesFile:
    """Keep an uploaded file (an open binary file, or Django's upload) and its options; return its waiting row.

    The same bytes again are the same row, asked for anew. Raises ``ValidationError`` for an empty or oversized
    file and ``Conflict`` while an import of it is running. Importing it is the worker's: ``import_sales_file``.
    """
    folder = _folder()
    unfinished = folder / f"{uuid4().hex}.part"
    try:
        fingerprint = _copied(file, unfinished)
        if is_claimed(fingerprint.checksum):
            raise Conflict("This file is being imported now.")
        unfinished.replace(folder / fingerprint.checksum)
    finally:
        unfinished.unlink(missing_ok=True)
    sales_file = file_row(fingerprint, name=name, uploaded_by=uploaded_by)
    SalesFile.objects.filter(pk=sales_file.pk).update(
        status=SalesFile.Status.PENDING,
        name=_short(name),
        uploaded_by=uploaded_by,
        message="",
        started_at=None,
        finished_at=None,
        mapping={
            **sales_file.mapping,
            "options": options.as_json(),
            "scope": scope_as_json(scope),
            "asked_at": now.isoformat(),
        },
    )
    sales_file.refresh_from_db()
    return sales_file


def kept_path(sales_file: SalesFile) -> Path:
    """Where the bytes of an upload are; a file imported by the command has none there."""
    return _folder() / sales_file.checksum


def rejects_path(sales_file: SalesFile) -> Path:
    """Where the rejected rows of the last import are, when it had any."""
    return _folder() / f"{sales_file.checksum}.rejects.csv"


def stale_files(now: datetime) -> list[SalesFile]:
    """Files whose import died (running, and no process holds them) or whose order to the worker was lost."""
    lost_since = now - timedelta(seconds=settings.RUN_LEASE_SECONDS)
    running = SalesFile.objects.filter(status=SalesFile.Status.RUNNING)
    waiting = SalesFile.objects.filter(status=SalesFile.Status.PENDING, created_at__lt=lost_since)
    return [sales_file for sales_file in (*running, *waiting) if not is_claimed(sales_file.checksum)]


def file_row(fingerprint: Fingerprint, *, name: str, uploaded_by: Any) -> SalesFile:
    """The row of a file, made when it is new; two who bring it at once get one row."""
    with transaction.atomic():
        sales_file, _ = SalesFile.objects.get_or_create(
            checksum=fingerprint.checksum,
            defaults={"name": _short(name), "size_bytes": fingerprint.size_bytes, "uploaded_by": uploaded_by},
        )
    return sales_file


def fingerprint_of(path: Path) -> Fingerprint:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        for chunk in _chunks(stream):
            digest.update(chunk)
            size += len(chunk)
    return Fingerprint(digest.hexdigest(), size)


def scope_as_json(scope: StoreScope) -> dict[str, Any]:
    return {"all_stores": scope.all_stores, "store_ids": sorted(scope.store_ids)}


def scope_from_json(data: dict[str, Any]) -> StoreScope:
    return StoreScope(all_stores=data["all_stores"], store_ids=frozenset(data["store_ids"]))


def sent_within(sales_file: SalesFile) -> StoreScope:
    """The stores that the file's rows may be of; every store for one that was imported by the command."""
    kept = sales_file.mapping.get("scope")
    return scope_from_json(kept) if kept else EVERY_STORE


def _copied(file: Any, target: Path) -> Fingerprint:
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as stream:
        for chunk in file.chunks() if hasattr(file, "chunks") else _chunks(file):
            size += len(chunk)
            if size > settings.SALES_FILE_MAX_BYTES:
                raise ValidationError({"file": f"The file is larger than {settings.SALES_FILE_MAX_BYTES:,} bytes."})
            digest.update(chunk)
            stream.write(chunk)
        stream.flush()
        os.fsync(stream.fileno())
    if not size:
        raise ValidationError({"file": "The file is empty."})
    return Fingerprint(digest.hexdigest(), size)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def _folder() -> Path:
    folder = Path(settings.MEDIA_ROOT) / "sales_files"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _short(name: str) -> str:
    """The end of a path says most."""
    return "".join(sign if sign.isprintable() else "�" for sign in name)[-NAME_CHARACTERS:]
