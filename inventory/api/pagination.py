"""Bounded pages: numbered where a count is cheap, by cursor where it is not."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.db.models import Q
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination, PageNumberPagination
from rest_framework.request import Request

MAX_PAGE_SIZE = 500
PAGE_SIZE = "page_size"
POSITION = re.compile("[0-9]{1,18}")
DAY_POSITION = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}~[0-9]{1,18}")


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
    """Newest first by cursor: never counts the ledger, and a page stays itself while rows are added.

    Newest is by primary key, the order in which rows were recorded; where the query names a period, by business day and
    then by primary key, so that the database reads the period from its end and not the ledger back to it.
    """

    page_size_query_param = PAGE_SIZE
    max_page_size = MAX_PAGE_SIZE
    parameters = frozenset({"cursor", PAGE_SIZE})
    period_parameters = frozenset({"date_from", "date_to"})

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.by_day = any(request.query_params.get(name) for name in self.period_parameters)
        self.page_size = self.get_page_size(request)
        self.base_url = request.build_absolute_uri()
        self.cursor = self.decode_cursor(request)
        is_reverse, position = (self.cursor.reverse, self.cursor.position) if self.cursor else (False, None)
        sign = "" if is_reverse else "-"
        rows = queryset.order_by(*(f"{sign}{name}" for name in self._columns))
        if position is not None:
            rows = rows.filter(self._beyond(str(position), "gt" if is_reverse else "lt"))
        found = list(rows[: (self.page_size or 0) + 1])
        has_more = len(found) > (self.page_size or 0)
        self.page = found[: self.page_size]
        if is_reverse:
            self.page.reverse()
        self.has_next = is_reverse or has_more
        self.has_previous = has_more if is_reverse else position is not None
        return self.page

    def get_next_link(self) -> str | None:
        return self._link(self.page[-1] if self.page else None, is_reverse=False) if self.has_next else None

    def get_previous_link(self) -> str | None:
        return self._link(self.page[0] if self.page else None, is_reverse=True) if self.has_previous else None

    def decode_cursor(self, request: Request) -> Any:
        """A cursor that we never gave for such a query is refused, not handed to the database as it came."""
        cursor = super().decode_cursor(request)
        known = DAY_POSITION if self.by_day else POSITION
        if cursor is not None and cursor.position is not None and not known.fullmatch(str(cursor.position)):
            raise NotFound(self.invalid_cursor_message)
        return cursor

    @property
    def _columns(self) -> tuple[str, ...]:
        return ("business_date", "id") if self.by_day else ("id",)

    def _link(self, row: Any, *, is_reverse: bool) -> str:
        """From the row at the page's edge; an empty page leads back to where it was asked from."""
        asked_from: Any = self.cursor.position if self.cursor else None
        position: Any = asked_from if row is None else "~".join(str(getattr(row, name)) for name in self._columns)
        return self.encode_cursor(Cursor(offset=0, reverse=is_reverse, position=position))

    def _beyond(self, position: str, side: str) -> Q:
        """Rows on one side of a position. The day alone bounds the range that an index is read in."""
        if not self.by_day:
            return Q(**{f"id__{side}": position})
        try:
            day = date.fromisoformat(position[:10])
        except ValueError as error:
            raise NotFound(self.invalid_cursor_message) from error
        same_day = Q(business_date=day, **{f"id__{side}": position[11:]})
        return Q(**{f"business_date__{side}e": day}) & (Q(**{f"business_date__{side}": day}) | same_day)
