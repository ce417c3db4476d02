"""What a file is, by its bytes; and how its text is encoded."""

from __future__ import annotations

import codecs
from enum import StrEnum
from pathlib import Path

from inventory.calc.reading.cells import ReadingError

HEAD_BYTES = 64 * 1024
CHUNK_BYTES = 1024 * 1024


class Kind(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"


# The first bytes of files that people upload by mistake, and what to do instead.
NOT_TABLES = {
    b"\xd0\xcf\x11\xe0": "This is an old Excel file (XLS) or a protected one. Save it as XLSX or CSV.",
    b"\x1f\x8b": "This file is compressed (gzip). Unpack it first.",
    b"BZh": "This file is compressed (bzip2). Unpack it first.",
    b"\xfd7zXZ": "This file is compressed (xz). Unpack it first.",
    b"\x28\xb5\x2f\xfd": "This file is compressed (zstd). Unpack it first.",
    b"%PDF": "This is a PDF. Export the sales as CSV, Parquet or XLSX.",
    b"\x89PNG": "This is a picture. Export the sales as CSV, Parquet or XLSX.",
    b"\xff\xd8\xff": "This is a picture. Export the sales as CSV, Parquet or XLSX.",
    b"SQLite format 3": "This is a database. Export the sales as CSV, Parquet or XLSX.",
}
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
BINARY_SHARE = 0.1
UTF16_SHARE = 0.4


def kind_of(path: Path) -> Kind:
    """Raises ``ReadingError`` for an empty file and for what is surely no table."""
    head = _head(path)
    if not head:
        raise ReadingError("file", "The file is empty.")
    if head.startswith(b"PAR1"):
        return Kind.PARQUET
    if head.startswith(b"PK\x03\x04"):
        return Kind.XLSX
    for start, advice in NOT_TABLES.items():
        if head.startswith(start):
            raise ReadingError("file", advice)
    if _encoding_by_head(head) is None and _control_share(head) > BINARY_SHARE:
        raise ReadingError("file", "This is neither CSV nor Parquet nor XLSX.")
    return Kind.CSV


def encoding_of(path: Path, chosen: str = "") -> tuple[str, str]:
    """The encoding of a text file, and a remark where it was not plain UTF-8.

    The whole file is looked through once, in pieces, so that the answer holds to its last byte. A file that is
    not UTF-8 is taken for Windows-1252, and for Latin-1 where it has bytes that Windows-1252 lacks.
    """
    if chosen:
        _must_decode(path, chosen)
        return chosen, f"Text is read as {chosen}, as asked."
    by_head = _encoding_by_head(_head(path))
    if by_head is not None:
        _must_decode(path, by_head)
        return by_head, "" if by_head == "utf-8-sig" else f"Text is read as {by_head.upper()}."
    if _broken_at(path, "utf-8") is None:
        return "utf-8", ""
    legacy = "cp1252" if _broken_at(path, "cp1252") is None else "latin-1"
    name = "Windows-1252" if legacy == "cp1252" else "Latin-1"
    return legacy, f"The text is not UTF-8; it is read as {name}. Say another encoding if letters look wrong."


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD_BYTES)


def _encoding_by_head(head: bytes) -> str | None:
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    # UTF-16 without its mark: in Western text every second byte is zero.
    if len(head) >= 4:
        half = len(head) // 2
        if head[1::2].count(0) > UTF16_SHARE * half and head[0::2].count(0) < BINARY_SHARE * half:
            return "utf-16-le"
        if head[0::2].count(0) > UTF16_SHARE * half and head[1::2].count(0) < BINARY_SHARE * half:
            return "utf-16-be"
    return None


def _control_share(head: bytes) -> float:
    controls = bytes(code for code in range(32) if code not in b"\t\n\r\f\x1a")
    return (len(head) - len(head.translate(None, controls))) / len(head)


def _must_decode(path: Path, encoding: str) -> None:
    try:
        broken_at = _broken_at(path, encoding)
    except LookupError:
        raise ReadingError("encoding", f"“{encoding}” is no encoding that is known here.") from None
    if broken_at is not None:
        raise ReadingError("encoding", f"The file is not {encoding}: it breaks near byte {broken_at:,}.")


def _broken_at(path: Path, encoding: str) -> int | None:
    """About where the file stops being text of this encoding; ``None`` when it never does."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(CHUNK_BYTES)
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                return done + error.start
            if not chunk:
                return None
            done += len(chunk)
