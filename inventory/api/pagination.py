"""Bounded pages: numbered where a count is cheap, by cursor where it is not."""

from __future__ import annotations

import re
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request

MAX_PAGE_SIZE = 500
PAGE_SIZE = "page_size"
POSITION = re.compile("[0-9]{1,18}")


class _StrictPageSize:
    """A page size that is no whole number from 1 to 500 is refused, not bent."""

    page_size: int | None
    page_size_query_description = f"Rows per page, 1 to {MAX_PAGE_SIZE}."

    def get_page_size(self, request: Request) -> int | None:
        given = request.query_params.get(PAGE_SIZE)
        if given is None:
            return self.page_size
        if not (given.isascii() and given.isdigit() and len(given) <= 3 and 1 <= int(given) <= MAX_PAGE_SIZE):
            raise ValidationError({PAGE_SIZE: [f"Give a whole number from 1 to {MAX_PAGE_SIZE}."]})
        return int(given)


class BoundedPagination(_StrictPageSize, PageNumberPagination):
    """Pages of 50 rows, or of ``page_size`` up to 500."""

    page_size_query_param = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    parameters = frozenset({"page", PAGE_SIZE})


class LedgerPagination(_StrictPageSize, CursorPagination):
    """Newest first by cursor: never counts the ledger, and a page stays itself while rows are added."""

    ordering: Any = "-id"
    page_size_query_param = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    parameters = frozenset({"cursor", PAGE_SIZE})

    def decode_cursor(self, request: Request) -> Any:
        """A cursor that we never gave is refused: DRF would hand its position to the database as it came."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and not POSITION.fullmatch(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor
